"""Colours and the progress line on a terminal, and plain lines everywhere else."""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Dict, List

import pytest

from ports import RawServer, replying
from project import NOWHERE
from pyz import PYZ
from sound_image import make_sound

REWIND = "\r\x1b[K"
CLOSED = "127.0.0.1:9"
CAPABLE = {"TERM": "xterm"}


def at_terminal(arguments: str, *, variables: Dict[str, str], columns: int = 100) -> str:
    """Everything that azprov writes to a terminal; line ends are CR LF."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 25, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, PYZ, *arguments.split()],
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
            except OSError:  # the other side was closed
                break
    os.close(ours)
    assert process.returncode in range(128)
    return written.decode()


def screen(written: str) -> List[str]:
    """The lines that the screen shows at the end."""
    assert written.endswith("\r\n")
    return [line.rpartition(REWIND)[2] for line in written[:-2].split("\r\n")]


def progress_of(written: str) -> List[str]:
    """The texts of the progress line, in their order."""
    return re.findall(r"\r\x1b\[K((?:waiting for|retrying)[^\r]+)", written)


MISTAKE = f"azprov: no command was given; python3 {quote(str(PYZ))} --help lists the commands"


def test_the_line_of_a_failure_is_red() -> None:
    """The last line of a failed run is red as a whole."""
    assert at_terminal("", variables=CAPABLE) == f"\x1b[31m{MISTAKE}\x1b[m\r\n"


@pytest.mark.parametrize(
    "variables",
    [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}],
    ids=["NO_COLOR", "TERM=dumb", "no TERM"],
)
def test_variables_turn_colours_off(variables: Dict[str, str]) -> None:
    """NO_COLOR, TERM=dumb and a missing TERM turn colours off; an empty NO_COLOR does not."""
    assert at_terminal("", variables=variables) == f"{MISTAKE}\r\n"
    assert "\x1b[31m" in at_terminal("", variables={"TERM": "xterm", "NO_COLOR": ""})


def test_nothing_is_coloured_in_a_pipe(tmp_path: Path) -> None:
    """Output that is not a terminal has no escape sequences, whatever variables ask for them."""
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


def test_severities_and_fixes_of_a_check_are_coloured(tmp_path: Path) -> None:
    """The words error and fix are coloured in the text, and not in JSON."""
    make_sound(tmp_path)
    (tmp_path / "usr/local/lib/azprov/azprov.pyz").unlink()

    written = at_terminal(f"check --root {tmp_path}", variables=CAPABLE)

    assert written.startswith("\x1b[1;31merror\x1b[m: ")
    assert "\r\n  \x1b[32mfix\x1b[m: " in written
    in_json = at_terminal(f"check --json --root {tmp_path}", variables=CAPABLE)
    answer, *log = in_json.splitlines()
    assert json.loads(answer)["errors"] == 1
    assert len(log) == 1


def test_an_interrupted_question_changes_nothing(tmp_path: Path) -> None:
    """The last line says so, and does not advise to run the command again."""
    image = make_sound(tmp_path / "image")
    key = image / "etc/ssh/ssh_host_rsa_key"
    key.parent.mkdir()
    key.write_text("x")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, PYZ, "deprovision", "--root", image],
        env={**NOWHERE, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        written = b""
        while b"[y/N]" not in written:
            written += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # the other side was closed
            while True:
                written += os.read(ours, 4096)
    os.close(ours)

    assert process.returncode == 130
    assert key.exists()
    assert written.endswith(b"[y/N] \r\nazprov: interrupted; nothing was changed\r\n")


def test_the_verdict_of_a_rehearsal_is_coloured() -> None:
    """The word PASSED is green."""
    written = at_terminal("rehearse", variables=CAPABLE)

    assert written.endswith(
        "\r\n\x1b[32mPASSED\x1b[m: Ready was acknowledged once, as expected.\r\n"
    )


def test_the_progress_of_a_wait_is_one_rewritten_line() -> None:
    """The line shows the time since the start and the time left, and is erased at the end."""
    written = at_terminal(f"goal-state --timeout 3.4 --wireserver {CLOSED}", variables=CAPABLE)

    assert progress_of(written) == [
        f"waiting for {CLOSED}: 0 s so far, 3 s left",
        f"waiting for {CLOSED}: 1 s so far, 2 s left",
        f"waiting for {CLOSED}: 2 s so far, 1 s left",
        f"waiting for {CLOSED}: 3 s so far, 0.4 s left",
    ]
    lines = screen(written)
    assert len(lines) == 2
    assert lines[0].startswith(f"{CLOSED} cannot be reached (Connection refused); retrying for ")
    assert lines[1].startswith("\x1b[31mazprov: gave up after 3 s")


def test_a_pause_that_the_platform_asks_for_is_counted_down() -> None:
    """The seconds of Retry-After are counted down, and the line is erased before the answer."""
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with RawServer(replying(busy, page)) as server:
        written = at_terminal(
            f"goal-state --raw --timeout 30 --wireserver {server.endpoint}", variables=CAPABLE
        )

    assert progress_of(written) == [
        "retrying in 3 s, 30 s left",
        "retrying in 2 s, 29 s left",
    ]
    assert screen(written)[1:] == ["hello"]


def test_waiting_for_a_reply_shows_the_address() -> None:
    """The progress line names the address that was asked, and is erased at the end."""

    def keep_silent(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    with RawServer(keep_silent) as server:
        written = at_terminal(
            f"goal-state --timeout 0.3 --wireserver {server.endpoint}", variables=CAPABLE
        )

        waiting = f"{REWIND}waiting up to 0.3 s for a reply from {server.endpoint}"

    assert waiting in written
    assert len(screen(written)) == 1


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("goal-state --raw --wireserver", b"<GoalState>a\x1b]0;x\x07\xc2\x9b2J\r\n</GoalState>\n"),
        (
            "metadata compute/tags --imds",
            rb'{"compute":{"name":"a","tags":"a\u001b]0;x\u0007\u009b2J"}}',
        ),
    ],
)
def test_a_document_cannot_control_the_terminal(command: str, body: bytes) -> None:
    """Escape sequences are replaced on a terminal and in a pipe, which may lead to a terminal."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with RawServer(replying(reply)) as server:
        written = at_terminal(f"{command} {server.endpoint} -q", variables={"TERM": "dumb"})
    with RawServer(replying(reply)) as server:
        piped = subprocess.run(
            [sys.executable, PYZ, *command.split(), str(server.endpoint)],
            env=NOWHERE,
            capture_output=True,
            check=True,
        ).stdout

    assert "a?]0;x??2J" in written
    assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", written) is None
    assert b"a?]0;x??2J" in piped


def test_the_progress_line_is_narrower_than_the_terminal() -> None:
    """The line is cut before it wraps, because a wrapped line could not be erased."""
    written = at_terminal(
        f"goal-state --timeout 0.3 --wireserver {CLOSED}", variables=CAPABLE, columns=20
    )

    assert progress_of(written) == ["waiting for 127.0.0"]


@pytest.mark.parametrize("case", ["TERM=dumb", "-q"])
def test_there_is_no_progress_line_on_a_dumb_terminal_or_with_q(case: str) -> None:
    """A dumb terminal gets plain lines, and -q leaves only the last line."""
    arguments = f"goal-state --timeout 0.3 --wireserver {CLOSED}"
    if case == "-q":
        written = at_terminal(f"{arguments} -q", variables=CAPABLE)
    else:
        written = at_terminal(arguments, variables={"TERM": "dumb"})

    assert "waiting for" not in written
    assert "\r\x1b" not in written
    assert len(written.splitlines()) == (1 if case == "-q" else 2)
