"""The benchmarks: every compared program reports Ready, and the tables show what was measured."""

from pathlib import Path
from typing import Iterator

import pytest

from benchmarks.costs import Cost, Failed, Sample, instructions_in, sample, try_each
from benchmarks.first_boot import Boot, Service, boot_of
from benchmarks.instant import InstantPlatform
from benchmarks.late import WAYS, Late, Wait, wait_of
from benchmarks.subject import REFERENCE, Subject, default_python, subjects
from benchmarks.table import render_boots, render_costs, render_late
from namespaces import skip_without_namespaces

SUBJECTS = {subject.name: subject for subject in subjects(default_python())}

COSTS = """\
|  | M instructions | ratio | CPU ms | wall ms | peak MiB | KiB on disk | files written |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| sample | 150 | 1.00 | 40 (35 to 45) | 50 (45 to 70) | 17.2 | 2 | 0 |
| azprov | 300 | 2.00 | 80 (80 to 80) | 90 (90 to 90) | 20.0 | 401 | 3 |

Medians of 3 alternating runs, quartiles in brackets.
"""

LATE = """\
|  | network | runs | median ms | 95 % ms | worst ms | CPU while waiting |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| azprov | port closed, then open | 4 | 20 | 90 | 90 | 0.50% |
| sample | address and route come late | 2 | 10 | never | never |  |
"""

BOOTS = """\
|  | boots | CPU ms | hostnamed's and dbus's | PID 1's | sum | ratio | wall ms | \
done, ms after the lease |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| sample | 1 | 70 | 35 | 45 | 150 | 1.00 | 180 | 210 |
| azprov | 2 | 110 (105 to 115) | 0 (0 to 0) | 10 (8 to 12) | 120 (112 to 128) | 0.80 | \
60 (50 to 70) | 60 (50 to 70) |
"""

MEASURED = """\
pid1=146300000
CPUUsageNSec=28000000

CPUUsageNSec=16500000
ownCPUUsageNSec=71500000
ownInactiveExitTimestampMonotonic=24390558045
ownExecMainExitTimestampMonotonic=24390964345
"""

NOT_MEASURED = """\
pid1=98000000
CPUUsageNSec=[not set]

CPUUsageNSec=8000000
ownCPUUsageNSec=[not set]
ownInactiveExitTimestampMonotonic=0
ownExecMainExitTimestampMonotonic=0
"""


def test_the_table_of_costs() -> None:
    """The table of costs has medians, quartiles, and ratios of instructions to the reference."""
    sample_script = [
        Sample(30.0, 40.0, 17.0, 0, 0),
        Sample(50.0, 90.0, 17.25, 0, 0),
        Sample(40.0, 50.0, 18.0, 0, 0),
    ]
    azprov = [Sample(80.0, 90.0, 20.0, 3, 1024)] * 3

    text = render_costs(
        [Cost("sample", sample_script, 150.2, 2048), Cost("azprov", azprov, 300.4, 409600)],
        reference="sample",
    )

    assert text == COSTS


def test_the_table_of_costs_without_valgrind() -> None:
    """Without valgrind the columns of instructions and ratios are empty."""
    one = Cost("sample", [Sample(30.0, 40.0, 17.0, 0, 0)], None, 2048)

    assert "| sample |  |  | 30 | 40 | 17.0 | 2 | 0 |\n" in render_costs([one], reference="sample")


def test_the_table_of_a_late_network() -> None:
    """A run that never reported Ready is shown as "never", and counts as the slowest."""
    waits = [Wait(0.01, None), Wait(0.02, 0.004), Wait(0.03, 0.006), Wait(0.09, None)]

    text = render_late(
        [
            Late("azprov", "port", waits),
            Late("sample", "address", [Wait(None, None), Wait(0.01, None)]),
        ]
    )

    assert text == LATE


