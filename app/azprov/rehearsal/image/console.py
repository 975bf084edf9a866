"""The console of a guest: bytes of a terminal become lines of text.

Source: ECMA-48 (control sequences), and console_codes(4).
"""

import os
import re
import select
import subprocess
from typing import Callable

from ...formats.text import printable

# CSI, OSC (such as the title of a window), and other sequences of two or three characters.
_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\^-~])"
)
# Firmware fills a screen without a line end: it moves the cursor to the beginning of each line.
_LINE_END = re.compile(rb"\n|\x1b\[[0-9;]*H")
_LONGEST_LINE = 2000
_CHUNK = 1 << 16
# A prompt has no line end: text that waits this long for one is a line.
_PROMPT_S = 0.5


def plain_line(line: bytes) -> str:
    """The text of a line without colours and cursor movements; printable."""
    text = _SEQUENCE.sub("", line.decode("utf-8", "replace"))
    if text.startswith("\ufffd"):
        # The frames of firmware's dialogs are characters of code page 437.
        text = text.strip("\ufffd ")
    # Firmware and progress bars write a line again from its beginning.
    text = text.rstrip("\r").rpartition("\r")[2]
    return printable(text.replace("\t", " ").rstrip(), _LONGEST_LINE)


def read_console(descriptor: int, console: Callable[[str], None]) -> None:
    """Call `console` with each line until the end of the stream, also with a waiting prompt."""
    rest = b""
    while True:
        ready = select.select([descriptor], [], [], _PROMPT_S if rest else None)[0]
        if ready:
            try:
                chunk = os.read(descriptor, _CHUNK)
            except OSError:  # a terminal whose other end was closed
                chunk = b""
            if not chunk:
                break
            *lines, rest = _LINE_END.split(rest + chunk)
        else:
            lines, rest = [rest], b""
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            _pass_on(line, console)
    _pass_on(rest, console)


def _pass_on(line: bytes, console: Callable[[str], None]) -> None:
    text = plain_line(line)
    if text:
        console(text)


def read_output(process: "subprocess.Popen[bytes]", console: Callable[[str], None]) -> None:
    """Read the console that a process has at its standard output, until it ends."""
    if process.stdout is not None:
        read_console(process.stdout.fileno(), console)
