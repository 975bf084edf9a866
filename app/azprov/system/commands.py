"""The port through which azprov runs other programs."""

import logging
import os
import signal
from typing import Optional, Sequence, Tuple

#: Searched in this order for the programs that azprov runs; the caller's PATH is not trusted.
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

log = logging.getLogger(__name__)


class Commands:
    """Runs programs without a shell, without input, and with only PATH and LC_ALL set."""

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        """Whether the program exists, ended within the limit and exited with 0."""
        return self.output(command, limit_s=limit_s) is not None

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        """What the program wrote to its standard output; None if `run` would return False."""
        # A twentieth of a cold start, and many a first boot runs no program.
        from subprocess import TimeoutExpired

        try:
            code, written = _run(command, limit_s)
        except (OSError, TimeoutExpired) as error:
            log.debug("%s: %s", " ".join(command), error)
            return None
        log.debug("%s: exit %d", " ".join(command), code)
        return written if code == 0 else None


def _run(command: Sequence[str], limit_s: float) -> Tuple[int, bytes]:
    """The exit code and the output; after the limit, the program and its children are ended.

    subprocess.run ends the program alone. A child that holds the output open would then
    keep Python 3.6 waiting forever. Raises OSError or TimeoutExpired.
    """
    from subprocess import DEVNULL, PIPE, Popen

    with Popen(
        command,
        env={"PATH": ":".join(FOLDERS), "LC_ALL": "C"},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            written = process.communicate(timeout=limit_s)[0]
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, written
