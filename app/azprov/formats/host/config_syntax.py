"""Settings as text files hold them: assignments of a shell, and keys in sections.

Rule of this file: what cannot be read is passed over. These files are other
programs' own, and those go on after a line that makes no sense to them as well.
"""

import re
import shlex
from typing import Dict, Iterator, List, NamedTuple

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)(\+?)=(.*)", re.DOTALL)


class Setting(NamedTuple):
    """A key and its value; an empty section where there was none before it."""

    section: str
    key: str
    value: str


def parse_assignments(text: str) -> Dict[str, str]:
    """NAME=value lines as a shell would take them, but that nothing is expanded.

    The last one of a name counts, and NAME+=value adds to it. An array becomes
    its words with the parentheses.
    """
    found: Dict[str, str] = {}
    for line in _joined(text):
        match = _ASSIGNMENT.match(line)
        if match:
            name, adds, value = match.groups()
            found[name] = (found.get(name, "") if adds else "") + _unquoted(value)
    return found


def parse_sections(text: str) -> List[Setting]:
    """[Section] and key=value lines, as in systemd.syntax(7) and NetworkManager's files."""
    found = []
    section = ""
    for line in _joined(text):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1].strip()
        elif stripped[:1] not in ("", "#", ";") and "=" in stripped:
            key, _, value = stripped.partition("=")
            found.append(Setting(section, key.strip(), value.strip()))
    return found


def uncommented(text: str) -> List[str]:
    """The lines that are neither empty nor a comment, without white space around them."""
    lines = [line.strip() for line in _joined(text)]
    return [line for line in lines if line and not line.startswith("#")]


def _joined(text: str) -> Iterator[str]:
    """The lines, with those that end in a backslash and their next one in one."""
    begun = ""
    for line in text.splitlines():
        if line.endswith("\\") and not line.lstrip().startswith(("#", ";")):
            begun += line[:-1] + " "
        else:
            yield begun + line
            begun = ""
    if begun:
        yield begun


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value, comments=True))
    except ValueError:
        return value.strip().strip("\"'")
