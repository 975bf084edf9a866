"""A root on which azprov runs as on a live machine: with this machine's own programs.

The root is a folder with its own /etc, /home and /var; /usr and /proc are this machine's,
/usr read-only. azprov runs there with chroot in a mount namespace, so "/" is this folder and
useradd, getent, sshd and others change or read nothing else.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import urllib3

import needs
from project import ROOT

#: The command of azprov in such a root.
AZPROV = ("/usr/bin/python3", "-B", "-m", "azprov")

_FOLDERS = ("etc/skel", "home", "var/mail", "tmp", "run", "proc", "dev", "usr", "azprov", "site")
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64")
# $1 is the root, $2 and $3 are the folders of azprov and of urllib3; the rest is the command.
_SCRIPT = """\
set -e
mount --make-rprivate /
mount --rbind /usr "$1/usr"
mount -o remount,bind,ro "$1/usr"
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/azprov"
mount --bind "$3" "$1/site"
root=$1
shift 3
exec chroot "$root" "$@"
"""


class LiveRoot:
    """A folder that programs see as "/"."""

    def __init__(self, folder: Path, files: Dict[str, str]) -> None:
        folder.chmod(0o755)
        self.folder = folder
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True)
        for name in _MERGED:
            if os.path.islink(f"/{name}"):
                (folder / name).symlink_to(os.readlink(f"/{name}"))
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        if (folder / "etc/shadow").exists():
            (folder / "etc/shadow").chmod(0o640)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program with this folder as its root."""
        site = Path(urllib3.__file__).parents[1]
        words: List[str] = [*needs.unshare("-m"), "sh", "-c", _SCRIPT, "sh"]
        words += [str(self.folder), str(ROOT / "app"), str(site), *command]
        return subprocess.run(
            words,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": "/azprov:/site"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def azprov(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run azprov from its source, with Debian's Python."""
        return self.run(*AZPROV, *argv)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


def usable() -> None:
    """Skip the test if this machine cannot have such a root."""
    needs.root()
    for name in ("python3", "mount", "unshare"):
        needs.program(name)
    if not os.path.islink("/bin") or not os.path.exists("/usr/bin/python3"):
        needs.leave_out("needs a machine with merged /usr and Debian's python3")
    assert sys.platform == "linux"
