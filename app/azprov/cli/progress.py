"""The log on a terminal: errors in red, and the progress of a wait on one line.

Rule of this file: it is only imported if stderr is a terminal, so that a first boot
does without it.
"""

import logging
import os
from contextlib import suppress
from typing import Optional, TextIO

from ..azure.transport import PROGRESS, progress
from ..formats.text import printable_lines
from .colour import RED, coloured, is_capable_terminal, shows_colours

_DEFAULT_WIDTH = 80
# ECMA-48: return to the first column and erase the line.
_REWIND = "\r\x1b[K"


def terminal_formatter(stream: TextIO, *, with_progress: bool) -> Optional[logging.Formatter]:
    """The formatter for a terminal that understands escape sequences, otherwise None."""
    if not is_capable_terminal(stream):
        return None
    progress.setLevel(PROGRESS if with_progress else logging.NOTSET)
    return _TerminalFormatter(stream)


class _TerminalFormatter(logging.Formatter):
    """Gives a line for each record; a progress record replaces the one before."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__("%(message)s")
        self._stream = stream
        self._shows_colours = shows_colours(stream)
        #: The progress that the terminal shows now; it has no line end.
        self._progress = ""

    def format(self, record: logging.LogRecord) -> str:
        text = printable_lines(super().format(record), is_one=not record.exc_info)
        if record.levelno == PROGRESS:
            return self._progress_line(text)
        if record.levelno >= logging.ERROR and self._shows_colours:
            text = coloured(text, RED)
        erase, self._progress = _REWIND if self._progress else "", ""
        return f"{erase}{text}\n"

    def _progress_line(self, text: str) -> str:
        # A line that wraps could not be erased.
        text = text[: self._width() - 1]
        # The same text comes several times a second.
        line = "" if text == self._progress else _REWIND + text
        self._progress = text
        return line

    def _width(self) -> int:
        with suppress(OSError):
            return os.get_terminal_size(self._stream.fileno()).columns or _DEFAULT_WIDTH
        return _DEFAULT_WIDTH
