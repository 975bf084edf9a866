"""Lines of settings that may let someone in without a password, and how they are reported."""

import re
from typing import Iterator, List, Tuple

from ...system.root import Root
from .open_login import OpenLogin, text_of


def without_password(root: Root, path: str, number: int, reason: str, fix: str = "") -> OpenLogin:
    """A login that needs no password, because a line of a file does something.

    The number of the line is 0 for the command line inside a unified kernel.
    """
    line = f"line {number} of" if number else "the kernel command line in"
    line = f"{line} {root.outside(path)}"
    return OpenLogin(
        f"someone may be able to log in without a password, because {line} {reason}",
        f"if that is not intended, {fix or 'remove that setting'}",
    )


def setting_lines(root: Root, path: str) -> Iterator[Tuple[int, str]]:
    """The lines of a regular file without comments and empty lines, each with its number.

    A line that ends in a backslash is joined with the next line, across comments, as in
    systemd.syntax(7).
    """
    if not root.is_file(path):
        return
    begun: List[str] = []
    first = 0
    for number, line in enumerate(re.split(r"[\n\r\0]", f"{text_of(root, path)}\n"), start=1):
        stripped = line.strip()
        if stripped.startswith(("#", ";")):
            continue
        first = first if begun else number
        if line.endswith("\\"):
            begun.append(line[:-1])
        elif begun or stripped:
            yield first, " ".join([*begun, line]).strip()
            begun = []
