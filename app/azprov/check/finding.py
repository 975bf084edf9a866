"""Rules, the checks that look for them, and the findings that a check makes.

To add a rule: a `Rule` in a module of rules/, a function that yields its
`found(...)`, and a `Check` of both in the module's CHECKS.
"""

from typing import Callable, Iterator, NamedTuple, Tuple

from .facts.disk.disk_file import DiskFile
from .facts.image import Image

ERROR = "error"
WARNING = "warning"
NOTE = "note"
#: In the order in which findings are reported.
SEVERITIES = (ERROR, WARNING, NOTE)


class Finding(NamedTuple):
    """`what` describes the fault and its cost; `fix` is a command or an action.

    An error makes the deployment fail, a warning may do so or causes trouble
    later, a note is worth knowing.
    """

    rule: str
    severity: str
    what: str
    fix: str


class Rule(NamedTuple):
    """One kind of fault in images. The id is part of the interface and never changes."""

    id: str
    #: The usual severity; a finding may have another one.
    severity: str
    #: The fault in any image, for a list of rules: no capital letter, no full stop.
    sentence: str
    #: How to fix it in any image, in the same form.
    fix: str

    def found(self, what: str, fix: str, *, severity: str = "") -> Finding:
        """The finding of this rule in one image, with the usual severity if none is given."""
        return Finding(self.id, severity or self.severity, what, fix)


class Check(NamedTuple):
    """A function from an image to findings, and all the rules that it can find."""

    find: Callable[[Image], Iterator[Finding]]
    rules: Tuple[Rule, ...]


class DiskCheck(NamedTuple):
    """A function from a disk file to findings, and all the rules that it can find."""

    find: Callable[[DiskFile], Iterator[Finding]]
    rules: Tuple[Rule, ...]


UNREAD = Rule(
    "unread",
    NOTE,
    "a file could not be read, so some rules were skipped or only partly checked",
    "run check as root, and check that the file is sound",
)
