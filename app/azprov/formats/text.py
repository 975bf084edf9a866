"""Untrusted text: decoded, made safe for a terminal or journal, and split into lines."""

import re
from typing import List


def from_utf8(document: bytes) -> str:
    """Decode a text in UTF-8, without its byte order mark. Raises UnicodeDecodeError.

    The codec utf-8-sig does the same, but Python would import a module for it.
    """
    text = document.decode("utf-8")
    return text[1:] if text.startswith("\ufeff") else text


def printable(text: str, limit: int = 200) -> str:
    """The text with "?" for each unprintable character, of at most `limit` characters.

    This removes line ends and escape sequences of a hostile reply. A text that was cut
    ends in "...".
    """
    shown = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def for_terminal(content: bytes) -> bytes:
    """A text of several lines with "?" for each character that could control a terminal."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text).encode("utf-8")


def seconds(duration_s: float) -> str:
    """A duration for a message: in whole seconds, or with one digit if it is shorter.

    The loop ends up to 50 ms before a time limit of 5 s, and the message says 5 s.
    """
    return f"{duration_s:.0f} s" if duration_s >= 0.95 else f"{duration_s:.1g} s"


def is_web_page(text: str) -> bool:
    """Whether a text begins as an HTML page does."""
    return text.lstrip()[:20].lower().startswith(("<html", "<!doctype html"))


def lines_of(content: bytes) -> List[bytes]:
    """The lines with their ends; as in the C library, a bare "\\r" ends no line."""
    return re.findall(rb"[^\n]*\n|[^\n]+", content)
