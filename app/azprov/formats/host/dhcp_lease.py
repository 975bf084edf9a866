"""DHCP leases: the address of WireServer, which the platform names in option 245.

Four bytes, kept by each client in its own way. Sources, read 2026-11-22: systemd's
sd-dhcp-lease.c, dhclient's pretty_print_option, dhcpcd's dhcp.c, NetworkManager's
nm-dhcp-nettools.c, and what cloud-init and afterburn read. udhcpc keeps no lease, and
NetworkManager's own client, since 1.22, none of its options.
"""

from typing import Any, Dict, Optional

_OPTION = 245
# By systemd-networkd, and NetworkManager's client before 1.22, which was made of it.
_ASSIGNMENT = "OPTION_245="
# By dhclient, NetworkManager's too, which knows no name for it.
_STATEMENT = "option unknown-245 "

# RFC 2131, figure 1: a reply begins with 2, and its options with a cookie at byte 236.
_BOOT_REPLY = b"\x02"
_COOKIE = b"\x63\x82\x53\x63"
_COOKIE_AT = 236
_PAD, _END = 0, 255

# No host has an address with such a first byte: "this network", loopback, and from
# 224 on multicast, reserved and broadcast (RFC 6890).
_NO_HOST = (0, 127, *range(224, 256))
_ADDRESS_BYTES = 4
_LONGEST_ADDRESS = len("255.255.255.255")


def parse_lease(content: bytes) -> Optional[str]:
    """The address that a lease names, dotted; None if it names none.

    Takes what networkd (assignments, or JSON), dhclient (blocks, of which the last of
    each interface counts) and dhcpcd (the reply as it came) write. Raises ValueError,
    which says what is wrong, for another form or an address that no host can have.
    """
    if content[:1] == _BOOT_REPLY:
        return _of_reply(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is neither text nor a DHCP reply") from error
    if text.startswith("{"):
        return _of_json(text)
    found: Dict[str, str] = {}
    interface = value = ""
    for line in map(str.strip, text.split("\n")):
        if line.startswith(_ASSIGNMENT):
            return _address_of(line[len(_ASSIGNMENT) :])
        if line.startswith("lease {"):
            interface = value = ""
        elif line.startswith("interface "):
            interface = line
        elif line.startswith(_STATEMENT):
            value = line[len(_STATEMENT) :].rstrip(";")
        elif line == "}":
            found.pop(interface, None)
            found[interface] = value
    named = [value for value in found.values() if value]
    return _address_of(named[-1]) if named else None


def _of_reply(content: bytes) -> Optional[str]:
    """An option may come in pieces, to be joined (RFC 3396)."""
    at = _COOKIE_AT + len(_COOKIE)
    if content[_COOKIE_AT:at] != _COOKIE:
        raise ValueError("it is no DHCP reply")
    pieces = []
    while content[at : at + 1] not in (b"", bytes([_END])):
        if content[at] == _PAD:
            at += 1
            continue
        end = at + 2 + (content[at + 1] if at + 1 < len(content) else 0)
        if end > len(content):
            raise ValueError("it is cut off")
        if content[at] == _OPTION:
            pieces.append(content[at + 2 : end])
        at = end
    return _dotted(b"".join(pieces)) if pieces else None


def _of_json(text: str) -> Optional[str]:
    import json

    try:
        lease: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    options = lease.get("Private_Options") or []
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise ValueError("it has options of another form")
    values = [option.get("Data") for option in options if option.get("Option") == _OPTION]
    return _address_of(str(values[-1])) if values else None


def _address_of(value: str) -> str:
    """Of "a83f8110", of "a8:3f:81:10", of "168.63.129.16", or of the bytes in quotes."""
    if value.startswith('"'):
        return _dotted(_unquoted(value[1:-1]))
    complaint = f"option 245 is no address: {value[:40]!a}"
    if len(value) > _LONGEST_ADDRESS:
        raise ValueError(complaint)
    try:
        if "." in value:
            data = bytes(map(int, value.split(".")))
        elif ":" in value:
            data = bytes(int(byte, 16) for byte in value.split(":"))
        else:
            data = bytes.fromhex(value)
    except ValueError as error:
        raise ValueError(complaint) from error
    return _dotted(data)


def _unquoted(text: str) -> bytes:
    """As dhclient quotes bytes that all are printable: a backslash before some of them."""
    data = b""
    characters = iter(text)
    for character in characters:
        data += (next(characters, "") if character == "\\" else character).encode("utf-8")
    return data


def _dotted(data: bytes) -> str:
    if len(data) != _ADDRESS_BYTES:
        raise ValueError(f"option 245 has {len(data)} bytes, not {_ADDRESS_BYTES}")
    address = ".".join(map(str, data))
    if data[0] in _NO_HOST:
        raise ValueError(f"option 245 names {address}, which is no host's address")
    return address
