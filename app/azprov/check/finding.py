"""What a check has to say: one thing that is wrong, and how to mend it."""

from typing import NamedTuple

ERROR = "error"
WARNING = "warning"
NOTE = "note"
#: As they are reported.
SEVERITIES = (ERROR, WARNING, NOTE)


class Finding(NamedTuple):
    """`what` is wrong and what that costs, and the `mend`: a sentence or a command each.

    An error costs the deployment, a warning may, or costs what comes after it; a
    note is worth knowing.
    """

    rule: str
    severity: str
    what: str
    mend: str
