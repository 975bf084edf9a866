"""DHCP leases: the forms of all clients, and the errors for everything else."""

import json
from typing import Dict, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.dhcp_lease import parse_lease
from sample_files import sample

# Addresses that a host can have, independently of the code.
HOSTS = st.tuples(
    st.integers(1, 223).filter(lambda first: first != 127),
    *[st.integers(0, 255)] * 3,
).map(bytes)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("networkd", "168.63.129.16"),
        ("networkd-json.json", "168.63.129.16"),
        ("networkmanager-internal.lease", "10.9.8.7"),
        ("networkmanager-nettools.lease", None),
        ("dhclient.leases", "168.63.129.16"),
        ("dhclient-printable.lease", "98.76.54.32"),
        ("dhclient-escaped.lease", "34.92.96.36"),
        ("dhclient-two-interfaces.leases", "10.9.8.7"),
        ("dhclient-renewed-without.leases", None),
        ("dhclient-being-written.leases", "10.9.8.7"),
        ("dhcpcd.lease", "168.63.129.16"),
        ("dhcpcd-in-pieces.lease", "10.9.8.7"),
        ("dhcpcd-without.lease", None),
    ],
)
def test_the_lease_of_each_client_is_read(name: str, address: Optional[str]) -> None:
    """A lease without option 245 has no address."""
    assert parse_lease(sample(f"lease/{name}")) == address


REPLY = sample("lease/dhcpcd.lease")[:240]


def leases_of(address: bytes) -> Dict[str, bytes]:
    """A lease of every form with these four bytes in option 245."""
    digits = [f"{byte:x}" for byte in address]
    return {
        "networkd": b"ADDRESS=10.1.0.4\nOPTION_245=" + address.hex().encode() + b"\n",
        "JSON": json.dumps(
            {"Private_Options": [{"Option": 245, "Data": address.hex()}]}, indent=2
        ).encode(),
        "dhclient": b"lease {\n  option unknown-245 " + ":".join(digits).encode() + b";\n}\n",
        "dotted": b"OPTION_245=" + ".".join(map(str, address)).encode() + b"\n",
        "dhcpcd": REPLY + b"\x00\xf5\x04" + address + b"\xff",
    }


@given(HOSTS)
def test_every_address_is_read_back(address: bytes) -> None:
    """All addresses that a host can have are read from every form."""
    expected = "{}.{}.{}.{}".format(*address)

    assert {parse_lease(lease) for lease in leases_of(address).values()} == {expected}


@given(st.lists(st.integers(0x20, 0x7E), min_size=4, max_size=4).map(bytes))
def test_printable_addresses_are_read_back(address: bytes) -> None:
    """dhclient writes printable bytes in quotes, and escapes some of them."""
    quoted = "".join("\\" + c if c in "\"'$`\\" else c for c in address.decode())
    lease = f'lease {{\n  option unknown-245 "{quoted}";\n}}\n'

    assert parse_lease(lease.encode()) == "{}.{}.{}.{}".format(*address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1"]  # noqa: S104 - these are refused
    + ["255.255.255.255"],
)
def test_addresses_that_no_host_can_have_are_refused(address: str) -> None:
    """An address of this network, loopback, multicast, a reserved range or broadcast is invalid."""
    for lease in leases_of(bytes(map(int, address.split(".")))).values():
        with pytest.raises(ValueError, match=f"contains {address}, which is not a host's address"):
            parse_lease(lease)


def test_the_last_lease_of_an_interface_is_used() -> None:
    """dhclient appends to its file, so a renewed lease is newer than one of another interface."""
    lease = 'lease {\n  interface "%s";\n  option unknown-245 %s;\n}\n'
    log = [lease % ("eth0", "a:9:8:1"), lease % ("eth1", "a:9:8:2"), lease % ("eth0", "a:9:8:3")]

    assert parse_lease("".join(log).encode()) == "10.9.8.3"


