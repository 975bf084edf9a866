"""Leases in networkd's description of all interfaces."""

import json
from typing import Any

import pytest

from azprov.formats.host.networkd_description import NetworkdLease, parse_described_leases
from sample_files import sample

ADDRESS = {
    "Family": 2,
    "AddressString": "10.0.0.4",
    "ConfigSource": "DHCPv4",
    "ConfigProviderString": "10.0.0.1",
}
LINK_LOCAL = {"Family": 10, "AddressString": "fe80::1", "ConfigSource": "foreign"}
CLIENT = {"ClientIdentifier": [255, 1, 2]}


def description(**interface: Any) -> bytes:
    """A description with one interface."""
    return json.dumps({"parameters": {"Interfaces": [{"Name": "eth0", **interface}]}}).encode()


def test_the_lease_of_each_interface_is_found() -> None:
    """systemd 262 wrote this description; the loopback has no lease."""
    client_id = "ff37f7ebd300020000ab11dede0fabf5e9fca3"

    assert parse_described_leases(sample("lease/networkd-describe.json")) == {
        "eth0": NetworkdLease("10.0.0.8", "10.0.0.1", bytes.fromhex(client_id))
    }


def test_a_lease_is_found_among_other_addresses() -> None:
    """An interface has a link-local address, too."""
    found = parse_described_leases(
        description(Addresses=[LINK_LOCAL, ADDRESS], DHCPv4Client=CLIENT)
    )

    assert found == {"eth0": NetworkdLease("10.0.0.4", "10.0.0.1", b"\xff\x01\x02")}


def test_a_static_address_is_no_lease() -> None:
    """An interface without DHCP has nothing that can be renewed."""
    static = {**ADDRESS, "ConfigSource": "static"}

    assert parse_described_leases(description(Addresses=[static], DHCPv4Client=CLIENT)) == {}
    assert parse_described_leases(description()) == {}


def test_a_lease_without_a_client_identifier_is_not_renewed() -> None:
    """A renewal without the identifier would come from another client, for the server."""
    assert parse_described_leases(description(Addresses=[ADDRESS])) == {}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", r"networkd's description is not JSON\Z"),
        (b"\xff", r"networkd's description is not JSON\Z"),
        (b"[]", r"networkd's description has an unknown form\Z"),
        (b"[" * 100_000, r"networkd's description has an unknown form\Z"),
        (b'{"error":"x"}', r"networkd's description has an unknown form\Z"),
        (description(Name=[]), r"networkd's description has an unknown form\Z"),
        (description(Addresses=7), r"networkd's description has an unknown form\Z"),
        (description(DHCPv4Client=7), r"networkd's description has an unknown form\Z"),
        (
            description(Addresses=[7], DHCPv4Client=CLIENT),
            r"networkd's description has an unknown form\Z",
        ),
        (
            description(DHCPv4Client={"ClientIdentifier": 1 << 40}),
            r"networkd's description has an unknown form\Z",
        ),
        (
            description(DHCPv4Client={"ClientIdentifier": ["a"]}),
            r"networkd's description has an unknown form\Z",
        ),
        (description(DHCPv4Client={"ClientIdentifier": [256]}), "must be in range"),
    ],
)
def test_another_reply_is_refused(reply: bytes, reason: str) -> None:
    """An unexpected form is a ValueError, which the caller logs."""
    with pytest.raises(ValueError, match=reason):
        parse_described_leases(reply)
