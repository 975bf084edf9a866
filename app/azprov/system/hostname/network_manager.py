"""NetworkManager: announcing a name by a changed setting of the active connection.

`nmcli device reapply` alone sends no packet. A changed ipv4.dhcp-hostname makes the DHCP
client request its address again with that name, and the address stays (version 1.42). The
change lasts until the connection is activated again; then NetworkManager sends the name of
the kernel.
"""

import socket
from typing import Iterator

from ..commands import Commands
from ..root import Root
from .machine import LIMIT_S, Sent, address_of, command_lines, hides_processes, interfaces

_FOLDER = "/run/NetworkManager"
_DEVICES = f"{_FOLDER}/devices"


def announce(root: Root, name: str, commands: Commands) -> Iterator[Sent]:
    if root.status(_FOLDER) is None or not _is_running(root):
        return
    for interface in filter(address_of, interfaces()):
        if not _is_active(root, interface):
            continue
        setting = ["ipv4.dhcp-hostname", name]
        if commands.run(["nmcli", "device", "modify", interface, *setting], limit_s=LIMIT_S):
            yield Sent(interface)
        else:
            yield Sent(interface, "nmcli failed")
            return  # as it would for the next interface, after another time limit


def _is_running(root: Root) -> bool:
    """Whether NetworkManager runs in this network namespace, if that can be seen."""
    return hides_processes(root) or any(command_lines(root, "NetworkManager"))


def _is_active(root: Root, interface: str) -> bool:
    """Whether NetworkManager has got a lease for the interface."""
    state = root.read(f"{_DEVICES}/{socket.if_nametoindex(interface)}") or b""
    return b"\nconnection-uuid=" in state and b"\n[dhcp4]" in state
