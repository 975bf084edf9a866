"""The answer of a run on stdout: text for people, or one JSON object with --json."""

import logging
import sys
from contextlib import suppress
from typing import Any, Dict, Optional, Sequence

from ..errors import AzprovError, HostError
from ..formats.text import printable_lines
from .log import log_failure
from .program import with_own_command
from .streams import silence

log = logging.getLogger(__name__)


class Answer:
    """The result of a command: `text` for people, or `data` for the JSON object.

    `text` is written with "?" for each unprintable character, and with a line end unless it is
    empty. JSON escapes these characters, so that a program gets the exact value.
    """

    def __init__(
        self,
        text: str,
        data: Dict[str, Any],
        exit_code: int = 0,
        failure: Optional[AzprovError] = None,
    ) -> None:
        self.text = text
        self.data = data
        self.exit_code = exit_code
        #: The reason for an exit code other than 0; it is the last line of the log as well.
        self.failure = failure


class Output:
    """Writes the outcome of one run: the answer to stdout, a failure to the log too."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.command: Optional[str] = None
        self._as_json = "--json" in argv

    def write_answer(self, answer: Answer) -> int:
        """Write an answer. Returns the exit code: the answer's, or 73 if stdout fails."""
        try:
            _write(self._content(answer))
        except OSError as error:
            log.error(  # noqa: TRY400 - a full disk is not a bug that needs a traceback
                "azprov: the command succeeded, but its output could not be written (%s); "
                "check stdout",
                error.strerror,
            )
            return HostError.exit_code
        if answer.failure is not None:
            log_failure(answer.failure)
        return answer.exit_code

    def write_failure(
        self, exit_code: int, error: AzprovError, trace: Optional[BaseException] = None
    ) -> int:
        """Write the error of a run that gave no answer. Returns the exit code.

        `trace` is logged with its traceback if -v is given.
        """
        if self._as_json:
            with suppress(OSError):
                _write(self._json(_error_member(error), exit_code=exit_code))
        if trace is not None:
            log.debug("", exc_info=trace)
        log_failure(error)
        return exit_code

    def _content(self, answer: Answer) -> bytes:
        if self._as_json:
            error = {} if answer.failure is None else _error_member(answer.failure)
            return self._json(dict(answer.data, **error), exit_code=answer.exit_code)
        return _line(answer.text) if answer.text else b""

    def _json(self, data: Dict[str, Any], *, exit_code: int) -> bytes:
        import json

        head = {"command": self.command, "ok": exit_code == 0, "exit_code": exit_code}
        return json.dumps(dict(head, **data)).encode("ascii") + b"\n"


def write_line(text: str) -> None:
    """Write a line of the answer at once, before the run is over. Raises HostError."""
    try:
        _write(_line(text))
    except OSError as error:
        raise HostError(
            f"the output could not be written ({error.strerror})", "check stdout"
        ) from error


def _line(text: str) -> bytes:
    """The text with a line end. Names of an image and of the platform may contain anything."""
    from .colour import split_coloured

    parts = split_coloured(text, sys.stdout)
    parts[::2] = map(printable_lines, parts[::2])
    shown = "".join(parts)
    return (shown if shown.endswith("\n") else f"{shown}\n").encode("utf-8")


def _error_member(error: AzprovError) -> Dict[str, Any]:
    return {"error": {"summary": error.summary, "hint": with_own_command(error.hint)}}


def _write(content: bytes) -> None:
    """Write to stdout, unless it was closed before the start. Raises OSError."""
    if not content or sys.stdout is None:
        return
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError:
        silence(sys.stdout)
        raise
