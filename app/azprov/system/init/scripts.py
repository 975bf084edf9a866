"""Services that are shell scripts, and the scripts that an init program runs: inittab(5)."""

import re
import stat
from typing import List

from ..planting import remove_planted
from ..root import Root
from .base import MADE_FOLDERS_NOTE, SERVICE, InitSystem

_USUAL_PYTHON = "/usr/bin/python3"
_LARGEST_SCRIPT_BYTES = 1 << 16
# An inittab has one line that starts services, near its top.
_MOST_PROGRAMS = 50


class ScriptInit(InitSystem):
    """An init system with shell scripts as services."""

    unit = SERVICE
    mode = 0o755
    command = 'command="{python}"\ncommand_args="{arguments}"\n'
    arguments = ("--unit", SERVICE)
    note = f"\n{MADE_FOLDERS_NOTE}# MadeFolders="

    def commands_in(self, service: str) -> List[List[str]]:
        arguments = re.search(r'^command_args="([^"]*)"', service, re.MULTILINE)
        return [[_interpreter(service), *(arguments.group(1).split() if arguments else [])]]


class SupervisedInit(ScriptInit):
    """An init system with a supervisor, which runs the script `run` in the folder of a service."""

    inner = "/run"

    def obstacle_in(self, root: Root) -> str:
        down = f"{self.target}/down"
        return "" if root.status(down) is None else down

    def enable(self, root: Root, file: str = "") -> List[str]:
        remove_planted(root, f"{self.target}/down")
        return super().enable(root, file)


def _interpreter(script: str) -> str:
    """The first absolute path in a script that has the name of a Python."""
    # A service has many lines of comments.
    lines = "\n".join(line for line in script.split("\n") if "python" in line)
    # Each path, and the character after it.
    for path, end in re.findall(r"([A-Za-z0-9/._+-]+)([^A-Za-z0-9/._+-]?)", lines):
        start = path.find("/")
        name = path.rpartition("/")[2]
        if start >= 0 and end in " \t\r\n\"'" and re.search(r"python3?[0-9.]*\Z", name):
            return str(path[start:])
    return _USUAL_PYTHON


def script_of(entry: str) -> str:
    """The script that a name such as S20ssh starts; empty for other names."""
    return entry[3:] if entry[:1] == "S" and entry[1:3].isdigit() else ""


def inittab_programs(root: Root) -> List[str]:
    """The programs in inittab, or the one that busybox runs without an inittab."""
    from ...formats.host.config_syntax import uncommented

    lines = uncommented(script_text(root, "/etc/inittab") or "::sysinit:/etc/init.d/rcS")
    commands = [line.split(":", 3)[-1].split()[:1] for line in lines if line.count(":") >= 3]
    programs = list(dict.fromkeys(program for words in commands for program in words))
    return programs[:_MOST_PROGRAMS]


def script_text(root: Root, path: str) -> str:
    """The text of a small regular file; empty for anything else."""
    status = root.status(path)
    is_small = status and stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST_SCRIPT_BYTES
    content = root.read(path, limit_bytes=_LARGEST_SCRIPT_BYTES) if is_small else None
    return (content or b"").decode("utf-8", "replace")
