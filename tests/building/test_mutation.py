"""`build.py mutate` makes faults, and finds out whether the unit tests notice them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from mutation.__main__ import main, modules_named, reasons, sample
from mutation.__main__ import tests_for as selected_tests
from mutation.mutants import mutants_of
from mutation.traces import Trace
from project import ROOT


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        (
            "def f():\n    if a < 1: return a\n",
            [
                "f: a < 1 => (not (a < 1))",
                "f: a < 1 => (a <= 1)",
                "f: a < 1 => (a >= 1)",
                "f: 1 => (2)",
                "f: return a => return None",
            ],
        ),
        ("x = a and not b\n", ["module: a and not b => (a or not b)", "module: not b => (b)"]),
        ("x = f(a, b)\n", ["module: f(a, b) => (f(b, a))"]),
        ("x = min(a, b)\n", ["module: min(a, b) => (max(a, b))"]),
        ("x = b'a'\n", ["module: b'a' => (b'XXa')"]),
        ("x = True\n", ["module: True => (False)"]),
        ("x = a + b\n", ["module: a + b => (a - b)"]),
        ("x = [a for a in b if a]\n", ["module: a => (not (a))"]),
        ("while a:\n    break\n", ["module: a => (not (a))", "module: break => continue"]),
        ("self.x = a\nself.y()\n", ["module: self.x = a => pass", "module: self.y() => pass"]),
        (
            "try:\n    raise\nexcept E:\n    return\n",
            ["module: raise => pass", "module: return => raise"],
        ),
        ("def f(a=1): pass\n", ["f: 1 => (2)"]),
        ("def f(): return False\n", ["f: False => (True)"]),
        ('T = TypeVar("T")\nx = socket.socket(a, b)\n', []),
        ('"""Text."""\nlog.debug("x")\nx: "List[str]" = y\nprint\n', ["module: print => pass"]),
    ],
)
def test_each_kind_of_fault_is_made(source: str, mutants: List[str]) -> None:
    """Conditions, constants, calls and statements change; text for debugging does not."""
    assert [str(mutant) for mutant in mutants_of(source.encode())] == mutants


def test_a_mutant_is_the_source_with_one_change() -> None:
    """Comments and all other lines stay, and text that is not ASCII moves nothing."""
    (mutant,) = mutants_of("def f():\n    # ä\n    x = ('ä', a - b)[c]  # kept\n".encode())[1:]

    assert mutant.source.decode() == "def f():\n    # ä\n    x = ('ä', (a + b))[c]  # kept\n"
    assert (mutant.line, mutant.lines) == (3, range(3, 4))
    assert mutants_of(b"x = 1\n")[0].lines == range(0)


def test_every_mutant_of_azprov_is_python() -> None:
    """A mutant that cannot be compiled would be noticed by any test."""
    for module in modules_named(["azure", "boot", "formats", "system"]):
        for mutant in sample(module, 10, seed=1):
            compile(mutant.source, module, "exec")


def test_a_sample_depends_on_the_seed_and_the_module_only() -> None:
    """The same seed gives the same mutants."""
    first = sample("azure/dial.py", 5, seed=1)

    assert len(first) == 5
    assert sample("azure/dial.py", 5, seed=1) == first
    assert sample("azure/dial.py", 5, seed=2) != first


def test_a_constant_is_tried_with_the_tests_of_its_module() -> None:
    """They may only read constants, so that no test executes a line of the module."""
    own, other = "tests/unit/formats/test_bounds.py::a", "tests/unit/formats/test_text.py::b"
    trace = Trace({}, {own: 1.0, other: 1.0}, {})
    (mutant,) = mutants_of(b"x = 1\n")

    assert selected_tests(trace, "formats/bounds.py", mutant) == [own]


def test_an_unknown_module_is_an_error() -> None:
    """The message names the path."""
    with pytest.raises(SystemExit, match="there is no module app/azprov/azur"):
        main(["azur"])


def test_the_list_of_survivors_gives_reasons() -> None:
    """Each mutant in survivors.txt exists in its module, and has a reason."""
    for name, reason in reasons(ROOT / "tests/mutation/survivors.txt").items():
        module, _, text = name.partition(" ")
        assert text in [
            str(mutant) for mutant in mutants_of((ROOT / "app/azprov" / module).read_bytes())
        ]
        assert reason


TRIALS = """\
import json, sys
from pathlib import Path
from mutation.trial import Copy, Selection, Trial, run

module, test = "azure/endpoint.py", "tests/unit/azure/test_endpoint.py"
source = Path("app/azprov", module).read_bytes()
trials = [
    Trial(name, Selection([f"{test}::{function}"]), [test], limit_s, module, text)
    for name, function, limit_s, text in [
        ("unchanged", sys.argv[2], 100, source),
        ("changed", sys.argv[2], 100, source.replace(b"= 80", b"= 81")),
        ("changed, another test", "test_none", 100, source.replace(b"= 80", b"= 81")),
        ("unchanged again", sys.argv[2], 100, source),
        ("endless", sys.argv[2], 3, source + b"while True: pass\\n"),
    ]
]
copies = [Copy(Path(sys.argv[1]))]
print(json.dumps({trial.name: passed for trial, passed, _ in run(copies, trials)}))
"""


def test_a_changed_module_is_tried_in_a_copy(tmp_path: Path) -> None:
    """Only the chosen tests run, an endless loop is ended, and the project stays unchanged."""
    done = subprocess.run(
        [sys.executable, "-c", TRIALS, str(tmp_path), "test_addresses_are_understood"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "app"), str(ROOT / "tests")])},
        stdout=subprocess.PIPE,
        check=True,
    )

    assert json.loads(done.stdout) == {
        "unchanged": True,
        "changed": False,
        "changed, another test": True,
        "unchanged again": True,
        "endless": False,
    }
