"""Scratch images, what the archive does to one, and what is in it afterwards."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from pyz import NOWHERE, PYZ

MODULES = ("http", "xml", "email", "logging", "json", "urllib")


def add_python(
    root: Path, minor: int = 11, path: str = "usr/bin/python3", link: bool = True, lack: str = ""
) -> None:
    """An interpreter and its standard library, as files that nobody runs."""
    binary = root / path
    binary.parent.mkdir(parents=True, exist_ok=True)
    real = binary.with_name(f"python3.{minor}") if link else binary
    real.write_text("")
    real.chmod(0o755)
    if link:
        binary.symlink_to(real.name)
    prefix = "usr/local" if path.startswith("usr/local") else "usr"
    for module in MODULES:
        if module != lack:
            (root / prefix / "lib" / f"python3.{minor}" / module).mkdir(parents=True)


def azprov(*argv: object) -> Tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(PYZ), *map(str, argv)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def azprov_as_nobody(*argv: object, folder: Path = Path("/")) -> Tuple[int, str, str]:
    """Run by the distribution's Python, with the archive as an open file, in a folder."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    system_python = Path("/usr/bin/python3")
    if not system_python.exists():
        pytest.skip("there is no Python that every user may run")
    nobody = pwd.getpwnam("nobody")
    with PYZ.open("rb") as archive:
        done = subprocess.run(
            [system_python, "-I", f"/dev/fd/{archive.fileno()}", *map(str, argv)],
            cwd=folder,
            pass_fds=[archive.fileno()],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            env=NOWHERE,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout, done.stderr


def tree(root: Path) -> Dict[str, str]:
    """Every path with its kind, mode and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        status = path.lstat()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_dir():
            found[name] = f"folder {stat.S_IMODE(status.st_mode):o}"
        else:
            found[name] = f"{stat.S_IMODE(status.st_mode):o} {path.read_bytes()!r}"
    return found


def changes(root: Path) -> Dict[str, Tuple[int, int]]:
    """Every path with its number and when it was last changed; not when it was last read."""
    return {
        str(path.relative_to(root)): (path.lstat().st_ino, path.lstat().st_ctime_ns)
        for path in root.rglob("*")
    }


def files(root: Path) -> List[str]:
    return [name for name, what in tree(root).items() if not what.startswith("folder")]
