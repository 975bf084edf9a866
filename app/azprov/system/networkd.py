"""Asking a running systemd-networkd for its state, without a program or a message bus."""

import socket
from typing import Optional

from ..errors import HostError
from .root import Root

#: networkd's varlink interface, https://varlink.org. Any user may ask for the description.
NETWORKD_SOCKET = "/run/systemd/netif/io.systemd.Network"

_DESCRIBE = b'{"method":"io.systemd.Network.Describe"}\0'
# A running networkd replies within milliseconds.
_REPLY_S = 0.5
_LIMIT_BYTES = 4 << 20
_PIECE_BYTES = 1 << 16


def describe_networkd(root: Root) -> Optional[bytes]:
    """The reply with everything that networkd knows; None if it has no such socket.

    Call it only if networkd runs: a connection could start it. Raises HostError.
    """
    if root.status(NETWORKD_SOCKET) is None:
        return None
    reply = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_REPLY_S)
            connection.connect(root.path + NETWORKD_SOCKET)
            connection.sendall(_DESCRIBE)
            while not reply.endswith(b"\0") and len(reply) <= _LIMIT_BYTES:
                piece = connection.recv(_PIECE_BYTES)
                if not piece:
                    break
                reply += piece
    except OSError as error:
        raise HostError(f"networkd does not describe its leases ({error})") from error
    return reply.rstrip(b"\0")
