"""The jobs, services and rules that name a user, and would be for the next user of that name.

They are logged and kept: they may be part of a package.
"""

import logging
import re
from typing import Dict, List, Set, Tuple

from ...formats.host.sudo_rules import users_with_rules, without_rules_of
from ...formats.text import printable
from ...system.root import Root
from .catalogue import MENTIONS, NAMES_USER, RULE_MENTION, SERVICE_MENTION
from .logins_after_boot import users_made_at_boot
from .logins_by_console import unit_files
from .matching import matching_paths
from .rules_files import rules_files
from .setting_lines import setting_lines

# A name in place of the user that an expression is for: not a number, and no variable.
_ANY_NAME = r"[\"']?([A-Za-z_][\w.-]{0,31})"
_USER = re.compile(r"User\s*=\s*([A-Za-z_][\w.-]*\$?)\Z")
# systemd makes this user when the service starts.
_DYNAMIC = re.compile(r"DynamicUser\s*=\s*(?i:1|yes|y|true|t|on)\Z")

log = logging.getLogger(__name__)


def log_mentions(root: Root, name: str) -> None:
    """Log what names a user. Raises HostError."""
    for folder, pattern, what, expression in MENTIONS:
        for path in matching_paths(root, folder, pattern):
            _log_mention(root, path, what, expression, name)
    for _, path in unit_files(root):
        _log_mention(root, path, "service", SERVICE_MENTION, name)
    for path, _ in rules_files(root):
        _log_mention(root, path, "rule", RULE_MENTION, name)


def _log_mention(root: Root, path: str, what: str, expression: str, name: str) -> None:
    if not root.is_file(path):
        return
    mention = re.compile(expression.format(re.escape(name)))
    content = root.read(path) or b""
    # The user's own rules are removed.
    kept = without_rules_of(content, name) if expression == RULE_MENTION else content
    if any(map(mention.match, kept.decode("utf-8", "replace").split("\n"))):
        log.warning("kept: a %s in %s refers to the user %s", what, root.outside(path), name)


def log_mentions_of_others(root: Root, users: Set[str]) -> None:
    """Log what names other users than these, who have no account. Raises HostError."""
    for path, _ in rules_files(root):
        _log_names(root, path, "rules", set(users_with_rules(root.read(path) or b"")) - users)
    for folder, pattern, what, expression in MENTIONS:
        if expression in NAMES_USER:
            mention = re.compile(expression.format(_ANY_NAME))
            for path in matching_paths(root, folder, pattern):
                found = [mention.match(line) for _, line in setting_lines(root, path)]
                names = {match.group(1) for match in found if match}
                _log_names(root, path, f"{what}s", names - users)
    users = users | users_made_at_boot(root)
    for path, name in _users_of_services(root):
        _log_names(root, path, "services", {name} - users)


def _log_names(root: Root, path: str, what: str, names: Set[str]) -> None:
    if names:
        log.warning(
            "%s has %s for accounts that do not exist (%s); a new user with such a name would get "
            "them",
            root.outside(path),
            what,
            printable(", ".join(sorted(names))),
        )


def _users_of_services(root: Root) -> List[Tuple[str, str]]:
    """Each file of a service with a user, and that user, unless systemd makes the user."""
    found: Dict[str, List[Tuple[str, str]]] = {}
    dynamic: Set[str] = set()
    for unit, path in unit_files(root):
        lines = [line for _, line in setting_lines(root, path)]
        users = [match.group(1) for match in map(_USER.match, lines) if match]
        found.setdefault(unit, []).extend((path, user) for user in users[-1:])
        if any(map(_DYNAMIC.match, lines)):
            dynamic.add(unit)
    return [one for unit, users in found.items() if unit not in dynamic for one in users]
