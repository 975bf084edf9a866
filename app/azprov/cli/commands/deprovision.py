"""Makes a used VM or image generic again."""

import argparse
import os
import sys
from typing import Any, Dict, Optional

from ...errors import HostError, NotPermitted, UsageError
from ...image.deprovision import carry_out, plan
from ...system.root import Root
from ..options import add_root_option, user_name
from ..output import Answer, write_line
from ..parser import Parser

SUMMARY = "make a used VM or image generic, armed for its next first boot"
DESCRIPTION = "All changes are listed first. Nothing is changed until you confirm, or with --yes."
EXAMPLE = ("remove the user who built the image too", "deprovision --user builder")

_SHUT_DOWN = (
    "Shut this VM down now and capture it. Programs that still run write some of these files "
    "again; a shell writes its history when it ends, unless you unset HISTFILE."
)


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--user",
        metavar="NAME",
        type=user_name,
        help="also remove this user with home and rights",
    )
    parser.add_argument("--yes", action="store_true", help="make the changes without asking")
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    root: Root = options.root
    if root.is_live and os.geteuid() != 0:
        raise NotPermitted("deprovisioning changes this machine", "run it as root")
    changes = plan(root, options.user or "")
    data: Dict[str, Any] = {
        "error": None,
        "planned": [{"path": change.path, "what": change.what} for change in changes],
        "failed": [],
    }
    if changes and not (options.yes or options.json):
        listed = [
            f"{root.outside(change.path)}: {change.what}; will be {change.result}"
            for change in changes
        ]
        write_line("\n".join(listed))
    if not changes:
        return Answer("Nothing is left to do.", data)
    refusal = None if options.yes else _refusal(is_json=options.json)
    if refusal is not None:
        return Answer("", data, exit_code=refusal.exit_code, failure=refusal)
    failures = carry_out(root, changes)
    data["failed"] = [str(error) for error in failures]
    text = _SHUT_DOWN if root.is_live else ""
    if not failures:
        return Answer(text, data)
    # The other failures usually follow from the first, such as an entry that had to be kept.
    summary = f"{len(failures)} of {len(changes)} changes failed"
    if len(changes) == 1:
        summary = "the change failed"
    if isinstance(failures[0], NotPermitted):
        failure: HostError = NotPermitted(summary, "run it as root")
    else:
        failure = HostError(summary, "fix the causes above and run it again")
    return Answer(text, data, exit_code=failure.exit_code, failure=failure)


def _refusal(*, is_json: bool) -> Optional[UsageError]:
    """Ask whether to make the changes. Returns None for yes, otherwise why nothing is changed."""
    if is_json or None in (sys.stdin, sys.stderr) or not sys.stdin.isatty():
        return UsageError(
            "nothing was changed, because there is no terminal to ask on",
            "--yes makes the changes without asking",
        )
    sys.stderr.write("Make these changes? [y/N] ")
    sys.stderr.flush()
    answers_yes = sys.stdin.buffer.readline().strip().lower() in (b"y", b"yes")
    return None if answers_yes else UsageError("cancelled; nothing was changed")
