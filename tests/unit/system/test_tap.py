"""The request for a network device, byte by byte."""

from azprov.system.tap import tap_request


def test_the_request_has_the_name_and_the_flags_of_a_tap_without_a_header() -> None:
    """TUNSETIFF gets a struct ifreq: 16 bytes of name, IFF_TAP | IFF_NO_PI, 22 unused bytes."""
    assert tap_request("azprov0") == b"azprov0" + bytes(9) + b"\x02\x10" + bytes(22)
