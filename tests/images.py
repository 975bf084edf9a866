"""Scratch images, what the archive does to one, and what is in it afterwards."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

from pyz import PYZ

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


def files(root: Path) -> List[str]:
    return [name for name, what in tree(root).items() if not what.startswith("folder")]
