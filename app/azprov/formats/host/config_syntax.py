"""Settings in text files: shell assignments, and keys in sections.

Rule of this file: lines that cannot be read are ignored, because the programs that own
these files ignore them as well.
"""

import re
import shlex
from typing import Dict, Iterator, List, NamedTuple

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)(\+?)=(.*)", re.DOTALL)


class Setting(NamedTuple):
    """A key and its value; the section is empty for keys before the first section."""

    section: str
    key: str
    value: str


def parse_assignments(text: str) -> Dict[str, str]:
    """NAME=value lines as a shell reads them, without expansion.

    The last assignment of a name is in effect, and NAME+=value appends. An array becomes
    a text of its words with the parentheses.
    """
    found: Dict[str, str] = {}
    for line in _joined(text):
        match = _ASSIGNMENT.match(line)
        if match:
            name, adds, value = match.groups()
            found[name] = (found.get(name, "") if adds else "") + _unquoted(value)
    return found


def parse_sections(text: str) -> List[Setting]:
    """[Section] and key=value lines, the syntax of systemd.syntax(7) and NetworkManager."""
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
    """The stripped lines, except empty lines and comments."""
    lines = [line.strip() for line in _joined(text)]
    return [line for line in lines if line and not line.startswith("#")]


def _joined(text: str) -> Iterator[str]:
    """The lines; one that ends in a backslash is joined with the next line."""
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
