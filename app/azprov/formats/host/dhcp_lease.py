"""DHCP leases: the address of WireServer, which the platform sends in option 245.

The option has four bytes, and each client stores it in its own form. Sources, read
2026-11-22: systemd's sd-dhcp-lease.c, dhclient's pretty_print_option, dhcpcd's dhcp.c,
NetworkManager's nm-dhcp-nettools.c, and the parsers of cloud-init and afterburn. udhcpc
stores no lease, and NetworkManager's own client stores no options since version 1.22.
"""

from typing import Any, Dict, List, Optional

_OPTION = 245
# In files of systemd-networkd, and of NetworkManager before 1.22, which used its code.
_ASSIGNMENT = "OPTION_245="
# In files of dhclient, which has no name for this option; NetworkManager can run it.
_STATEMENT = "option unknown-245 "
# Seconds since the lease was written, in the same files; and the option for it in a reply.
_LIFETIME = "LIFETIME="
_LIFETIME_OPTION = 51
_INFINITE_S = 0xFFFFFFFF
# int() is slow for many digits, or refuses them. The other one is for a time of a lease.
_LONGEST_NUMBER, _LONGEST_EXPIRY = len(str(_INFINITE_S)), 40

# RFC 2131, figure 1: the first byte of a reply is 2, and the cookie at byte 236 precedes
# the options.
_BOOT_REPLY = b"\x02"
_COOKIE = b"\x63\x82\x53\x63"
_COOKIE_AT = 236
_PAD, _END = 0, 255

# First bytes that no host address has: "this network", loopback, and from 224 multicast,
# reserved and broadcast (RFC 6890).
_NO_HOST = (0, 127, *range(224, 256))
_ADDRESS_BYTES = 4
_LONGEST_ADDRESS = len("255.255.255.255")


def parse_lease(
    content: bytes, *, interface: str = "", now: float = 0.0, written_at: float = float("inf")
) -> Optional[str]:
    """The address in option 245 of a lease, in dotted form; None without the option.

    Reads the forms of networkd (assignments or JSON), dhclient (blocks, the last one of
    each interface is in effect) and dhcpcd (the reply's bytes). Leases of dhclient for an
    interface other than `interface`, if given, and leases that expired before `now` do not
    count; times are seconds since 1970, and `written_at` is that of the file. Raises
    ValueError with a sentence that names the error, also for an address that no host can
    have.
    """
    if content[:1] == _BOOT_REPLY:
        return _of_reply(content, now - written_at)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is neither text nor a DHCP reply") from error
    if text.startswith("{"):
        return _of_json(text)
    lines = list(map(str.strip, text.split("\n")))
    assigned = [line[len(_ASSIGNMENT) :] for line in lines if line.startswith(_ASSIGNMENT)]
    if not assigned:
        return _of_blocks(lines, interface, now)
    lifetimes = [line[len(_LIFETIME) :] for line in lines if line.startswith(_LIFETIME)]
    is_over = any(_is_over(lifetime, now - written_at) for lifetime in lifetimes)
    return None if is_over else _address_of(assigned[0])


def _of_blocks(lines: List[str], interface: str, now: float) -> Optional[str]:
    found: Dict[str, str] = {}
    name = value = expiry = ""
    for line in lines:
        if line.startswith("lease {"):
            name = value = expiry = ""
        elif line.startswith("interface "):
            name = line[len("interface ") :].strip('";')
        elif line.startswith("expire "):
            expiry = line[len("expire ") :].partition(";")[0]
        elif line.startswith(_STATEMENT):
            value = line[len(_STATEMENT) :].rstrip(";")
        elif line == "}":
            found.pop(name, None)
            is_other = bool(interface and name) and name != interface
            found[name] = "" if is_other or _expires_at(expiry) < now else value
    named = [value for value in found.values() if value]
    return _address_of(named[-1]) if named else None


def _is_over(lifetime: str, age_s: float) -> bool:
    if len(lifetime) > _LONGEST_NUMBER or not lifetime.isdigit():
        return False
    return int(lifetime) != _INFINITE_S and int(lifetime) < age_s


def _expires_at(expiry: str) -> float:
    """The time in `4 2026/06/01 12:00:00` (UTC) or `epoch 1780315200`; infinite for `never`.

    Source: dhclient.leases(5). A time in any other form counts as infinite.
    """
    words = expiry[:_LONGEST_EXPIRY].split()
    try:
        if words[0] == "epoch":
            return float(int(words[1]))
        from calendar import timegm

        date, time = words[1].split("/"), words[2].split(":")
        year, month, day, hour, minute, second = map(int, date + time)
        return float(timegm((year, month, day, hour, minute, second)))
    except (ValueError, IndexError, OverflowError):
        return float("inf")


def parse_networkd_description(reply: bytes) -> Dict[str, str]:
    """The address in option 245 by interface, in networkd's varlink reply to Describe.

    networkd of systemd 262 stores no leases. An interface without the option is left out.
    Raises ValueError with a sentence that names the error.
    """
    # Only this form needs json.
    from .networkd_description import read_interfaces

    return read_interfaces(reply, _described_address)


def _described_address(interface: Dict[str, Any]) -> Optional[str]:
    for option in interface.get("DHCPv4Client", {}).get("PrivateOptions", ()):
        if option["Option"] == _OPTION:
            return _address_of(str(option["PrivateOptionData"]))
    return None


def _of_reply(content: bytes, age_s: float) -> Optional[str]:
    """The address in a reply, where an option can be split into parts (RFC 3396)."""
    at = _COOKIE_AT + len(_COOKIE)
    if content[_COOKIE_AT:at] != _COOKIE:
        raise ValueError("it is not a DHCP reply")
    pieces = []
    while content[at : at + 1] not in (b"", bytes([_END])):
        if content[at] == _PAD:
            at += 1
            continue
        end = at + 2 + (content[at + 1] if at + 1 < len(content) else 0)
        if end > len(content):
            raise ValueError("it is truncated")
        if content[at] == _OPTION:
            pieces.append(content[at + 2 : end])
        elif content[at] == _LIFETIME_OPTION:
            lifetime = int.from_bytes(content[at + 2 : end], "big")
            if _is_over(str(lifetime), age_s):
                return None
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
        raise ValueError("its options have an unknown form")
    values = [option.get("Data") for option in options if option.get("Option") == _OPTION]
    return _address_of(str(values[-1])) if values else None


def _address_of(value: str) -> str:
    """Parse `a83f8110`, `a8:3f:81:10`, `168.63.129.16`, or the four bytes in quotes."""
    if value.startswith('"'):
        return _dotted(_unquoted(value[1:-1]))
    complaint = f"option 245 is not an address: {value[:40]!a}"
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
    """Undo the quoting that dhclient uses if all bytes are printable."""
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
        raise ValueError(f"option 245 contains {address}, which is not a host's address")
    return address
