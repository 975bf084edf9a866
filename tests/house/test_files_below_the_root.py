"""Files of a machine or image are opened by system/root only."""

import ast
from pathlib import Path
from typing import Iterator, Set, Tuple

import pytest

APP = Path(__file__).parents[2] / "app" / "azprov"
MODULES = sorted(path for path in APP.rglob("*.py") if APP / "system" / "root" not in path.parents)

#: Functions that reach a file by its path. `os.path` has only functions of text, except these.
_OF_OS = {
    "access", "chdir", "chmod", "chown", "chroot", "fwalk", "getxattr", "lchown", "link", "listdir",
    "lstat", "makedirs", "mkdir", "mkfifo", "mknod", "open", "readlink", "remove", "removedirs",
    "rename", "renames", "replace", "rmdir", "scandir", "setxattr", "stat", "statvfs", "symlink",
    "truncate", "unlink", "utime", "walk",
}  # fmt: skip
_OF_OS_PATH = {
    "exists", "getmtime", "getsize", "isdir", "isfile", "islink", "ismount", "lexists", "realpath",
    "samefile",
}  # fmt: skip
_MODULES = {"glob", "pathlib", "shutil"}

#: Module, function and the number of calls, each with the reason why it is no file of an image.
ALLOWED = {
    # The file from which azprov itself runs, before it is known whether it can run.
    ("__main__.py", "open"): 1,
    ("cli/version.py", "os.path.isfile"): 1,
    ("cli/commands/install.py", "os.path.isfile"): 1,
    ("cli/commands/rehearse.py", "os.path.isfile"): 1,
    # /dev/null in place of a closed stream.
    ("cli/streams.py", "os.open"): 3,
    # shutil.which: a program of the machine on which azprov runs, such as zstd.
    ("check/facts/unpacking.py", "shutil"): 1,
    # The scratch folder of a rehearsal, which only this user can change.
    ("rehearsal/machine.py", "os.chmod"): 1,
    ("rehearsal/machine.py", "os.walk"): 1,
    ("rehearsal/run.py", "os.path.realpath"): 1,
    # shutil.which: programs of the machine on which azprov runs.
    ("rehearsal/image/needed.py", "shutil"): 1,
    # The kernel's description of systemd-nspawn and its children.
    ("rehearsal/image/container.py", "open"): 1,
    ("rehearsal/image/container.py", "os.readlink"): 4,
    # A namespace, and folders of the kernel's sysfs in it and of the scratch folder.
    ("rehearsal/image/azure_firmware.py", "os.open"): 2,
    ("rehearsal/image/azure_firmware.py", "os.listdir"): 2,
    # Relative to the root's descriptor: a folder to lock, and a new file.
    ("system/lock.py", "os.open"): 2,
    # Relative to the root's descriptor, on a live machine only: a device, which nothing else opens.
    ("system/provisioning_dvd.py", "os.open"): 1,
    # The kernel's name of the root's descriptor.
    ("check/facts/boot_files.py", "os.readlink"): 1,
    # The kernel's device for networks of virtual machines.
    ("system/tap.py", "os.open"): 1,
    # Whether the path that the user typed is a folder or a disk file.
    ("cli/image_rehearsal.py", "os.path.isdir"): 1,
    # The kernel's description of this process.
    ("system/own_network.py", "open"): 1,
    # An attribute of an open file.
    ("system/kvp_pool.py", "os.getxattr"): 1,
    ("system/kvp_pool.py", "os.setxattr"): 1,
}


def calls_by_path(path: Path) -> Iterator[Tuple[int, str]]:
    """The line and the name of each function that reaches a file by its path."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names: Set[str] = {alias.name for alias in node.names}
            names.add(getattr(node, "module", None) or "")
            for name in sorted(names & _MODULES):
                yield node.lineno, name
            if getattr(node, "module", None) == "os" and names & _OF_OS:
                yield node.lineno, "from os"
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        first, _, rest = text.partition(".")
        if text in ("open", "io.open") or (first == "os" and rest in _OF_OS):
            yield node.lineno, text
        if text.startswith("os.path.") and text[len("os.path.") :] in _OF_OS_PATH:
            yield node.lineno, text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_no_other_code_reaches_a_file_by_its_path(path: Path) -> None:
    """Each exception has its reason in ALLOWED; the failure names the line."""
    module = str(path.relative_to(APP))
    calls = list(calls_by_path(path))

    for name in {name for _, name in calls}:
        lines = [line for line, one in calls if one == name]
        assert len(lines) == ALLOWED.get((module, name), 0), f"{module}:{lines} calls {name}"


def test_each_exception_is_still_needed() -> None:
    """An exception for code that is gone would allow new code."""
    modules = {str(path.relative_to(APP)): path for path in MODULES}

    for module, name in ALLOWED:
        assert name in {one for _, one in calls_by_path(modules[module])}, (module, name)


def test_calls_by_path_are_found(tmp_path: Path) -> None:
    """Each way to reach a file by its path is found."""
    source = tmp_path / "x.py"
    source.write_text(
        "import os, shutil\nfrom pathlib import Path\nos.open('/x', 0)\nos.path.exists('/x')\n"
        "open('/x')\nfrom os import stat\nos.path.join('/x', 'y')\n"
    )

    assert sorted(calls_by_path(source)) == [
        (1, "shutil"),
        (2, "pathlib"),
        (3, "os.open"),
        (4, "os.path.exists"),
        (5, "open"),
        (6, "from os"),
    ]
