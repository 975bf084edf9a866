"""The live host name, in UTS, mount and network namespaces where it is this machine's."""

import os
import subprocess
import sys
from typing import List, Tuple

import pytest

import needs
from project import NOWHERE
from pyz import PYZ

UNSHARE = ["unshare", "-umn"] if os.geteuid() == 0 else ["unshare", "-rumn"]
# An /etc of its own, so that that of this machine is not changed.
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


def test_the_kernel_and_the_file_have_the_name() -> None:
    """Without hostnamectl and D-Bus."""
    code, names, err = set_hostname("true", "Web01.")

    assert (code, names, err) == (0, ["web01", "web01"], "Host name: web01\n")


def test_a_read_only_etc_is_reported_and_the_live_name_set() -> None:
    """For this boot the VM has its name; exit 73 says that the file has not."""
    code, names, err = set_hostname("mount -o remount,ro /etc", "web01")

    assert (code, names) == (73, ["web01", "image"])
    assert err == (
        "azprov: could not write /etc/hostname (Read-only file system); "
        "mount the file system writable\n"
    )


def test_a_bad_name_changes_nothing() -> None:
    """Neither in the kernel nor in the file."""
    before = os.uname().nodename

    code, names, _ = set_hostname("true", "web_01")

    assert (code, names) == (2, [before, "image"])
