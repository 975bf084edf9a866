"""Leases in the status that networkctl writes."""

import json
from typing import Any

import pytest

from azprov.formats.host.networkd_status import NetworkdLease, parse_networkd_status

ADDRESS = {
    "Family": 2,
    "AddressString": "10.0.0.4",
    "Address": [10, 0, 0, 4],
    "PrefixLength": 24,
    "ConfigSource": "DHCPv4",
    "ConfigProviderString": "10.0.0.1",
}
LINK_LOCAL = {"Family": 10, "AddressString": "fe80::1", "ConfigSource": "foreign"}


def status(**more: Any) -> bytes:
    return json.dumps({"Index": 2, "Name": "host0", **more}).encode()


def test_the_lease_of_an_interface_is_found() -> None:
    """systemd 262 reports the address, the server and the client's identifier."""
    client = {"ClientIdentifier": [255, 146, 7, 160, 33, 0, 2]}

    found = parse_networkd_status(status(Addresses=[LINK_LOCAL, ADDRESS], DHCPv4Client=client))

    assert found == NetworkdLease("10.0.0.4", "10.0.0.1", b"\xff\x92\x07\xa0\x21\x00\x02")


def test_a_static_address_is_no_lease() -> None:
    """An interface without DHCP has nothing that can be renewed."""
    static = {**ADDRESS, "ConfigSource": "static"}

    assert parse_networkd_status(status(Addresses=[static])) is None
    assert parse_networkd_status(status()) is None


def test_a_lease_without_a_client_identifier_is_left_to_the_files() -> None:
    """A renewal without the identifier would come from another client, for the server."""
    assert parse_networkd_status(status(Addresses=[ADDRESS])) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "not written the status"),
        (b"\xff", "can't decode"),
        (status(Addresses=7), "no list of addresses"),
        (status(Addresses=[7]), "not written the status"),
        (status(Addresses=[ADDRESS], DHCPv4Client=7), "not written the status"),
        (status(DHCPv4Client={"ClientIdentifier": ["a"]}), "no client identifier"),
        (status(DHCPv4Client={"ClientIdentifier": [256]}), "must be in range"),
    ],
)
def test_another_output_is_refused(content: bytes, reason: str) -> None:
    """An unexpected form is a ValueError, which the caller logs."""
    with pytest.raises(ValueError, match=reason):
        parse_networkd_status(content)
