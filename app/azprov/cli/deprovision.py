"""Make a used VM or image generic again, and armed for its next first boot.

Everything is listed first, and asked about, unless --yes is given.
"""

import argparse
import os
import sys
from typing import List

from ..documents.accounts import parse_user_name
from ..errors import HostError, NotPermitted, UsageError
from ..host.root import Root
from ..image.deprovision import carry_out, plan
from .console import Answer, say
from .options import Parser, add_root_option

_NOT_ASKED = 2
_SHUT_DOWN = (
    "Shut this VM down now and capture it: what still runs writes some of it anew "
    "(a shell its history when it ends; unset HISTFILE keeps it from that)."
)


def configure(parser: Parser) -> None:
    parser.add_argument("--user", metavar="NAME", help="remove that user, with home and rights")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    root: Root = options.root
    if root.is_live and os.geteuid() != 0:
        raise NotPermitted("deprovisioning changes this machine", "run it as root")
    changes = plan(root, "" if options.user is None else parse_user_name(options.user))
    planned = [{"path": change.path, "what": change.what} for change in changes]
    listed = [
        f"{root.outside(change.path)}: {change.what}, to be {change.becomes}" for change in changes
    ]
    if not changes:
        return Answer("Nothing is left to do.", {"error": None, "planned": [], "failed": []})
    refusal = "" if options.yes else _refusal(listed, is_json=options.json)
    if refusal:
        return Answer(
            "",
            {"error": None, "planned": planned, "failed": []},
            exit_code=_NOT_ASKED,
            failure=UsageError(
                f"nothing was changed, {refusal}", "--yes does all of that without asking"
            ),
        )
    failures = carry_out(root, changes)
    data = {"error": None, "planned": planned, "failed": [str(error) for error in failures]}
    answer = Answer(_SHUT_DOWN if root.is_live else "", data)
    if not failures:
        return answer
    # What else fails mostly fails for the same reason, as a home that is still there.
    kind, hint = HostError, "see above; mend the causes and run it again"
    if isinstance(failures[0], NotPermitted):
        kind, hint = NotPermitted, "see above; run it as root"
    failure = kind(f"{len(failures)} of {len(changes)} changes failed", hint)
    return answer._replace(exit_code=failure.exit_code, failure=failure)


def _refusal(listed: List[str], *, is_json: bool) -> str:
    """Show what would be done; why not to do it, empty if whoever sits there wants it."""
    if not is_json:
        say("\n".join(listed))
    if is_json or None in (sys.stdin, sys.stderr) or not sys.stdin.isatty():
        return "there is no terminal to ask on"
    sys.stderr.write("Do all of that? [y/N] ")
    sys.stderr.flush()
    answers_yes = sys.stdin.buffer.readline().strip().lower() in (b"y", b"yes")
    return "" if answers_yes else "as you say"
