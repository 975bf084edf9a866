"""A login by SSH at a rehearsed VM, with a key that was made for it."""

import subprocess
from typing import List, NamedTuple

from ...errors import HostError
from ...formats.text import printable

_LIMIT_S = 15.0
_CONNECT_S = 5
# The answer of these commands: user, host name.
_ASKED = "id -un; uname -n"
# The exit code of ssh itself, when it could not log in.
_FAILED = 255


class Login(NamedTuple):
    """How an attempt ended: `is_in`, and what the guest answered or why ssh was refused."""

    is_in: bool
    #: The host name that the guest gave; empty if no one got in.
    hostname: str
    #: The last line of ssh, printable; empty if the login succeeded.
    reason: str

    @property
    def is_refused(self) -> bool:
        """Whether an sshd answered and did not let the user in."""
        return not self.is_in and "Permission denied" in self.reason


def make_key(program: str, path: str) -> str:
    """Make a key pair; the public key. Raises HostError."""
    command = [program, "-q", "-t", "ed25519", "-N", "", "-C", "rehearsal", "-f", path]
    done = _run(command)
    public = _run([program, "-y", "-f", path]) if done.code == 0 else done
    if public.code != 0:
        raise HostError("no SSH key could be made for the rehearsal", "install its package again")
    return public.out.strip()


def log_in(program: str, user: str, address: str, key: str) -> Login:
    """Try once to log in by this key alone, without the settings of the user who rehearses."""
    options = ["-F", "none", "-T", "-i", key, "-l", user]
    for option in (
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "IdentityAgent=none",
        f"ConnectTimeout={_CONNECT_S}",
        "StrictHostKeyChecking=no",
        # Each rehearsed VM has other host keys.
        "UserKnownHostsFile=/dev/null",
        "GlobalKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
    ):
        options += ["-o", option]
    done = _run([program, *options, address, _ASKED])
    answer = done.out.split()
    if done.code == 0 and answer[:1] == [user]:
        return Login(True, printable(answer[1]) if len(answer) > 1 else "", "")
    lines = (done.error if done.code == _FAILED else done.out + done.error).split("\n")
    shown = [printable(line.strip()) for line in lines if line.strip()]
    reason = shown[-1].rstrip(".") if shown else f"ssh ended with exit code {done.code}"
    return Login(False, "", reason)


class _Done(NamedTuple):
    code: int
    out: str
    error: str


def _run(command: List[str]) -> _Done:
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                out, error = process.communicate(timeout=_LIMIT_S)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired:
        return _Done(_FAILED, "", f"no answer within {_LIMIT_S:g} s")
    except OSError as problem:
        return _Done(_FAILED, "", str(problem.strerror))
    return _Done(
        process.returncode, out.decode("utf-8", "replace"), error.decode("utf-8", "replace")
    )
