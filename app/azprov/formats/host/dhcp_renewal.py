"""The DHCP message that renews a lease, and the answer to it. Sources: RFC 2131 and 2132."""

from typing import NamedTuple

# op, htype, hlen and hops of a request over Ethernet.
_ETHERNET_REQUEST = b"\x01\x01\x06\x00"
_REPLY = b"\x02"
_COOKIE = b"\x63\x82\x53\x63"
_COOKIE_AT = 236
_HOST_NAME, _MESSAGE_TYPE, _CLIENT_ID, _END = 12, 53, 61, 255
_REQUEST, _ACK = 3, 5
# BOOTP's size, below which relay agents may drop a message (RFC 1542, 2.1).
_SHORTEST = 300


class Renewal(NamedTuple):
    """What a client sends to the server of its lease to renew it."""

    #: Four bytes that the answer repeats.
    transaction: bytes
    address: str
    hardware_address: bytes
    #: Option 61, by which the server knows the client; empty if the client sends none.
    client_id: bytes
    host_name: str


def render_renewal(renewal: Renewal) -> bytes:
    """The message. The address is in `ciaddr`: the client already uses this address."""
    fixed = _ETHERNET_REQUEST + renewal.transaction + bytes(4)
    fixed += bytes(map(int, renewal.address.split("."))) + bytes(12)
    fixed += renewal.hardware_address
    options = _option(_MESSAGE_TYPE, bytes([_REQUEST]))
    if renewal.client_id:
        options += _option(_CLIENT_ID, renewal.client_id)
    options += _option(_HOST_NAME, renewal.host_name.encode("ascii")) + bytes([_END])
    message = fixed.ljust(_COOKIE_AT, b"\0") + _COOKIE + options
    return message.ljust(_SHORTEST, b"\0")


def is_acknowledged(reply: bytes, transaction: bytes) -> bool:
    """Whether a message is the server's consent to this renewal."""
    at = _COOKIE_AT + len(_COOKIE)
    return (
        reply[:1] == _REPLY
        and reply[4:8] == transaction
        and reply[_COOKIE_AT:at] == _COOKIE
        # Servers send the option with the message type first.
        and reply[at : at + 3] == _option(_MESSAGE_TYPE, bytes([_ACK]))
    )


def _option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value
