"""The shells of small systems."""

from typing import List

import needs

SHELLS = ["dash", "busybox", "bash"]


def command_of(shell: str) -> List[str]:
    """Skips the test if the machine does not have that shell."""
    program = needs.program(shell)
    return [program, "sh"] if shell == "busybox" else [program]
