"""The shells of small systems, those that are here."""

import shutil
from typing import List

SHELLS = [shell for shell in ("dash", "busybox", "bash") if shutil.which(shell)]


def command_of(shell: str) -> List[str]:
    return [shell, "sh"] if shell == "busybox" else [shell]
