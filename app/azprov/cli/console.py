"""What a run says: the answer on stdout, the account, a line a step, on stderr."""

import logging
import os
import sys
from typing import Any, Dict, NamedTuple, Optional, Sequence, TextIO

from ..errors import AzprovError

# https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html, read 2026-11-22
_JOURNAL_LEVELS = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
}

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a command has to say: `text` for people, or `data` as one JSON object.

    Bytes are written as they are, a text with a line end.
    """

    text: object
    data: Dict[str, Any]
    exit_code: int = 0


class Console:
    """Reads its own flags, so that a mistake in the others is told as they ask."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.command: Optional[str] = None
        self._json = "--json" in argv
        self._verbose = "-v" in argv or "--verbose" in argv
        quiet = "-q" in argv or "--quiet" in argv
        account = logging.getLogger("azprov")
        account.handlers = [_account_handler(sys.stderr)]
        account.setLevel(
            logging.DEBUG if self._verbose else logging.ERROR if quiet else logging.INFO
        )

    def show(self, answer: Answer) -> int:
        """Give the answer; its exit code comes back."""
        if self._json:
            self._write_json(answer.data, exit_code=answer.exit_code)
        elif isinstance(answer.text, bytes):
            sys.stdout.buffer.write(answer.text)
        elif answer.text:
            print(answer.text)
        sys.stdout.flush()
        return answer.exit_code

    def fail(self, exit_code: int, sentence: str, error: BaseException) -> int:
        """Say the one sentence that a failure ends with; the exit code comes back."""
        details = (
            {"summary": error.summary, "hint": error.hint}
            if isinstance(error, AzprovError)
            else {"summary": sentence, "hint": ""}
        )
        if self._json:
            self._write_json({"error": details}, exit_code=exit_code)
        trace = error if self._verbose else None
        log.error("azprov: %s", sentence.replace("\n", " "), exc_info=trace)
        return exit_code

    def forget_stdout(self) -> None:
        """Keep the interpreter from flushing into a pipe that nobody reads."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write_json(self, data: Dict[str, Any], *, exit_code: int) -> None:
        import json

        head = {"command": self.command, "ok": exit_code == 0, "exit_code": exit_code}
        try:
            print(json.dumps(dict(head, **data)), flush=True)
        except BrokenPipeError:
            self.forget_stdout()


class _Formatter(logging.Formatter):
    def __init__(self, *, for_journal: bool) -> None:
        super().__init__("%(message)s")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not self._for_journal:
            return text
        level = _JOURNAL_LEVELS.get(record.levelno, "<6>")
        return "\n".join(level + line for line in text.splitlines())


def _account_handler(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(for_journal=_is_journal(stream)))
    return handler


def _is_journal(stream: TextIO) -> bool:
    """Whether systemd says, in JOURNAL_STREAM, that this stream goes to its journal."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(status.st_dev), str(status.st_ino))
