"""Text from elsewhere: fit to be shown on one line of a terminal or journal, and in lines."""

import re
from typing import List


def printable(text: str, limit: int = 200) -> str:
    """The text with "?" for each character that is not printable, at most limit long.

    Line ends and escape sequences of a hostile reply end here; a cut ends in "...".
    """
    shown = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def lines_of(content: bytes) -> List[bytes]:
    """The lines with their ends, which are where the C library sees one: at no bare "\\r"."""
    return re.findall(rb"[^\n]*\n|[^\n]+", content)