@pytest.mark.parametrize(
    ("lease", "complaint"),
    [
        (b"OPTION_245=\n", "has 0 bytes, not 4"),
        (b"OPTION_245=a83f81\n", "has 3 bytes, not 4"),
        (b"OPTION_245=a83f811000\n", "has 5 bytes, not 4"),
        (b"OPTION_245=wireserver\n", "is not an address: 'wireserver'"),
        (b"OPTION_245=" + b"9" * 100000 + b"\n", "is not an address: '9999"),
        (b"OPTION_245=168.63.129.256\n", "is not an address: '168.63.129.256'"),
        (b"lease {\noption unknown-245 a8:3f:81;\n}\n", "has 3 bytes, not 4"),
        (b"lease {\noption unknown-245 a8:3f:81:100;\n}\n", "is not an address: 'a8:3f:81:100'"),
        (b'lease {\noption unknown-245 "abc";\n}\n', "has 3 bytes, not 4"),
        (b'lease {\noption unknown-245 ";\n}\n', "has 0 bytes, not 4"),
        (b'{"Private_Options": [{"Option": 245}]}', "is not an address: 'None'"),
        (b'{"Private_Options": {"245": "a83f8110"}}', "options have an unknown form"),
        (b'{"Private_Options": [245]}', "options have an unknown form"),
        (b'{"Private_Options": [', "it is not JSON"),
        (b'{"a": ' * 100000, "it is not JSON"),
        (b"\xff\xfe\x00", "neither text nor a DHCP reply"),
        (b"\x02", "it is not a DHCP reply"),
        (REPLY[:-1] + b"d", "it is not a DHCP reply"),
        (REPLY + b"\xf5", "it is truncated"),
        (REPLY + b"\xf5\x04\xa8\x3f\x81", "it is truncated"),
        (REPLY + b"\xf5\x00\xff", "has 0 bytes, not 4"),
        (REPLY + b"\xf5\x05\xa8\x3f\x81\x10\x00\xff", "has 5 bytes, not 4"),
    ],
)
def test_malformed_leases_are_refused(lease: bytes, complaint: str) -> None:
    """ValueError names the error in the lease."""
    with pytest.raises(ValueError, match=complaint):
        parse_lease(lease)


@pytest.mark.parametrize(
    "lease",
    [
        b"",
        b"option unknown-245 a8:3f:81:10;\n",
        b"lease6 {\n  option unknown-245 a8:3f:81:10;\n",
        b"# OPTION_245=a83f8110\n",
        b"NOOPTION_245=a83f8110\n",
        b"{}",
        b'{"Private_Options": [{"Option": 244, "Data": "a83f8110"}]}',
        REPLY,
        REPLY + b"\xff\xf5\x04\xa8\x3f\x81\x10",
    ],
)
def test_without_the_option_there_is_no_address(lease: bytes) -> None:
    """Text that only looks like the option is ignored."""
    assert parse_lease(lease) is None


def is_address_none_or_value_error(content: bytes) -> bool:
    try:
        address = parse_lease(content)
    except ValueError:
        return True
    return address is None or len(address.split(".")) == 4


@given(st.binary() | st.binary().map(lambda rest: REPLY + rest) | st.text().map(str.encode))
def test_any_bytes_give_an_address_none_or_value_error(content: bytes) -> None:
    """No other exception is raised."""
    assert is_address_none_or_value_error(content)


@given(HOSTS, st.data())
def test_a_damaged_lease_raises_only_value_error(address: bytes, data: st.DataObject) -> None:
    """A lease of any form can be truncated anywhere and have any byte changed."""
    lease = bytearray(data.draw(st.sampled_from(sorted(leases_of(address).values()))))
    lease[data.draw(st.integers(0, len(lease) - 1))] = data.draw(st.integers(0, 255))

    assert is_address_none_or_value_error(bytes(lease[: data.draw(st.integers(0, len(lease)))]))
