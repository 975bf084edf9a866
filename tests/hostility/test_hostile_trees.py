"""The corpus of hostile images: every command ends soon, with little memory and a plain line."""

import resource
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from hostility.hostile_trees import TREES, make_hostile
from hostility.linear_program import make_base
from hostility.process_runs import Done, everything, require_contract
from project import NOWHERE
from pyz import PYZ

#: The kernel ends a process above these; `check` of a whole Debian needs 0.3 s and 30 MB.
CPU_S = 30
MEMORY_BYTES = 1 << 30
#: That no process waits for something. Other tests run at the same time.
LIMIT_S = 300
COMMANDS = {
    "check": ["check"],
    "check as JSON": ["check", "--json"],
    "the list of deprovision": ["deprovision"],
    "install": ["install", "--force"],
    "deprovision": ["deprovision", "--yes", "--user", "ops"],
    "uninstall": ["uninstall"],
}


def run(*argv: object) -> Done:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    done = subprocess.run(
        [sys.executable, "-I", PYZ, *map(str, argv)],
        env=NOWHERE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode >= 0, f"{argv} was ended by signal {-done.returncode}"
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def unprintable(text: str) -> list[str]:
    """The characters that could control a terminal, or change the order of what it shows."""
    return sorted(
        {c for c in text if c != "\n" and unicodedata.category(c)[0] in "CZ" and c != " "}
    )


@pytest.mark.parametrize("tree", TREES)
def test_every_command_survives_a_hostile_image(tree: str, tmp_path: Path) -> None:
    """No command hangs, crashes, prints what could control a terminal, or leaves the image."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept\n")
    root = tmp_path / "image"
    make_base(root)
    make_hostile(tree, root)
    before = everything(outside)

    for command in COMMANDS.values():
        done = run(*command, "--root", root)
        require_contract(done)
        assert (unprintable(done.out), unprintable(done.err)) == ([], []), command
        assert done.err.count("\n") < 20_000

    assert everything(outside) == before


def test_the_corpus_is_large() -> None:
    """A tree is one line of a table; at least 40 stay in it."""
    assert len(TREES) >= 40
