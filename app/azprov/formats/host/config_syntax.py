"""Settings in text files: shell assignments, and keys in sections.

Rule of this file: lines that cannot be read are ignored, because the programs that own
these files ignore them as well.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)(\+?)=(.*)", re.DOTALL)
# A piece of a shell word: plain text, blanks, a character after a backslash, or a quote.
_PIECE = re.compile(r"([^\s'\"\\]+)|(\s+)|\\(.)|(.)", re.DOTALL)
# A piece inside double quotes, where a backslash is kept before any other character.
_QUOTED_PIECE = re.compile(r"([^\"\\]+)|\\([\"\\$`])|(\\.)|\"", re.DOTALL)


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
    found: Dict[str, List[str]] = {}
    for line in _joined(text):
        match = _ASSIGNMENT.match(line)
        if match:
            name, adds, value = match.groups()
            if not adds:
                found[name] = []
            found.setdefault(name, []).append(_unquoted(value))
    return {name: "".join(parts) for name, parts in found.items()}


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
    begun: List[str] = []
    for line in text.splitlines():
        if line.endswith("\\") and not line.lstrip().startswith(("#", ";")):
            begun.append(line[:-1])
        elif begun:
            yield " ".join([*begun, line])
            begun = []
        else:
            yield line
    if begun:
        yield " ".join([*begun, ""])


def _unquoted(value: str) -> str:
    """The words of a value without quotes, backslashes and comment, with a blank between them.

    If a quote is not closed, only quotes around the value are removed.
    """
    words: List[str] = []
    word: Optional[List[str]] = None
    at = 0
    while at < len(value):
        match = _PIECE.match(value, at)
        if match is None:
            break  # never, since any character matches
        plain, blanks, escaped, quote = match.groups()
        at = match.end()
        if blanks:
            words += [] if word is None else ["".join(word)]
            word = None
            continue
        if word is None and plain and plain.startswith("#"):
            break
        word = word or []
        if quote:
            at, inside = _quoted(value, at, quote)
            if not at:
                return value.strip().strip("\"'")
            word += inside
        else:
            word.append(plain or escaped)
    words += [] if word is None else ["".join(word)]
    return " ".join(words)


def _quoted(value: str, at: int, quote: str) -> Tuple[int, List[str]]:
    """The end of a quoted text that begins at `at`, and its pieces; 0 if it is not closed."""
    if quote == "'":
        end = value.find(quote, at)
        return end + 1, [value[at:end]]
    pieces: List[str] = []
    while quote == '"' and at < len(value):
        match = _QUOTED_PIECE.match(value, at)
        if match is None:
            break
        at = match.end()
        if match.group() == quote:
            return at, pieces
        pieces.append(match.group(1) or match.group(2) or match.group(3))
    return 0, []
