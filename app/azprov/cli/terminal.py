"""What a terminal gets beyond plain lines: a little colour, and a wait in one line.

Rule of this file: it is imported where there is a terminal, or where it has to be
asked whether there is one; a first boot does without it.
"""

import logging
import os
from contextlib import suppress
from typing import TextIO

from ..azure.transport import PROGRESS, progress
from .output import AccountHandler

_BRIGHT_RED, _RED, _GREEN, _YELLOW = "1;31", "31", "32", "33"
_COLOURS = {
    "error": _BRIGHT_RED,
    "warning": _YELLOW,
    "fix": _GREEN,
    "FAILED": _BRIGHT_RED,
    "PASSED": _GREEN,
}
_USUAL_WIDTH = 80
# ECMA-48: to the line's first column, and delete from there to its end.
_REWIND = "\r\x1b[K"


def painted(word: str, stream: TextIO) -> str:
    """One of the words that are coloured, in its colour where the stream takes colours."""
    return _in_colour(word, _COLOURS[word]) if word in _COLOURS and takes_colour(stream) else word


def takes_colour(stream: TextIO) -> bool:
    """Whether it is a terminal that can, and nobody has said no; https://no-color.org."""
    return not os.environ.get("NO_COLOR") and is_capable(stream)


def is_capable(stream: TextIO) -> bool:
    """Whether it is a terminal that knows more than lines."""
    return bool(stream) and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class TerminalHandler(AccountHandler):
    """Writes a line at a time, and in between, in place, how long a wait goes on."""

    def __init__(self, stream: TextIO, *, with_waits: bool) -> None:
        super().__init__(stream)
        self._takes_colour = takes_colour(stream)
        self._shown = ""
        progress.setLevel(PROGRESS if with_waits else logging.NOTSET)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)[:-1]
        if record.levelno == PROGRESS:
            text = text[: self._width() - 1]
            # Several times a second it says what it said before.
            line, self._shown = _REWIND + text if text != self._shown else "", text
            return line
        if record.levelno >= logging.ERROR and self._takes_colour:
            text = _in_colour(text, _RED)
        rewind, self._shown = _REWIND if self._shown else "", ""
        return f"{rewind}{text}\n"

    def _width(self) -> int:
        with suppress(OSError):
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL_WIDTH
        return _USUAL_WIDTH


def _in_colour(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[m"
