"""The host name of the running kernel, set in UTS, mount and network namespaces."""

import os
import subprocess
import sys
from typing import List, Tuple

import pytest

import needs
from project import NOWHERE
from pyz import PYZ

UNSHARE = ["unshare", "-umn"] if os.geteuid() == 0 else ["unshare", "-rumn"]
# A separate /etc, so that the one of this machine is not changed.
PREPARE = "mount -t tmpfs none /etc && echo image > /etc/hostname"


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    needs.program("mount")
    needs.unshare("-umn")


def set_hostname(prepare: str, *argv: str) -> Tuple[int, List[str], str]:
    script = f'{PREPARE}; {prepare}; "$@"; code=$?; uname -n; cat /etc/hostname; exit $code'
    command = [sys.executable, "-I", str(PYZ), "set-hostname", *argv]
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", script, "sh", *command],
        env={**NOWHERE, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_the_kernel_and_the_file_get_the_name() -> None:
    """set-hostname needs neither hostnamectl nor D-Bus."""
    code, names, err = set_hostname("true", "Web01.")

    assert (code, names, err) == (0, ["Web01", "Web01"], "Host name: Web01\n")


def test_the_kernel_gets_the_name_although_etc_is_read_only() -> None:
    """Exit code 73 says that /etc/hostname could not be written."""
    code, names, err = set_hostname("mount -o remount,bind,ro /etc", "web01")

    assert (code, names) == (73, ["web01", "image"])
    assert err == (
        "azprov: could not write /etc/hostname (Read-only file system); "
        "mount the file system writable\n"
    )


def test_a_bad_name_changes_nothing() -> None:
    """An invalid name is set neither in the kernel nor in the file."""
    before = os.uname().nodename

    code, names, _ = set_hostname("true", "web_01")

    assert (code, names) == (2, [before, "image"])
