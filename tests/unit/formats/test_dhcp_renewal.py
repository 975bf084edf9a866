"""The DHCP message that renews a lease."""

from azprov.formats.host.dhcp_renewal import Renewal, is_acknowledged, render_renewal

ID = b"\x0a\x0b\x0c\x0d"


def test_a_renewal_has_the_clients_address_and_the_host_name() -> None:
    """RFC 2131, table 5: a renewal has ciaddr, and neither server identifier nor option 50."""
    message = render_renewal(Renewal(ID, "10.0.0.4", b"\2\0\0\0\0\1", b"\xff\x01", "Web01"))

    assert message == (
        b"\x01\x01\x06\x00\x0a\x0b\x0c\x0d\0\0\0\0"
        b"\x0a\x00\x00\x04"
        + bytes(12)
        + b"\2\0\0\0\0\1"
        + bytes(10 + 64 + 128)
        + b"\x63\x82\x53\x63"
        + b"\x35\x01\x03"
        + b"\x3d\x02\xff\x01"
        + b"\x0c\x05Web01"
        + b"\xff"
        + bytes(300 - 240 - 3 - 4 - 7 - 1)
    )


def test_a_client_without_an_id_sends_none() -> None:
    """An empty option would be another client for the server."""
    message = render_renewal(Renewal(ID, "10.0.0.4", b"\2\0\0\0\0\1", b"", "w"))

    assert message[240:].rstrip(b"\0") == b"\x35\x01\x03\x0c\x01w\xff"


def test_only_an_acknowledgement_of_this_renewal_counts() -> None:
    """A refusal (6), another transaction, and a truncated message do not count."""
    ack = b"\x02\x01\x06\x00" + ID + bytes(228) + b"\x63\x82\x53\x63\x35\x01\x05\xff"

    assert is_acknowledged(ack, ID)
    assert not is_acknowledged(ack[:-2] + b"\x06\xff", ID)
    assert not is_acknowledged(ack, b"\x0a\x0b\x0c\x0e")
    assert not is_acknowledged(b"\x01" + ack[1:], ID)
    assert not is_acknowledged(ack[:200], ID)
    assert not is_acknowledged(b"", ID)
