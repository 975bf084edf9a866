"""What a run says: the answer on stdout, the account, a line a step, on stderr."""

import logging
import os
import sys
from contextlib import suppress
from typing import Any, Dict, NamedTuple, Optional, Sequence, TextIO

from ..errors import AzprovError, HostError

# https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html, read 2026-11-22
_JOURNAL_LEVELS = {
    logging.DEBUG: "<7>",
    logging.INFO: "<6>",
    logging.WARNING: "<4>",
    logging.ERROR: "<3>",
}

# The change that failed is that of the file or pipe that was to hold the answer.
ANSWER_LOST = HostError.exit_code
_STDERR = 2

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a command has to say: `text` for people, or `data` as one JSON object.

    Bytes are written as they are, a text with a line end.
    """

    text: object
    data: Dict[str, Any]
    exit_code: int = 0
    #: The last line of the account, and the member `error`, where the exit code is not 0.
    failure: Optional[AzprovError] = None


class Console:
    """Reads its own flags, so that a mistake in the others is told as they ask."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.command: Optional[str] = None
        self._json = "--json" in argv
        self._verbose = "-v" in argv or "--verbose" in argv
        quiet = "-q" in argv or "--quiet" in argv
        account = logging.getLogger("azprov")
        account.handlers = [_account_handler(sys.stderr, is_quiet=quiet)]
        account.setLevel(
            logging.DEBUG if self._verbose else logging.ERROR if quiet else logging.INFO
        )

    def show(self, answer: Answer) -> int:
        """Give the answer; its exit code comes back."""
        failure = answer.failure
        if self._json:
            data = answer.data if failure is None else dict(answer.data, **_member(failure))
            content = self._json_of(data, exit_code=answer.exit_code)
        elif isinstance(answer.text, bytes):
            content = answer.text
        else:
            content = f"{answer.text}\n".encode("utf-8", "replace") if answer.text else b""
        try:
            _write(content)
        except OSError as error:
            log.error(  # noqa: TRY400 - a full disk is no bug to be traced
                "azprov: what was asked for is done, but the answer could not be written (%s); "
                "see where stdout goes",
                error.strerror,
            )
            return ANSWER_LOST
        if failure is not None:
            _say_last(failure)
        return answer.exit_code

    def fail(
        self, exit_code: int, error: AzprovError, trace: Optional[BaseException] = None
    ) -> int:
        """Say the one sentence that a failure ends with; the exit code comes back."""
        if self._json:
            with suppress(OSError):
                _write(self._json_of(_member(error), exit_code=exit_code))
        if trace is not None:
            log.debug("", exc_info=trace)
        _say_last(error)
        return exit_code

    def _json_of(self, data: Dict[str, Any], *, exit_code: int) -> bytes:
        import json

        head = {"command": self.command, "ok": exit_code == 0, "exit_code": exit_code}
        return json.dumps(dict(head, **data)).encode("ascii") + b"\n"


def _member(error: AzprovError) -> Dict[str, Any]:
    return {"error": {"summary": error.summary, "hint": _to_be_typed(error.hint)}}


def _say_last(error: AzprovError) -> None:
    """Say the one sentence that a failure ends with."""
    sentence = f"{error.summary}; {_to_be_typed(error.hint)}" if error.hint else error.summary
    log.error("azprov: %s", sentence.replace("\n", " "))


def _to_be_typed(hint: str) -> str:
    """A next step with this azprov's command as it can be typed here."""
    is_ours = os.path.basename(sys.argv[0]) == "azprov" or sys.argv[0].endswith(".pyz")
    if not is_ours or "azprov.pyz" not in hint:
        return hint
    try:
        return hint.replace("azprov.pyz", own_command())
    except OSError:  # as many files are open as may be, and a module is one more
        return hint


def say(text: str) -> None:
    """Show a part of the answer at once. Raises HostError where that cannot be done."""
    try:
        _write(f"{text}\n".encode("utf-8", "replace"))
    except OSError as error:
        raise HostError(
            f"the answer could not be written ({error.strerror})", "see where stdout goes"
        ) from error


def _write(content: bytes) -> None:
    """Write to stdout, wherever that goes, nowhere if it was closed. Raises OSError."""
    if not content or sys.stdout is None:
        return
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError:
        _silence(sys.stdout)
        raise


def _silence(stream: TextIO) -> None:
    """Keep the interpreter from trying once more as it ends, and failing over it."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def occupy_streams() -> None:
    """Take the numbers of streams that are closed, so that no file is opened as one of them."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    with suppress(OSError):
        number = os.open(os.devnull, os.O_RDWR)
        while number <= _STDERR:
            number = os.open(os.devnull, os.O_RDWR)
        os.close(number)


class AccountHandler(logging.Handler):
    """Writes a line at a time; what is done counts more than what is said of it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._stream.write(self.format(record))
            self._stream.flush()
        except OSError:
            _silence(self._stream)

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record) + "\n"


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


def _account_handler(stream: Optional[TextIO], *, is_quiet: bool) -> logging.Handler:
    if stream is None:  # it was closed before Python started
        return logging.NullHandler()
    handler = AccountHandler(stream)
    if stream.isatty():
        from .terminal import TerminalHandler, is_capable

        if is_capable(stream):
            handler = TerminalHandler(stream, with_waits=not is_quiet)
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


def own_command() -> str:
    """How this azprov was called, to be typed again at the same place."""
    from shlex import quote

    if os.path.basename(sys.argv[0]) == "azprov":
        return "azprov"
    called = quote(sys.argv[0])
    return f"python3 {called}" if called.rstrip("'").endswith(".pyz") else called


def own_home() -> str:
    """Where this azprov runs from: the archive, or the folder that holds the package."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
