"""The name of an iSCSI initiator: each VM makes its own."""

from azprov.formats.host.initiator_name import INITIATOR, without_initiator


def test_the_file_is_that_of_open_iscsi() -> None:
    """Its path is fixed."""
    assert INITIATOR == "/etc/iscsi/initiatorname.iscsi"


def test_a_name_is_replaced_by_the_order_to_make_one() -> None:
    """Debian's service does so at its next start."""
    named = b"## A comment\nInitiatorName=iqn.1993-08.org.debian:01:abc\n"

    assert without_initiator(named) == b"GenerateName=yes\n"


def test_a_file_without_a_name_is_unchanged() -> None:
    """The order itself is one, and so is a name in a comment."""
    assert without_initiator(b"GenerateName=yes\n") == b"GenerateName=yes\n"
    assert without_initiator(b"#InitiatorName=a\n") == b"#InitiatorName=a\n"
    assert without_initiator(b"") == b""
