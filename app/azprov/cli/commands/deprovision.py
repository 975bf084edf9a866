"""Makes a used VM or image generic again."""

import argparse
import logging
import sys
from typing import Any, Dict, Optional, Sequence

from ...errors import AzprovError, HostError, LoginsLeft, NotPermitted, Stopped, UsageError
from ...formats.text import printable
from ...image.deprovision import carry_out, plan
from ...image.leftovers.kept_host_keys import kept_host_keys_of
from ...image.leftovers.open_logins import find_open_logins
from ...system.root import Root
from ..output import Answer, write_line
from ..parser import Parser
from ..shared_options import add_root_option, user_name

SUMMARY = "make a used VM or image generic, and enable azprov's service"
DESCRIPTION = "All changes are listed first. Nothing is changed until you confirm, or with --yes."
EXAMPLE = ("remove the user who built the image too", "deprovision --user builder")

log = logging.getLogger(__name__)

_LONGEST_LINE = 5000
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
    parser.option_of_words = "--root"


def run(options: argparse.Namespace) -> Answer:
    root: Root = options.root
    changes = plan(root, options.user or "")
    data: Dict[str, Any] = {
        "error": None,
        "planned": [{"path": change.path, "what": change.what} for change in changes],
        "kept": [{"path": path, "what": "SSH host key"} for path in kept_host_keys_of(root)],
        "failed": [],
        "logins": [],
    }
    if changes and not (options.yes or options.json):
        listed = [
            printable(
                f"{root.outside(change.path)}: {change.what}; will be {change.result}",
                _LONGEST_LINE,
            )
            for change in changes
        ]
        write_line("\n".join(listed))
    refusal = None if options.yes or not changes else _refusal(is_json=options.json)
    if refusal is not None:
        return Answer("", data, exit_code=refusal.exit_code, failure=refusal)
    failures = carry_out(root, changes)
    logins = find_open_logins(root)
    for login in logins:
        log.warning("%s; %s", login.what, login.fix)
    data["failed"] = [str(error) for error in failures]
    data["logins"] = [login.what for login in logins]
    text = "" if changes else "Nothing is left to do."
    if changes and root.is_live:
        text = _SHUT_DOWN
    if options.quiet:
        text = ""
    failure = _failure(failures, len(changes), has_logins=bool(logins))
    if failure is None:
        return Answer(text, data)
    return Answer(text, data, exit_code=failure.exit_code, failure=failure)


def _failure(
    failures: Sequence[AzprovError], count: int, *, has_logins: bool
) -> Optional[HostError]:
    """The failure of a run of `count` changes; None if all were made and no one can log in."""
    if not failures and not has_logins:
        return None
    if not failures:
        return LoginsLeft(
            "someone can still log in to every VM of this image, because of the settings above",
            "change them, unless they are intended",
        )
    # The other failures usually follow from the first, such as an entry that had to be kept.
    summary = "the change failed" if count == 1 else f"{len(failures)} of {count} changes failed"
    if isinstance(failures[0], NotPermitted):
        return NotPermitted(summary, "run it as root")
    return HostError(summary, "fix the causes above and run it again")


def _refusal(*, is_json: bool) -> Optional[UsageError]:
    """Ask whether to make the changes. Returns None for yes, otherwise why nothing is changed."""
    if is_json or None in (sys.stdin, sys.stderr) or not sys.stdin.isatty():
        return UsageError(
            "nothing was changed, because there is no terminal to ask on",
            "--yes makes the changes without asking",
        )
    try:
        sys.stderr.write("Make these changes? [y/N] ")
        sys.stderr.flush()
        answers_yes = sys.stdin.buffer.readline().strip().lower() in (b"y", b"yes")
    except Stopped as stop:
        sys.stderr.write("\n")
        stop.effect = "nothing was changed"
        raise
    return None if answers_yes else UsageError("cancelled; nothing was changed")
