"""The fuzzer finds planted bugs, and a short run of every harness finds none."""

from typing import List

import pytest

from azprov.formats.host.config_syntax import parse_sections
from fuzz.campaign import fuzz, main
from fuzz.harnesses import HARNESSES, Harness
from fuzz.mutator import LONGEST_BYTES

# This is enough to try each kind of change on each kind of seed.
EXECUTIONS = 300
SLOW = {"image": 20, "http-reply": 100, "report": 100}


@pytest.mark.parametrize("name", HARNESSES)
def test_parsers_raise_only_the_declared_error(name: str) -> None:
    """Each parser returns a value or raises its declared error for a few hundred fixed inputs."""
    outcome = fuzz(name, HARNESSES[name], seed=20261122, executions=SLOW.get(name, EXECUTIONS))

    assert not outcome.findings
    assert outcome.executions == SLOW.get(name, EXECUTIONS)
    assert outcome.lines > 0


def naive_parser(data: bytes) -> None:
    """Fail for a section that no seed contains."""
    for setting in parse_sections(data.decode("utf-8", "replace")):
        if setting.section == "name":
            raise KeyError(setting.section)


def test_a_failing_input_is_found_and_minimized() -> None:
    """The fuzzer reports where a parser fails, and the smallest input that makes it fail."""
    seeds = (b"# nothing\n[other]\nname=1\n", b"x=1\n" * 9)

    outcome = fuzz("naive", Harness(naive_parser, seeds), seed=1, executions=3000)

    (finding,) = outcome.findings
    assert finding.what.startswith("KeyError at ")
    assert len(finding.data) == len("[name]\n=")
    with pytest.raises(KeyError):
        naive_parser(finding.data)
    assert outcome.kept > len(seeds)
    assert outcome.lines > outcome.lines_of_seeds > 0


def test_an_endless_loop_is_found() -> None:
    """The fuzzer reports an input that takes more CPU time than the limit."""

    def endless(data: bytes) -> None:
        while data:
            pass

    outcome = fuzz("endless", Harness(endless, (b"a",)), seed=1, executions=1, longest_s=0.2)

    assert [finding.what for finding in outcome.findings] == ["takes more than 0.2 s"]


def test_inputs_are_the_same_for_the_same_seed() -> None:
    """A seed always gives the same inputs, none of which exceeds the size limit."""
    tried: List[List[bytes]] = []
    for seed in (1, 1, 2):
        inputs: List[bytes] = []
        fuzz("a", Harness(inputs.append, (b"a" * 8000, b"b")), seed=seed, executions=200)
        tried.append(inputs)

    assert tried[0] == tried[1]
    assert tried[0] != tried[2]
    assert max(map(len, tried[0])) == LONGEST_BYTES


def test_a_run_prints_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """A run prints its seed, a line for each harness, and the number of findings."""
    assert main(["--minutes", "0.002", "--seed", "1", "state", "vm-id"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "seed 1, 0 s a harness"
    assert [line.split()[0] for line in lines[2:4]] == ["state", "vm-id"]
    assert lines[-1].endswith(" executions, 0 findings")
