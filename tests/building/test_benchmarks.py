"""The benchmarks: what they compare does its work, and the tables say what was measured."""

from pathlib import Path
from typing import Iterator

import pytest

from benchmarks.costs import Cost, Failed, Sample, instructions_in, sample, tried
from benchmarks.first_boot import Boot, Service, boot_of
from benchmarks.instant import InstantPlatform
from benchmarks.late import WAYS, Late, Wait, wait_of
from benchmarks.subject import Subject, default_python, subjects
from benchmarks.table import render_boots, render_costs, render_late
from namespaces import skip_without_namespaces

SUBJECTS = {subject.name: subject for subject in subjects(default_python())}

COSTS = """\
|  | M instructions | to the page's | CPU ms | wall ms | peak MiB | KiB on disk | files written |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| page | 150 | 1.00 | 40 (35 to 45) | 50 (45 to 70) | 17.2 | 2 | 0 |
| azprov | 300 | 2.00 | 80 (80 to 80) | 90 (90 to 90) | 20.0 | 401 | 3 |

Medians of 3 alternating runs, quartiles in brackets.
"""

LATE = """\
|  | network | runs | median ms | 95 % ms | worst ms | CPU while waiting |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| azprov | port closed, then open | 4 | 20 | 90 | 90 | 0.50% |
| page | address and route come late | 2 | 10 | never | never |  |
"""

BOOTS = """\
|  | boots | CPU ms | hostnamed's and dbus's | PID 1's | sum | to the page's | wall ms | \
done, ms after the lease |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| page | 1 | 70 | 35 | 45 | 150 | 1.00 | 180 | 210 |
| azprov | 2 | 110 (105 to 115) | 0 (0 to 0) | 10 (8 to 12) | 120 (112 to 128) | 0.80 | \
60 (50 to 70) | 60 (50 to 70) |
"""

MEASURED = """\
pid1=146300000
CPUUsageNSec=28000000

CPUUsageNSec=16500000
ownCPUUsageNSec=71500000
ownInactiveExitTimestampMonotonic=24390558045
ownActiveEnterTimestampMonotonic=24390964345
"""

NOT_MEASURED = """\
pid1=98000000
CPUUsageNSec=[not set]

CPUUsageNSec=8000000
ownCPUUsageNSec=[not set]
ownInactiveExitTimestampMonotonic=0
ownActiveEnterTimestampMonotonic=0
"""


def test_the_table_of_costs() -> None:
    """Medians, quartiles, and the ratio of instructions to the page's script."""
    page = [
        Sample(30.0, 40.0, 17.0, 0, 0),
        Sample(50.0, 90.0, 17.25, 0, 0),
        Sample(40.0, 50.0, 18.0, 0, 0),
    ]
    azprov = [Sample(80.0, 90.0, 20.0, 3, 1024)] * 3

    text = render_costs(
        [Cost("page", page, 150.2, 2048), Cost("azprov", azprov, 300.4, 409600)], page="page"
    )

    assert text == COSTS


def test_the_table_without_valgrind() -> None:
    """The columns of instructions stay empty."""
    one = Cost("page", [Sample(30.0, 40.0, 17.0, 0, 0)], None, 2048)

    assert "| page |  |  | 30 | 40 | 17.0 | 2 | 0 |\n" in render_costs([one], page="page")


def test_the_table_of_a_late_network() -> None:
    """A run that never reported is behind all others, whatever their median."""
    waits = [Wait(0.01, None), Wait(0.02, 0.004), Wait(0.03, 0.006), Wait(0.09, None)]

    text = render_late(
        [
            Late("azprov", "port", waits),
            Late("page", "address", [Wait(None, None), Wait(0.01, None)]),
        ]
    )

    assert text == LATE


def test_the_table_of_first_boots() -> None:
    """Of others what they took more than with no service; the ratio is of the sums."""
    idle = Service("none", [Boot(0.0, 5.0, 80.0, 0.0, 0.0), Boot(0.0, 15.0, 120.0, 0.0, 0.0)])
    page = Service("page", [Boot(70.0, 45.0, 145.0, 180.0, 210.0)])
    azprov = [Boot(100.0, 10.0, 105.0, 40.0, 40.0), Boot(120.0, 10.0, 115.0, 80.0, 80.0)]

    assert render_boots([page, Service("azprov", azprov)], idle=idle) == BOOTS


def test_what_a_boot_took() -> None:
    """Nanoseconds and microseconds, in milliseconds."""
    assert boot_of(MEASURED, leased_us=24390500000) == (71.5, 44.5, 146.3, 406.3, 464.345)


def test_only_what_follows_the_lease_counts() -> None:
    """A service that began long before has waited until then."""
    assert boot_of(MEASURED, leased_us=24390904345)[3:] == (60.0, 60.0)


def test_what_did_not_run_took_nothing() -> None:
    """systemctl has no number for it, and no moment."""
    assert boot_of(NOT_MEASURED, leased_us=24390500000) == (0.0, 8.0, 98.0, 0.0, 0.0)


def test_a_fork_is_not_counted_twice() -> None:
    """Callgrind's count of a fork begins with its parent's; that of another program at 0."""
    counts = {
        7: "cmd: bash page.sh\ntotals: 500\n",
        8: "cmd: bash page.sh\ntotals: 450\n",
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
def test_each_subject_ends_in_ready(name: str, platform: InstantPlatform, tmp_path: Path) -> None:
    """Once, after the goal state, but for the interpreter alone."""
    subject = SUBJECTS[name]

    taken = sample(subject, platform, tmp_path / "scratch")

    posts = [request for request in platform.requests if request.startswith("POST")]
    runs = int(subject.reports) * (2 if subject.is_second_run else 1)
    assert posts == ["POST /machine?comp=health"] * runs
    assert len(platform.ready_at) == runs
    assert 0 < taken.cpu_ms < 60000
    assert taken.peak_mib > 1


def test_a_subject_that_does_not_report_is_no_sample(
    platform: InstantPlatform, tmp_path: Path
) -> None:
    """Its figures would flatter it."""
    mute = Subject("mute", default_python(), (default_python(), "-c", "print('hm')"), ())

    with pytest.raises(Failed, match="mute: exit code 0, 0 times Ready\nhm"):
        sample(mute, platform, tmp_path / "scratch")


def test_a_peer_that_does_not_run_is_left_out(tmp_path: Path) -> None:
    """And the reason is told; anything else that does not run ends the benchmark."""
    broken = "raise SystemExit('No module named old')"
    peer = Subject("peer", default_python(), (default_python(), "-c", broken), (), is_peer=True)
    floor = SUBJECTS["bare interpreter"]

    assert tried([floor, peer], tmp_path / "scratch") == (
        [floor],
        ["peer, is left out: No module named old.\n"],
    )
    with pytest.raises(Failed):
        tried([peer._replace(is_peer=False)], tmp_path / "scratch")


@pytest.mark.parametrize("way", WAYS)
def test_a_late_network(way: str, tmp_path: Path) -> None:
    """Ready comes after the moment, and what waiting took is seen; the page's script gives up."""
    skip_without_namespaces()

    waited = wait_of(SUBJECTS["azprov report-ready"], way, 2.5, tmp_path / "azprov")
    gave_up = wait_of(SUBJECTS["page's Python script"], way, 0.2, tmp_path / "page")

    assert waited.delay_s is not None
    assert waited.cpu_share is not None
    assert 0 < waited.delay_s < 30
    assert 0 < waited.cpu_share < 1
    assert gave_up == (None, None)
