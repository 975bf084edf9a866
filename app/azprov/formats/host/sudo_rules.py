"""Rules of sudoers and doas.conf: writing one for a user, and removing a user's rules.

Source: sudoers(5) and doas.conf(5).
"""

import re
from typing import List, Tuple

# A rule is a line, with the next line if it ends in a backslash.
_RULE = rb"(?:.*\\\n)*.*\n?"
# Options between permit and the user in doas.conf.
_DOAS_OPTIONS = rb"(?<=\s)(?:nopass|nolog|persist|keepenv|setenv\s*\{[^{}]*\})(?=\s)"
_INCLUDE = rb"(?m)^[ \t]*[#@]include(dir)?[ \t]+(\"[^\"\n]+\"|(?:\\ |\S)+)"
# Comments and defaults. A # also begins a user's number (#1000) or an #include.
_NO_RULE = rb"#(?![0-9]+\s|include)|Defaults"


def render_sudo_rule(name: str) -> bytes:
    """The sudoers rule that lets a user do everything without a password."""
    # Quoted, because sudoers reads a word in capitals as an alias.
    return f'"{name}" ALL=(ALL:ALL) NOPASSWD:ALL\n'.encode("ascii")


def render_doas_rule(name: str) -> bytes:
    """The doas.conf rule that lets a user do everything without a password."""
    # Quoted, because a user may have the name of a keyword, such as "as" or "nopass".
    return f'permit nopass "{name}"\n'.encode("ascii")


def without_rules_of(content: bytes, user: str) -> bytes:
    """The content of sudoers or doas.conf without the rules for this user alone.

    `user` is a name, or a number in the form that sudoers uses, such as `#1000`.
    """
    own = user.encode("ascii", "replace")
    return b"".join(rule for rule in re.findall(_RULE, content) if own != _user_of(rule))


def users_with_rules(content: bytes) -> List[str]:
    """The names of the users with rules for them alone in sudoers or doas.conf."""
    rules = [rule for rule in re.findall(_RULE, content) if b"=" in rule or b"permit" in rule]
    names = [_user_of(rule).decode("utf-8", "replace") for rule in rules]
    # Aliases begin with a capital letter, and groups, numbers and directives with a sign.
    return [name for name in names if re.match(r"[a-z_][\w.-]*\Z", name) and name != "deny"]


def included_paths(content: bytes) -> List[Tuple[str, bool]]:
    """The paths that a sudoers file includes, and whether each is a folder."""
    return [
        (path.strip(b"\"'").replace(b"\\ ", b" ").decode("utf-8", "surrogateescape"), bool(folder))
        for folder, path in re.findall(_INCLUDE, content)
    ]


def has_rules(content: bytes) -> bool:
    """Whether anything but comments and defaults is in the content."""
    lines = (line.strip() for line in content.splitlines())
    return any(line and not re.match(_NO_RULE, line) for line in lines)


def _user_of(rule: bytes) -> bytes:
    """The user or list of users of a rule: its first word, or in doas.conf after the options."""
    words = rule.split()
    if words[:1] == [b"permit"]:
        words = re.sub(_DOAS_OPTIONS, b"", rule).split()[1:]
    return b"".join(words[:1]).strip(b'"')
