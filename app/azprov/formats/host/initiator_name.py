"""The name of an iSCSI initiator, by which a storage server knows a machine.

Source: open-iscsi's startup-checks.sh of Debian, and its iscsi-init.service.
"""

INITIATOR = "/etc/iscsi/initiatorname.iscsi"


def without_initiator(content: bytes) -> bytes:
    """The content that has Debian's service make a new name at its next start.

    Unchanged without a name.
    """
    has_name = any(line.startswith(b"InitiatorName=") for line in content.split(b"\n"))
    return b"GenerateName=yes\n" if has_name else content
