"""Colours on a terminal, unless NO_COLOR or TERM=dumb is set."""

import os
from typing import List, TextIO

BRIGHT_RED, RED, GREEN, YELLOW = "1;31", "31", "32", "33"
_COLOUR_OF_WORD = {
    "error": BRIGHT_RED,
    "warning": YELLOW,
    "fix": GREEN,
    "FAILED": BRIGHT_RED,
    "PASSED": GREEN,
}


def coloured_word(word: str, stream: TextIO) -> str:
    """The word in its colour, if it has one and the stream shows colours."""
    if word in _COLOUR_OF_WORD and shows_colours(stream):
        return coloured(word, _COLOUR_OF_WORD[word])
    return word


def coloured(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[m"


def split_coloured(text: str, stream: TextIO) -> List[str]:
    """The text in parts: every second one is a coloured word, if the stream shows colours."""
    if not shows_colours(stream):
        return [text]
    import re

    words = (coloured(word, colour) for word, colour in _COLOUR_OF_WORD.items())
    return re.split(f"({'|'.join(map(re.escape, words))})", text)


def shows_colours(stream: TextIO) -> bool:
    """Whether the stream is a capable terminal and NO_COLOR is not set; https://no-color.org."""
    return not os.environ.get("NO_COLOR") and is_capable_terminal(stream)


def is_capable_terminal(stream: TextIO) -> bool:
    """Whether the stream is a terminal that understands escape sequences."""
    return bool(stream) and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
