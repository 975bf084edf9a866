"""systemd-networkd: announcing a name by a renewal of its lease.

networkd, at least up to version 257, keeps the name that it had when its client started:
`networkctl renew` sends that name (systemd #36440). `networkctl reconfigure` sends the new
one, but it removes the address for a moment, even with KeepConfiguration= (version 252).
So azprov itself sends the renewal that networkd would send, with the new name.
"""

import os
import socket
from contextlib import suppress
from typing import Dict, Iterator

from ...formats.host.dhcp_renewal import Renewal, is_acknowledged, render_renewal
from ...formats.host.networkd_description import NetworkdLease, parse_described_leases
from ..clock import Clock
from ..root import Root
from .machine import Sent, address_of, hardware_address_of

_STATE = "/run/systemd/netif/state"
_LEASES = "/run/systemd/netif/leases"
_SERVER_PORT, _CLIENT_PORT = 67, 68
_ATTEMPTS = 2
_ANSWER_S = 1.0
_POLL_S = 0.05
_LIMIT_BYTES = 2048


def announce(root: Root, name: str, clock: Clock) -> Iterator[Sent]:
    leases = _stored_leases(root) or _described_leases(root)
    for interface, lease in leases.items():
        # The lease may be of another network namespace, or an old one.
        if lease.server and lease.address and address_of(interface) == lease.address:
            renewal = Renewal(
                os.urandom(4),
                lease.address,
                hardware_address_of(interface),
                lease.client_id,
                name,
            )
            is_known = _renew(interface, renewal, lease.server, clock)
            flaw = "" if is_known else f"the DHCP server {lease.server} did not answer"
            yield Sent(interface, flaw)


def _stored_leases(root: Root) -> Dict[str, NetworkdLease]:
    """The leases by their interfaces; networkd has stored them up to version 257 or later."""
    leases = {}
    for index in filter(str.isdigit, root.names(_LEASES)):
        lease = _assignments(root.read(f"{_LEASES}/{index}") or b"")
        with suppress(OSError, ValueError, OverflowError):
            leases[socket.if_indextoname(int(index))] = NetworkdLease(
                lease.get("ADDRESS", ""),
                lease.get("SERVER_ADDRESS", ""),
                bytes.fromhex(lease.get("CLIENTID", "")),
            )
    return leases


def _described_leases(root: Root) -> Dict[str, NetworkdLease]:
    """The leases by their interfaces, as a running networkd describes them; 262 stores none."""
    if root.status(_STATE) is None:
        return {}
    # Not imported without networkd.
    from ..networkd import describe_networkd

    reply = describe_networkd(root)
    return {} if reply is None else parse_described_leases(reply)


def _assignments(content: bytes) -> Dict[str, str]:
    lines = content.decode("ascii", "replace").split("\n")
    return {key: value for key, _, value in (line.partition("=") for line in lines)}


def _renew(interface: str, renewal: Renewal, server: str, clock: Clock) -> bool:
    """Whether the server has consented to the renewal."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        # networkd uses the same port. The answer comes here, because this socket is connected.
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(PermissionError):  # before Linux 5.7
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(interface))
        udp.bind((renewal.address, _CLIENT_PORT))
        udp.connect((server, _SERVER_PORT))
        udp.settimeout(_POLL_S)
        for _ in range(_ATTEMPTS):
            until = clock.now() + _ANSWER_S
            udp.send(render_renewal(renewal))
            while clock.now() < until:
                with suppress(socket.timeout):
                    if is_acknowledged(udp.recv(_LIMIT_BYTES), renewal.transaction):
                        return True
    return False
