"""Finds the system calls that change something in strace's log, and disturbs one of them."""

import re
import signal
from pathlib import Path
from typing import List, NamedTuple, Tuple

from crash.fork_server import Completed, ForkServer

_OPEN = ("open", "openat", "openat2", "creat")
_WRITE = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile")
_SEND = ("sendto", "sendmsg", "sendmmsg")
_CHANGE = (
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "fsync",
    "fdatasync",
    "sync",
    "syncfs",
    "truncate",
    "ftruncate",
    "fallocate",
    "setxattr",
    "fsetxattr",
    "lsetxattr",
    "removexattr",
    "fremovexattr",
    "lremovexattr",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
)
RECEIVE = "recvfrom"
_END = "exit_group"
_TRACED = (*_OPEN, *_WRITE, *_SEND, *_CHANGE, RECEIVE, _END)

# "?" makes strace ignore a call that does not exist on this architecture.
OPTIONS = ["-y", "-s", "0", "-e", "trace=" + ",".join(f"?{name}" for name in _TRACED)]
_CALL = re.compile(r"(\w+)\((.*)")
_TO_WRITE = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC)\b")
_NUMBER = re.compile(r"\b\d+<")
_OWN_FILE = re.compile(r'"/proc/self/fd/\d+"')
_SOCKET = re.compile(r"socket:\[\d+\]")
_COLUMN = re.compile(r"\) += ")
_OWN_OUTPUT = re.compile(r"[12]<")


class Call(NamedTuple):
    """A call, and its number among the calls of its name; `text` is the same in every run."""

    name: str
    number: int
    text: str

    @property
    def is_sync(self) -> bool:
        return "sync" in self.name

    @property
    def request(self) -> str:
        """The call without its result."""
        return self.text.rpartition(" = ")[0]


class Point(NamedTuple):
    """A call that changes something or receives an answer, and the next such call."""

    call: Call
    next: Call


def parse_log(lines: List[str], root: Path) -> List[Call]:
    """Return the calls that change something or receive an answer, and the exit."""
    counts = dict.fromkeys(_TRACED, 0)
    calls = []
    for line in lines:
        matched = _CALL.match(line)
        if not matched:
            continue  # a line about a signal
        name, rest = matched.groups()
        counts[name] += 1
        if _is_relevant(name, rest):
            text = _SOCKET.sub("socket", _NUMBER.sub("<", rest.replace(str(root), "ROOT")))
            text = _OWN_FILE.sub('"/proc/self/fd/N"', text)
            text = _COLUMN.sub(") = ", text)
            calls.append(Call(name, counts[name], f"{name}({text}"))
    return calls


def _is_relevant(name: str, rest: str) -> bool:
    if name in _OPEN:
        return bool(_TO_WRITE.search(rest))
    return name not in _WRITE or not _OWN_OUTPUT.match(rest)


def trace(server: ForkServer, argv: List[str], root: Path) -> Tuple[Completed, List[Call]]:
    """Run a command undisturbed, and return all its calls."""
    ended, lines = server.run_traced(argv, OPTIONS)
    return ended, parse_log(lines, root)


def points_of(calls: List[Call]) -> List[Point]:
    return [Point(*pair) for pair in zip(calls, calls[1:])]


def kill_after(server: ForkServer, argv: List[str], root: Path, point: Point) -> None:
    """Run a command, and kill it just before the call that follows the point's call."""
    ended, calls = _run_with_fault(server, argv, root, point.next, "signal=SIGKILL")
    assert calls[-1].name == point.next.name, f"{calls[-1]} was killed, not {point.next}"
    assert calls[-1].text.endswith("= ?"), f"{calls[-1]} took place"
    assert calls[-2].text == point.call.text, f"{calls[-2]} came before, not {point.call}"
    assert ended.exit_code == -signal.SIGKILL


def fail_at(server: ForkServer, argv: List[str], root: Path, point: Point, error: str) -> Completed:
    """Run a command, and make the point's call fail with this error instead of taking place."""
    ended, calls = _run_with_fault(server, argv, root, point.call, f"error={error}")
    failed = [call for call in calls if call.text.endswith("(INJECTED)")]
    assert [call.request for call in failed] == [point.call.request], f"{failed}, not {point.call}"
    return ended


def _run_with_fault(
    server: ForkServer, argv: List[str], root: Path, call: Call, how: str
) -> Tuple[Completed, List[Call]]:
    inject = f"inject={call.name}:{how}:when={call.number}"
    ended, lines = server.run_traced(argv, [*OPTIONS, "-e", inject])
    return ended, parse_log(lines, root)
