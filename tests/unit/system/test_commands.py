"""The port through which azprov runs other programs."""

import os
from pathlib import Path

import pytest

from azprov.system.commands import Commands


@pytest.mark.parametrize(
    ("script", "limit_s", "output"),
    [
        ("echo out; echo error >&2", 30.0, b"out\n"),
        ("echo out; exit 2", 30.0, None),
        ("sleep 30", 0.1, None),
    ],
)
def test_the_output_of_a_program_that_succeeds_is_returned(
    script: str, limit_s: float, output: bytes
) -> None:
    """Only stdout counts, and only after exit code 0 within the time limit."""
    commands = Commands()

    assert commands.output(["sh", "-c", script], limit_s=limit_s) == output
    assert commands.run(["sh", "-c", script], limit_s=limit_s) is (output is not None)


def test_a_program_that_does_not_exist_gives_no_output() -> None:
    """A machine may lack any program."""
    assert Commands().output(["azprov-nosuch"], limit_s=1.0) is None


def test_the_children_of_a_program_that_hangs_are_ended_too(tmp_path: Path) -> None:
    """A child that ignores the end of its parent neither delays the run nor stays."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = """(trap "" TERM; echo begun; sleep 10; echo late) >"$1" & wait"""
    with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as words:
        assert Commands().output(["sh", "-c", script, "sh", str(fifo)], limit_s=1.0) is None

        os.set_blocking(words.fileno(), True)
        # The end is read when no process can write to it.
        assert words.read() == b"begun\n"


def test_a_program_gets_two_variables_and_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's PATH is not trusted, and messages are in English."""
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("PATH", "/tmp")  # noqa: S108 - not used
    script = 'cat; echo "$PATH"; echo "$LC_ALL"; echo "$SECRET"'

    assert Commands().output(["sh", "-c", script], limit_s=10.0) == (
        b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nC\n\n"
    )
