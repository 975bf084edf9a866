"""What a test needs of the machine, and the package that brings it.

A test that lacks something is skipped, and the end of the session says what to install.
In CI (where the variable CI is set) it fails instead, so that nothing is left out unnoticed.

    @pytest.mark.needs("root", "sshd")     on a test, which then is not a unit test
    shell = needs.program("zsh")           inside a test or fixture
"""

import os
import shutil
import subprocess
from typing import List, NoReturn

import pytest

#: The package of Debian and Ubuntu that brings a program.
PACKAGES = {
    "bash": "bash",
    "busybox": "busybox",
    "dash": "dash",
    "fish": "fish",
    "git": "git",
    "groff": "groff",
    "ip": "iproute2",
    "lexgrog": "man-db",
    "man": "man-db",
    "mandoc": "mandoc",
    "mount": "mount",
    "python3": "python3",
    "shellcheck": "shellcheck",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "strace": "strace",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
    "zsh": "zsh",
}
# An ordinary user's PATH lacks these folders on Debian, but programs there can be run.
_SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def find(name: str) -> str:
    """The path of a program, or an empty string."""
    return shutil.which(name, path=_SEARCHED) or ""


def program(name: str) -> str:
    """The path of a program. Skips the test if it is not installed."""
    path = find(name)
    if not path:
        package = PACKAGES[os.path.basename(name)]
        _leave_out(f"needs {name}: apt-get install {package}")
    return path


def root() -> None:
    """Skip the test unless root runs it."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


def ordinary_user() -> None:
    """Skip the test if root runs it."""
    if os.geteuid() == 0:
        pytest.skip("needs an ordinary user")


def unshare(*options: str) -> List[str]:
    """The command that runs another one as root in namespaces of its own, such as "-n".

    Skips the test where that is not allowed.
    """
    command = [program("unshare"), *([] if os.geteuid() == 0 else ["-r"]), *options]
    trial = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        _leave_out(f"needs namespaces: {trial.stderr.strip()}")
    return command


def require(name: str) -> None:
    """Skip the test unless the machine has what a `needs` mark names."""
    if name == "root":
        root()
    elif name == "ordinary user":
        ordinary_user()
    elif name != "archive":  # that is built when it is imported
        program(name)


def _leave_out(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"CI {reason}")
    pytest.skip(reason)
