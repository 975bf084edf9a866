"""The shells that small systems use as /bin/sh."""

from typing import List

import needs

SHELLS = ["dash", "busybox", "bash"]


def command_of(shell: str) -> List[str]:
    """Return the command that starts a shell; skips the test if the shell is missing."""
    program = needs.program(shell)
    return [program, "sh"] if shell == "busybox" else [program]
