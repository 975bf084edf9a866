"""Programs and rights that tests need, and the packages that provide the programs.

A test is skipped if the machine lacks something, and the end of the session says what to
install. In CI (where the variable CI is set) it fails instead, so that no test is skipped
unnoticed.

    @pytest.mark.needs("root", "sshd")     on a test, which then is not a unit test
    shell = needs.program("zsh")           inside a test or fixture
"""

import glob
import os
import pwd
import shutil
import subprocess
from typing import List, NoReturn

import pytest

#: The package of Debian and Ubuntu that provides a program.
PACKAGES = {
    "bash": "bash",
    "busybox": "busybox",
    "chage": "passwd",
    "chattr": "e2fsprogs",
    "curl": "curl",
    "dash": "dash",
    "debugfs": "e2fsprogs",
    "dbus-daemon": "dbus",
    "dhclient": "isc-dhcp-client",
    "dhcpcd": "dhcpcd-base",
    "dnsmasq": "dnsmasq-base",
    "doas": "opendoas",
    "fish": "fish",
    "getent": "libc-bin",
    "git": "git",
    "groff": "groff",
    "ip": "iproute2",
    "lexgrog": "man-db",
    "man": "man-db",
    "lz4": "lz4",
    "mandoc": "mandoc",
    "mcopy": "mtools",
    "mformat": "mtools",
    "mksh": "mksh",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "modprobe": "kmod",
    "mount": "mount",
    "NetworkManager": "network-manager",
    "nmcli": "network-manager",
    "nc.openbsd": "netcat-openbsd",
    "nc.traditional": "netcat-traditional",
    "netplan": "netplan.io",
    "networkctl": "systemd",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "python3": "python3",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "script": "bsdutils",
    "setpriv": "util-linux",
    "sfdisk": "fdisk",
    "shellcheck": "shellcheck",
    "ssh-keygen": "openssh-client",
    "ssh": "openssh-client",
    "sshd": "openssh-server",
    "strace": "strace",
    "sudo": "sudo",
    "systemctl": "systemd",
    "systemd-analyze": "systemd",
    "udhcpc": "udhcpc",
    "head": "coreutils",
    "printf": "coreutils",
    "sleep": "coreutils",
    "timeout": "coreutils",
    "tr": "coreutils",
    "unshare": "util-linux",
    "useradd": "passwd",
    "valgrind": "valgrind",
    "visudo": "sudo",
    "wget": "wget",
    "zsh": "zsh",
    "zstd": "zstd",
}
# These end with an error if the user who starts them has no name.
_FOR_NAMED_USERS = ("ssh", "ssh-keygen")
# On Debian an ordinary user's PATH lacks these folders, although the user may run the programs.
_SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def find(name: str) -> str:
    """Return the path of a program, or an empty string."""
    return shutil.which(name, path=_SEARCHED) or ""


def program(name: str) -> str:
    """Return the path of a program. Skips the test if it is not installed."""
    path = find(name)
    if not path:
        package = PACKAGES[os.path.basename(name)]
        leave_out(f"needs {name}: apt-get install {package}")
    if name in _FOR_NAMED_USERS:
        named_user(name)
    return path


def named_user(program_name: str) -> None:
    """Skip the test if the user who runs it has no entry in the user database."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip(f"needs a user with a name, because {program_name} does: UID {os.getuid()}")


def library(name: str, package: str) -> None:
    """Skip the test unless one of the usual folders has a library."""
    patterns = ("/lib", "/usr/lib", "/lib/*-linux-gnu", "/usr/lib/*-linux-gnu")
    if not any(glob.glob(f"{pattern}/{name}") for pattern in patterns):
        leave_out(f"needs {name}: apt-get install {package}")


def root() -> None:
    """Skip the test unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


def ordinary_user() -> None:
    """Skip the test if it runs as root."""
    if os.geteuid() == 0:
        pytest.skip("needs an ordinary user")


def unshare(*options: str) -> List[str]:
    """Return a command that runs another one as root in new namespaces, such as "-n".

    Skips the test if the machine does not allow new namespaces.
    """
    command = [program("unshare"), *([] if os.geteuid() == 0 else ["-r"]), *options]
    trial = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        leave_out(f"needs namespaces: {trial.stderr.strip()}")
    return command


def require(name: str) -> None:
    """Skip the test unless the machine has what a `needs` mark names."""
    if name == "root":
        root()
    elif name == "ordinary user":
        ordinary_user()
    elif name != "archive":  # importing pyz builds the archive
        program(name)


def leave_out(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"CI {reason}")
    pytest.skip(reason)
