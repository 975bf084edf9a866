"""The port through which azprov runs other programs."""

import logging
import subprocess
from typing import Optional, Sequence

# Where distributions install systemctl, useradd and others; the caller's PATH is not trusted.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

log = logging.getLogger(__name__)


class Commands:
    """Runs programs without a shell, without input, and with only PATH and LC_ALL set."""

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        """Whether the program exists, ended within the limit and exited with 0."""
        return self.output(command, limit_s=limit_s) is not None

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        """What the program wrote to its standard output; None if `run` would return False."""
        try:
            done = subprocess.run(
                command,
                env={"PATH": _PATH, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limit_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.debug("%s: %s", " ".join(command), error)
            return None
        log.debug("%s: exit %d", " ".join(command), done.returncode)
        return done.stdout if done.returncode == 0 else None
