"""The content of authorized_keys: which lines are keys, and what is added."""

import pytest

from azprov.formats.host.authorized_keys import find_other_line, has_key, merge_authorized_keys
from azprov.formats.host.ssh_keys import parse_line
from sample_files import sample

KEY = sample("ssh_key/ed25519.pub").decode().split()[:2]
LINE = " ".join(KEY).encode()


@pytest.mark.parametrize(
    ("line", "is_key"),
    [
        (LINE, True),
        (b"\t " + LINE + b" X\r", True),
        (b'no-pty,command="a b" ' + LINE, True),
        (b"ssh-dss AAAAB3NzaC1kc3M=", True),
        (b"web01,192.0.2.4 " + LINE, False),
        (b"UUID=1234 / ext4 defaults 0 1", False),
        (b"X" + LINE, False),
    ],
)
def test_a_line_of_keys_is_recognised(line: bytes, *, is_key: bool) -> None:
    """A key may have options; a line of known_hosts or fstab is no key."""
    content = b"# a comment\n\n \t\r\n" + line + b"\n"

    assert has_key(content) is is_key
    assert find_other_line(content) == (0 if is_key else 4)


def test_a_missing_key_is_appended() -> None:
    """Every other byte is kept, and a last line gets its end."""
    key = parse_line(LINE.decode())

    assert merge_authorized_keys(b"", [key, key]) == LINE + b"\n"
    assert merge_authorized_keys(b"# mine", [key]) == b"# mine\n" + LINE + b"\n"
    assert merge_authorized_keys(b"\t" + LINE + b" a\r", [key]) == b"\t" + LINE + b" a\r"
    assert merge_authorized_keys(b"no-pty " + LINE, [key]) == b"no-pty " + LINE