def test_the_table_of_first_boots() -> None:
    """The table of boots subtracts the times of boots without a service, and compares the sums."""
    idle = Service("none", [Boot(0.0, 5.0, 80.0, 0.0, 0.0), Boot(0.0, 15.0, 120.0, 0.0, 0.0)])
    sample_service = Service("sample", [Boot(70.0, 45.0, 145.0, 180.0, 210.0)])
    azprov = [Boot(100.0, 10.0, 105.0, 40.0, 40.0), Boot(120.0, 10.0, 115.0, 80.0, 80.0)]

    assert render_boots([sample_service, Service("azprov", azprov)], idle=idle) == BOOTS


def test_the_cost_of_a_boot_is_in_milliseconds() -> None:
    """The measured nanoseconds and microseconds are converted to milliseconds."""
    assert boot_of(MEASURED, leased_us=24390500000) == (71.5, 44.5, 146.3, 406.3, 464.345)


def test_the_wall_time_of_a_boot_begins_with_the_lease() -> None:
    """A service that started before the DHCP lease is measured from the lease on."""
    assert boot_of(MEASURED, leased_us=24390904345)[3:] == (60.0, 60.0)


def test_a_service_that_did_not_run_costs_nothing() -> None:
    """If systemctl shows no CPU time and no timestamps for a service, its cost is zero."""
    assert boot_of(NOT_MEASURED, leased_us=24390500000) == (0.0, 8.0, 98.0, 0.0, 0.0)


def test_a_fork_is_not_counted_twice() -> None:
    """Callgrind's count of a fork includes its parent's, unless it executed another program."""
    counts = {
        7: "cmd: bash sample_script.sh\ntotals: 500\n",
        8: "cmd: bash sample_script.sh\ntotals: 450\n",
        9: "cmd: /usr/bin/curl\ntotals: 40\n",
    }

    assert instructions_in(counts, 7) == 540


@pytest.fixture
def platform() -> Iterator[InstantPlatform]:
    platform = InstantPlatform(("127.0.0.1", 0))
    platform.open()
    yield platform
    platform.close()


@pytest.mark.parametrize("name", SUBJECTS)
def test_each_subject_reports_ready_once(
    name: str, platform: InstantPlatform, tmp_path: Path
) -> None:
    """Each run of a subject posts one Ready, except the bare interpreter."""
    subject = SUBJECTS[name]

    taken = sample(subject, platform, tmp_path / "scratch")

    posts = [request for request in platform.requests if request.startswith("POST")]
    runs = int(subject.reports) * (2 if subject.is_second_run else 1)
    assert posts == ["POST /machine?comp=health"] * runs
    assert len(platform.ready_at) == runs
    assert 0 < taken.cpu_ms < 60000
    assert taken.peak_mib > 1


def test_a_subject_that_does_not_report_fails(platform: InstantPlatform, tmp_path: Path) -> None:
    """A run without Ready is an error, because its figures would look too good."""
    mute = Subject("mute", default_python(), (default_python(), "-c", "print('hm')"), ())

    with pytest.raises(Failed, match="mute: exit code 0, 0 times Ready\nhm"):
        sample(mute, platform, tmp_path / "scratch")


def test_another_agent_that_cannot_run_is_left_out(tmp_path: Path) -> None:
    """The benchmark prints why it leaves out an agent; it fails if any other subject fails."""
    broken = "raise SystemExit('No module named old')"
    peer = Subject("peer", default_python(), (default_python(), "-c", broken), (), is_peer=True)
    floor = SUBJECTS["bare interpreter"]

    assert try_each([floor, peer], tmp_path / "scratch") == (
        [floor],
        ["peer is left out: No module named old.\n"],
    )
    with pytest.raises(Failed):
        try_each([peer._replace(is_peer=False)], tmp_path / "scratch")


@pytest.mark.parametrize("way", WAYS)
def test_a_late_network(way: str, tmp_path: Path) -> None:
    """With a late network azprov's delay and CPU share are measured; the sample script gives up."""
    skip_without_namespaces()

    waited = wait_of(SUBJECTS["azprov report-ready"], way, 2.5, tmp_path / "azprov")
    gave_up = wait_of(SUBJECTS[REFERENCE], way, 2.5, tmp_path / "sample")

    assert waited.delay_s is not None
    assert waited.cpu_share is not None
    assert 0 < waited.delay_s < 30
    assert 0 < waited.cpu_share < 1
    assert gave_up == (None, None)
