"""Running another program: the one gate through which azprov does."""

import logging
import subprocess
from typing import Sequence

# Where every distribution has systemctl and its kin; the caller's PATH is not trusted.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

log = logging.getLogger(__name__)


class Commands:
    """Runs programs without a shell, an input, or an environment but PATH."""

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        """Whether the program was there, ended in time and said that all was well."""
        try:
            done = subprocess.run(
                command,
                env={"PATH": _PATH, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=limit_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.debug("%s: %s", " ".join(command), error)
            return False
        log.debug("%s: exit %d", " ".join(command), done.returncode)
        return done.returncode == 0
