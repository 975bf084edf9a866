"""At a terminal: a little colour, a wait in one line; plain lines everywhere else."""

import fcntl
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path
from shlex import quote
from typing import Dict, List

import pytest

from ports import RawServer, replying
from project import NOWHERE
from pyz import PYZ
from sound_image import make_sound

REWIND = "\r\x1b[K"
NOBODY = "127.0.0.1:9"
CAPABLE = {"TERM": "xterm"}


def at_terminal(*arguments: object, variables: Dict[str, str], columns: int = 100) -> str:
    """All that azprov writes to a terminal, which turns a line end into two characters."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 25, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, PYZ, *map(str, arguments)],
        env={**NOWHERE, **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                written += os.read(ours, 4096)
            except OSError:  # how a terminal ends
                break
    os.close(ours)
    assert process.returncode in range(128)
    return written.decode()


def screen(written: str) -> List[str]:
    """What stands in each line in the end."""
    assert written.endswith("\r\n")
    return [line.rpartition(REWIND)[2] for line in written[:-2].split("\r\n")]


def waits(written: str) -> List[str]:
    """What a rewritten line said, in turn."""
    return re.findall(r"\r\x1b\[K((?:waiting for|retrying)[^\r]+)", written)


MISTAKE = f"azprov: no command was given; python3 {quote(str(PYZ))} --help lists the commands"


def test_the_line_of_a_failure_is_red() -> None:
    """All of it."""
    assert at_terminal(variables=CAPABLE) == f"\x1b[31m{MISTAKE}\x1b[m\r\n"


@pytest.mark.parametrize(
    "variables",
    [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}],
    ids=["NO_COLOR", "TERM=dumb", "no TERM"],
)
def test_nothing_is_coloured_for_who_says_no(variables: Dict[str, str]) -> None:
    """By the one variable or the other; an empty NO_COLOR says nothing."""
    assert at_terminal(variables=variables) == f"{MISTAKE}\r\n"
    assert "\x1b[31m" in at_terminal(variables={"TERM": "xterm", "NO_COLOR": ""})


def test_nothing_is_coloured_in_a_pipe(tmp_path: Path) -> None:
    """Whatever variables ask for it, on stdout as on stderr."""
    make_sound(tmp_path)
    (tmp_path / "usr/local/lib/azprov/azprov.pyz").unlink()

    for arguments in ([], ["check", "--root", tmp_path], ["--help"], ["rehearse"]):
        done = subprocess.run(
            [sys.executable, PYZ, *arguments],
            env={**NOWHERE, **CAPABLE, "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.stdout
        assert b"\x1b" not in done.stdout


def test_the_words_of_a_check_are_coloured(tmp_path: Path) -> None:
    """Error, warning and mend; not so in JSON."""
    make_sound(tmp_path)
    (tmp_path / "usr/local/lib/azprov/azprov.pyz").unlink()

    written = at_terminal("check", "--root", tmp_path, variables=CAPABLE)

    assert written.startswith("\x1b[1;31merror\x1b[m: ")
    assert "\r\n  \x1b[32mfix\x1b[m: " in written
    answer, *account = at_terminal(
        "check", "--json", "--root", tmp_path, variables=CAPABLE
    ).splitlines()
    assert json.loads(answer)["errors"] == 1
    assert len(account) == 1


def test_the_verdict_of_a_rehearsal_is_coloured() -> None:
    """The one word."""
    written = at_terminal("rehearse", variables=CAPABLE)

    assert written.endswith(
        "\r\n\x1b[32mPASSED\x1b[m: Ready was acknowledged once, as it should be.\r\n"
    )


def test_a_wait_is_one_line_that_is_rewritten() -> None:
    """Once a second it says how long it has been and how long is left; then it is gone."""
    written = at_terminal(
        *("goal-state", "--timeout", "3.4", "--wireserver", NOBODY), variables=CAPABLE
    )

    assert waits(written) == [
        f"waiting for {NOBODY}: 0 s so far, 3 s left",
        f"waiting for {NOBODY}: 1 s so far, 2 s left",
        f"waiting for {NOBODY}: 2 s so far, 1 s left",
        f"waiting for {NOBODY}: 3 s so far, 0 s left",
    ]
    lines = screen(written)
    assert len(lines) == 2
    assert lines[0].startswith(f"{NOBODY} cannot be reached (Connection refused); retrying for ")
    assert lines[1].startswith("\x1b[31mazprov: gave up after 3.")


def test_a_pause_that_was_asked_for_is_counted_down() -> None:
    """And the line is gone when the answer comes."""
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with RawServer(replying(busy, page)) as server:
        written = at_terminal(
            *("goal-state", "--raw", "--timeout", "30", "--wireserver", server.endpoint),
            variables=CAPABLE,
        )

    assert waits(written) == [
        "retrying in 3 s, 30 s left",
        "retrying in 2 s, 29 s left",
    ]
    assert screen(written + "\r\n")[1:] == ["hello"]


def test_an_answer_that_does_not_come_is_waited_for_visibly() -> None:
    """The line says whom was asked; then it is gone."""

    def keep_silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with RawServer(keep_silent) as server:
        written = at_terminal(
            *("goal-state", "--timeout", "0.3", "--wireserver", server.endpoint),
            variables=CAPABLE,
        )

        waiting = f"{REWIND}waiting up to 0 s for a reply from {server.endpoint}"

    assert waiting in written
    assert len(screen(written)) == 1


def test_a_wait_is_no_wider_than_the_terminal() -> None:
    """A line that is broken could not be taken back."""
    written = at_terminal(
        *("goal-state", "--timeout", "0.3", "--wireserver", NOBODY), variables=CAPABLE, columns=20
    )

    assert waits(written) == ["waiting for 127.0.0"]


@pytest.mark.parametrize("case", ["TERM=dumb", "-q"])
def test_no_line_is_rewritten_for_who_cannot_or_does_not_want(case: str) -> None:
    """Plain lines on a dumb terminal, errors only with -q."""
    arguments = ["goal-state", "--timeout", "0.3", "--wireserver", NOBODY]
    if case == "-q":
        written = at_terminal(*arguments, "-q", variables=CAPABLE)
    else:
        written = at_terminal(*arguments, variables={"TERM": "dumb"})

    assert "waiting for" not in written
    assert "\r\x1b" not in written
    assert len(written.splitlines()) == (1 if case == "-q" else 2)
