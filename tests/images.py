"""Helpers for scratch images: run azprov on one, and list its files."""

import os
import stat
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import Dict, Iterator, List, Tuple

from azprov.cli import main

MODULES = ("http", "xml", "email", "logging", "json", "urllib")


def add_python(
    root: Path, minor: int = 11, path: str = "usr/bin/python3", link: bool = True, lack: str = ""
) -> None:
    """Add the files of an interpreter and its standard library; they are never run."""
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
    """Run a command in this process; returns its exit code, stdout and stderr.

    `install` copies the archive that it runs from: use `azprov` of pyz.py for that.
    """
    umask = os.umask(0o022)
    os.umask(umask)
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, open(os.devnull) as nothing:
        stdin, sys.stdin = sys.stdin, nothing
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = main([str(word) for word in argv])
        finally:
            sys.stdin = stdin
            os.umask(umask)
        out.seek(0)
        err.seek(0)
        return code, out.read(), err.read()


def tree(root: Path) -> Dict[str, str]:
    """Return every path with its kind, mode and content."""
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
    """Return the inode and the ctime of every path; reading a file changes neither."""
    return {
        str(path.relative_to(root)): (path.lstat().st_ino, path.lstat().st_ctime_ns)
        for path in root.rglob("*")
    }


def files(root: Path) -> List[str]:
    return [name for name, kind in tree(root).items() if not kind.startswith("folder")]


@contextmanager
def deep_tree(folder: Path, *, depth: int = 1500, name: str = "d") -> Iterator[None]:
    """Nested folders with a file in each. They are removed at the end by rm.

    Python's rmtree fails on such a tree, so pytest could not remove it from its folder.
    """
    try:
        number = os.open(folder, os.O_RDONLY)
        for _ in range(depth):
            os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=number))
            os.mkdir(name, dir_fd=number)
            below = os.open(name, os.O_RDONLY, dir_fd=number)
            os.close(number)
            number = below
        os.close(number)
        yield
    finally:
        subprocess.run(["rm", "-rf", folder], check=True)
