"""dhcpcd: announcing a name by a renewal, which sends the kernel's name of that moment."""

import re
from typing import Iterator, List

from ..commands import Commands
from ..root import Root
from .machine import Sent, address_of, command_lines, hides_processes, interfaces, run_client

_CONFIGURATION = "/etc/dhcpcd.conf"
# "hostname [NAME]" or "hostname_short"; "option host_name" is something else.
_HOSTNAME = re.compile(rb"^[ \t]*hostname(?:_short)?\b[ \t]*([^#\s]*)", re.MULTILINE)
# In version 9 and later, and in older ones.
_FOLDERS = ("/run/dhcpcd", "/run")
# A process for one interface, perhaps for one family of addresses only.
_PID_FILE = re.compile(r"(?:dhcpcd-)?(.+?)(?:-4)?\.pid\Z")
# A process for all interfaces.
_PID_FILE_OF_ALL = ("pid", "dhcpcd.pid")


def announce(root: Root, name: str, commands: Commands) -> Iterator[Sent]:
    if not (hides_processes(root) or any(command_lines(root, "dhcpcd"))):
        return
    for interface in filter(address_of, _interfaces(root)):
        if not _sends_kernels_name(root, name):
            yield Sent(interface, f"{_CONFIGURATION} lacks the line: hostname")
        elif run_client(root, ["dhcpcd", "-N", interface], commands):
            yield Sent(interface)
        else:
            yield Sent(interface, "dhcpcd failed")


def _interfaces(root: Root) -> List[str]:
    files = [name for folder in _FOLDERS for name in root.names(folder)]
    existing = interfaces()
    if any(name in _PID_FILE_OF_ALL for name in files):
        return existing
    named = {match.group(1) for match in map(_PID_FILE.match, files) if match}
    return [name for name in existing if name in named]


def _sends_kernels_name(root: Root, name: str) -> bool:
    found = _HOSTNAME.findall(root.read(_CONFIGURATION) or b"")
    return bool(found) and found[-1] in (b"", name.encode("ascii"))
