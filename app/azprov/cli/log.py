"""The log on stderr: one line per step, with level prefixes if stderr is the journal."""

import logging
import os
import sys
from typing import Optional, Sequence, TextIO

from ..errors import AzprovError
from ..formats.text import printable_lines
from .program import with_own_command
from .streams import silence

# https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html, read 2026-11-22
_JOURNAL_LEVELS = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
}

log = logging.getLogger(__name__)


def set_up_log(argv: Sequence[str]) -> None:
    """Log to stderr, at the level that the flags ask for.

    The flags are read before the command line is parsed, so that a mistake in the other
    options is already logged as the flags ask for.
    """
    is_quiet = "-q" in argv or "--quiet" in argv
    is_verbose = "-v" in argv or "--verbose" in argv
    logger = logging.getLogger("azprov")
    logger.handlers = [_stderr_handler(is_quiet=is_quiet)]
    logger.setLevel(logging.DEBUG if is_verbose else logging.ERROR if is_quiet else logging.INFO)


def log_failure(error: AzprovError) -> None:
    """Log the one sentence that is the last line of a failed run."""
    sentence = f"{error.summary}; {error.hint}" if error.hint else error.summary
    log.error("azprov: %s", sentence.replace("\n", " "))


class _LogHandler(logging.Handler):
    """Writes each record as its formatter gives it; a stream that fails is silenced.

    The hint of a warning or an error shows the command that starts this copy of azprov.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.WARNING:
            text = with_own_command(text)
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            silence(self._stream)


class _LineFormatter(logging.Formatter):
    def __init__(self, *, for_journal: bool) -> None:
        super().__init__("%(message)s")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        text = printable_lines(super().format(record), is_one=not record.exc_info)
        if self._for_journal:
            level = _JOURNAL_LEVELS.get(record.levelno, "<6>")
            text = "\n".join(level + line for line in text.splitlines())
        return text + "\n"


def _stderr_handler(*, is_quiet: bool) -> logging.Handler:
    stream: Optional[TextIO] = sys.stderr
    if stream is None:  # it was closed before Python started
        return logging.NullHandler()
    handler = _LogHandler(stream)
    formatter: Optional[logging.Formatter] = None
    if stream.isatty():
        from .progress import terminal_formatter

        formatter = terminal_formatter(stream, with_progress=not is_quiet)
    handler.setFormatter(formatter or _LineFormatter(for_journal=_is_journal(stream)))
    return handler


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd names this stream in JOURNAL_STREAM."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
