"""Prints a reporter for images without Python, as a POSIX shell script."""

import argparse
import re

from ...boot.settings import AGENT_NAME, DEFAULT_TIMEOUT_S
from ...image.reporter import LONGEST_TIMEOUT_S, render_reporter
from ..output import Answer
from ..parser import Parser

SUMMARY = "print a POSIX sh reporter, for images without Python"
DESCRIPTION = (
    "The script reports Ready as report-ready does, with exit codes 0, 2, 69, 70, 76 and 143. It "
    "needs a shell, head, sleep, tr, and curl, wget or nc; and timeout, to limit wget and nc."
)
EXAMPLE = ("save it, to be run by sh", "script --timeout 600 > azprov-ready.sh")


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_whole_seconds,
        default=int(DEFAULT_TIMEOUT_S),
        help="time limit for all attempts together, if AZPROV_TIMEOUT is not set "
        f"(default {DEFAULT_TIMEOUT_S:.0f})",
    )


def run(options: argparse.Namespace) -> Answer:
    text = render_reporter(options.timeout, AGENT_NAME)
    return Answer(text, {"script": text})


def _whole_seconds(text: str) -> int:
    """Seconds as the script reads them. Raises ArgumentTypeError for another text."""
    if not re.match(r"[1-9][0-9]{0,4}\Z", text):
        raise argparse.ArgumentTypeError(
            f"not a whole number of seconds from 1 to {LONGEST_TIMEOUT_S}: {text!a}"
        )
    return int(text)
