"""/etc/hosts: replacing the machine's own name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.hosts import replace_own_name


@pytest.mark.parametrize(
    ("hosts", "renamed"),
    [
        (b"127.0.1.1\told\n", b"127.0.1.1\tnew\n"),
        (b"127.0.1.1 old.example old # ours\r\n", b"127.0.1.1\tnew # ours\r\n"),
        (b" 127.0.1.1 old", b"127.0.1.1\tnew"),
        (b"127.0.0.1 localhost\n::1 ip6\n", b"127.0.0.1 localhost\n::1 ip6\n"),
        (b"#127.0.1.1 old\n127.0.1.10 x\n", b"#127.0.1.1 old\n127.0.1.10 x\n"),
        (b"\xff\xfe\n127.0.1.1\told\n\n", b"\xff\xfe\n127.0.1.1\tnew\n\n"),
        (b"", b""),
    ],
)
def test_only_lines_of_127_0_1_1_change(hosts: bytes, renamed: bytes) -> None:
    """All other lines of /etc/hosts are kept byte for byte, and no line is added."""
    assert replace_own_name(hosts, "new") == renamed


def test_only_a_line_feed_ends_a_line_of_hosts() -> None:
    """Text after a bare "\\r" is on the same line, as for the C library."""
    assert replace_own_name(b"x\r127.0.1.1 a\n", "new") == b"x\r127.0.1.1 a\n"
    assert replace_own_name(b"127.0.1.1 a\rb\n", "new") == b"127.0.1.1\tnew\n"


def test_a_full_name_is_followed_by_its_first_label() -> None:
    """A fully qualified name gets its first label as an alias, as on Debian."""
    assert replace_own_name(b"127.0.1.1 x\n", "a.b.c") == b"127.0.1.1\ta.b.c a\n"


@given(st.binary())
def test_renaming_hosts_is_idempotent(hosts: bytes) -> None:
    """Replacing the name a second time changes nothing."""
    once = replace_own_name(hosts, "new")

    assert replace_own_name(once, "new") == once
