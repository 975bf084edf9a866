"""The port through which azprov runs other programs."""

import logging
import subprocess
from typing import Sequence

# Where distributions install systemctl, useradd and others; the caller's PATH is not trusted.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

log = logging.getLogger(__name__)


class Commands:
    """Runs programs without a shell, without input, and with only PATH and LC_ALL set."""

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        """Whether the program exists, ended within the limit and exited with 0."""
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
