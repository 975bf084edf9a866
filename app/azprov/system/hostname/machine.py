"""The running machine, as far as it matters for its DHCP clients: interfaces and processes."""

import os
import socket
from typing import Iterator, List, NamedTuple, Sequence

from ...errors import HostError
from ..commands import FOLDERS, Commands
from ..interfaces import SIOCGIFADDR, SIOCGIFHWADDR, interface_request
from ..root import Root

#: Each program is ended after this time, so that it cannot delay Ready for long.
LIMIT_S = 5.0

_PROC = "/proc"
# The real, effective, saved and file system UID: a user's set-user-ID program has some of root.
_UIDS_OF_ROOT = b"\nUid:\t0\t0\t0\t0\n"


class Sent(NamedTuple):
    """An interface for which a DHCP client was asked to announce the name."""

    interface: str
    #: Why the name was not announced; empty if it was.
    flaw: str = ""


def interfaces() -> List[str]:
    """The names of the network interfaces of this namespace, without the loopback."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


def address_of(interface: str) -> str:
    """The first IPv4 address of an interface; empty if it has none."""
    try:
        return socket.inet_ntoa(interface_request(SIOCGIFADDR, interface)[4:8])
    except OSError:
        return ""


def hardware_address_of(interface: str) -> bytes:
    """The six bytes of an Ethernet address. Raises OSError."""
    return interface_request(SIOCGIFHWADDR, interface)[2:8]


def hides_processes(root: Root) -> bool:
    """Whether this process may not look into others, as in the service's sandbox.

    There, root still sees the processes, but without CAP_SYS_PTRACE not their namespaces.
    """
    try:
        return root.read_link(f"{_PROC}/1/ns/net") is None
    except HostError:
        return True


def command_lines(root: Root, program: str) -> Iterator[List[str]]:
    """The command lines of a program that root runs, in this network namespace.

    Any user can give a process this name, with any options. So the process has to be root's,
    and its file has to have the program's name, in a folder of root's programs. An applet of
    busybox is found by its name. Another name that a process has given itself ("dhcpcd: eth0")
    ends with a colon, and is found too.
    """
    own = root.read_link(f"{_PROC}/self/ns/net")
    for pid in filter(str.isdigit, root.names(_PROC)):
        try:
            words = os.fsdecode(root.read(f"{_PROC}/{pid}/cmdline") or b"").rstrip("\0").split("\0")
            if os.path.basename(words[0]) == "busybox":
                del words[0]
            is_sought = words and os.path.basename(words[0].partition(":")[0]) == program
            if not is_sought or root.read_link(f"{_PROC}/{pid}/ns/net") != own:
                continue
            if _is_of_root(root, pid, program):
                yield words
        except HostError:
            continue  # the process has ended, or has a very long command line


def _is_of_root(root: Root, pid: str, program: str) -> bool:
    """Whether a process is root's in every respect, and runs a file of the program.

    sudo has root's UIDs while it asks a user for a password. The name of the file may have a
    suffix: dhcpcd5, or " (deleted)" after an upgrade.
    """
    if _UIDS_OF_ROOT not in (root.read(f"{_PROC}/{pid}/status") or b""):
        return False
    folder, _, name = (root.read_link(f"{_PROC}/{pid}/exe") or "").rpartition("/")
    return folder in FOLDERS and name.startswith((program, "busybox"))


def run_client(root: Root, command: Sequence[str], commands: Commands) -> bool:
    """Run a DHCP client; whether it succeeded.

    The sandbox of azprov's service forbids the client's packets and files. There, systemd runs
    the client as a service of its own, and also ends the processes that it leaves behind.
    """
    if not hides_processes(root):
        return commands.run(command, limit_s=LIMIT_S)
    properties = ("Type=oneshot", f"TimeoutStartSec={LIMIT_S:g}")
    settings = [f"--property={value}" for value in properties]
    systemd_run = ["systemd-run", "--quiet", "--collect", *settings, "--"]
    return commands.run([*systemd_run, *command], limit_s=LIMIT_S + 1)
