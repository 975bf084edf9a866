"""System calls in strace's log: which change anything, and doing something to one of them."""

import re
import signal
from pathlib import Path
from typing import List, NamedTuple, Tuple

from crash.nursery import Ended, Nursery

_OPEN = ("open", "openat", "openat2", "creat")
_WRITE = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile")
_SEND = ("sendto", "sendmsg", "sendmmsg")
_CHANGE = (
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknod", "mknodat"),
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("fsync", "fdatasync", "sync", "syncfs", "truncate", "ftruncate", "fallocate"),
    *("setxattr", "fsetxattr", "lsetxattr", "removexattr", "fremovexattr", "lremovexattr"),
    *("utime", "utimes", "utimensat", "futimesat"),
)
HEAR = "recvfrom"
_END = "exit_group"
_TRACED = (*_OPEN, *_WRITE, *_SEND, *_CHANGE, HEAR, _END)

# "?" passes over a call that this processor's Linux does not have.
OPTIONS = ["-y", "-s", "0", "-e", "trace=" + ",".join(f"?{name}" for name in _TRACED)]
_CALL = re.compile(r"(\w+)\((.*)")
_TO_WRITE = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC)\b")
_NUMBER = re.compile(r"\b\d+<")
_SOCKET = re.compile(r"socket:\[\d+\]")
_COLUMN = re.compile(r"\) += ")
_OWN_OUTPUT = re.compile(r"[12]<")


class Call(NamedTuple):
    """A call, and which one of its name; `text` is what is alike in every run of a command."""

    name: str
    number: int
    text: str

    @property
    def is_sync(self) -> bool:
        return "sync" in self.name

    @property
    def asked(self) -> str:
        """The call without its result."""
        return self.text.rpartition(" = ")[0]


class Point(NamedTuple):
    """A call that changes something, or hears of the platform, and the next such one."""

    call: Call
    next: Call


def parse_log(lines: List[str], root: Path) -> List[Call]:
    """The calls that change something, those that hear of the platform, and the end."""
    counts = dict.fromkeys(_TRACED, 0)
    calls = []
    for line in lines:
        matched = _CALL.match(line)
        if not matched:
            continue  # a signal's line
        name, rest = matched.groups()
        counts[name] += 1
        if _counts(name, rest):
            text = _SOCKET.sub("socket", _NUMBER.sub("<", rest.replace(str(root), "ROOT")))
            text = _COLUMN.sub(") = ", text)
            calls.append(Call(name, counts[name], f"{name}({text}"))
    return calls


def _counts(name: str, rest: str) -> bool:
    if name in _OPEN:
        return bool(_TO_WRITE.search(rest))
    return name not in _WRITE or not _OWN_OUTPUT.match(rest)


def trace(nursery: Nursery, argv: List[str], root: Path) -> Tuple[Ended, List[Call]]:
    """An undisturbed run, with all its calls."""
    ended, lines = nursery.run_traced(argv, OPTIONS)
    return ended, parse_log(lines, root)


def points_of(calls: List[Call]) -> List[Point]:
    return [Point(*pair) for pair in zip(calls, calls[1:])]


def kill_after(nursery: Nursery, argv: List[str], root: Path, point: Point) -> None:
    """Run a command that ends when it would begin the call after the point's."""
    ended, calls = _disturb(nursery, argv, root, point.next, "signal=SIGKILL")
    assert calls[-1].name == point.next.name, f"{calls[-1]} was met, not {point.next}"
    assert calls[-1].text.endswith("= ?"), f"{calls[-1]} took place"
    assert calls[-2].text == point.call.text, f"{calls[-2]} came before, not {point.call}"
    assert ended.exit_code == -signal.SIGKILL


def fail_at(nursery: Nursery, argv: List[str], root: Path, point: Point, error: str) -> Ended:
    """Run a command whose call at the point does not take place and gives that error."""
    ended, calls = _disturb(nursery, argv, root, point.call, f"error={error}")
    failed = [call for call in calls if call.text.endswith("(INJECTED)")]
    assert [call.asked for call in failed] == [point.call.asked], f"{failed}, not {point.call}"
    return ended


def _disturb(
    nursery: Nursery, argv: List[str], root: Path, call: Call, how: str
) -> Tuple[Ended, List[Call]]:
    inject = f"inject={call.name}:{how}:when={call.number}"
    ended, lines = nursery.run_traced(argv, [*OPTIONS, "-e", inject])
    return ended, parse_log(lines, root)
