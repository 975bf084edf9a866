"""Untrusted text: decoded, made safe for a terminal or journal, and split into lines."""

import re
from typing import List

# A shorter duration would be rounded to 0.0 s.
_SHORTEST_S = 0.05
_PLAIN_BYTES = b"%+,-./0123456789:=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


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


def text_of(document: bytes) -> str:
    """A document as text, whatever it is: UTF-16 with a byte order mark, or otherwise UTF-8."""
    is_utf_16 = document.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = document.decode("utf-16" if is_utf_16 else "utf-8", "replace")
    return text[1:] if text.startswith("\ufeff") else text


def printable_lines(text: str, *, is_one: bool = False) -> str:
    """The text with "?" for each unprintable character, except line ends and tabs.

    With `is_one` the text becomes one line: its line ends become blanks.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    if is_one:
        text = text.replace("\n", " ")
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def shell_word(text: str) -> str:
    """A printable word that a POSIX shell reads as the text.

    Raises ValueError for a text that ends with a line end, which no such word can represent.
    """
    if re.match(r"[A-Za-z0-9@%_+=:,./-]+\Z", text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "'\"'\"'") + "'"
    if text.endswith("\n"):
        raise ValueError("the shell removes line ends at the end of what a command prints")
    # Some shells replace the octal numbers first, so a percent sign has to be doubled.
    octal = "".join(
        chr(byte) if byte in _PLAIN_BYTES else f"\\{byte:03o}"
        for byte in text.replace("%", "%%").encode("utf-8", "surrogateescape")
    )
    return f"\"$(printf '{octal}')\""


def seconds(duration_s: float) -> str:
    """A duration for a message: in whole seconds, or with one digit if it is shorter.

    It is never 0 s. The loop ends up to 50 ms before a time limit of 5 s, and the message says
    5 s.
    """
    if duration_s < _SHORTEST_S:
        return "less than 0.1 s"
    return f"{duration_s:.0f} s" if duration_s >= 0.95 else f"{duration_s:.1f} s"


def is_web_page(text: str) -> bool:
    """Whether a text begins as an HTML page does."""
    return text.lstrip()[:20].lower().startswith(("<html", "<!doctype html"))


def lines_of(content: bytes) -> List[bytes]:
    """The lines with their ends; as in the C library, a bare "\\r" ends no line."""
    return re.findall(rb"[^\n]+\n?|\n", content)
