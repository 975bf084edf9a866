"""/etc/hosts: replacing the machine's own name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azprov.formats.host.hosts import replace_own_name


@pytest.mark.parametrize(
    ("hosts", "renamed"),
    [
        (b"127.0.1.1\told\n", b"127.0.1.1\tnew\n"),
        (b"127.0.1.1 old # ours\r\n", b"127.0.1.1 new # ours\r\n"),
        (b" 127.0.1.1 old", b" 127.0.1.1 new"),
        (b"127.0.1.1 OLD\n", b"127.0.1.1 new\n"),
        (b"127.0.0.1 localhost old\n::1 old\n", b"127.0.0.1 localhost old\n::1 old\n"),
        (b"#127.0.1.1 old\n127.0.1.10 old\n", b"#127.0.1.1 old\n127.0.1.10 old\n"),
        (b"\xff\xfe\n127.0.1.1\told\n\n", b"\xff\xfe\n127.0.1.1\tnew\n\n"),
        (b"", b""),
    ],
)
def test_the_old_name_of_127_0_1_1_is_replaced(hosts: bytes, renamed: bytes) -> None:
    """All other lines of /etc/hosts are kept byte for byte, and no line is added."""
    assert replace_own_name(hosts, ["old"], "new") == renamed


@pytest.mark.parametrize(
    ("hosts", "renamed"),
    [
        (b"127.0.1.1 old db  cache\n", b"127.0.1.1 new db  cache\n"),
        (b"127.0.1.1 db old\n127.0.1.1 mail\n", b"127.0.1.1 db new\n127.0.1.1 mail\n"),
        (b"127.0.1.1 mail\n127.0.1.1 old db\n", b"127.0.1.1 mail\n127.0.1.1 new db\n"),
        (b"127.0.1.1 older old-db\n", b"127.0.1.1 new older old-db\n"),
        (b"127.0.1.1 old.example old db\n", b"127.0.1.1 new.example new db\n"),
        (b"127.0.1.1 old new\n", b"127.0.1.1 new\n"),
    ],
)
def test_aliases_of_127_0_1_1_are_kept(hosts: bytes, renamed: bytes) -> None:
    """Only the machine's own name, with or without a domain, is replaced."""
    assert replace_own_name(hosts, ["old"], "new") == renamed


def test_a_name_that_hosts_lacks_is_put_before_the_aliases() -> None:
    """The new name must resolve, even if 127.0.1.1 does not have the old one."""
    assert replace_own_name(b"127.0.1.1\tdb c\n", ["old"], "new") == b"127.0.1.1\tnew\tdb c\n"
    assert replace_own_name(b"127.0.1.1\tdb new\n", ["old"], "new") == b"127.0.1.1\tdb new\n"
    assert replace_own_name(b"127.0.1.1\n", ["old"], "new") == b"127.0.1.1\tnew\n"


def test_without_an_old_name_the_first_one_is_replaced() -> None:
    """An image without /etc/hostname has its own name only in /etc/hosts."""
    assert replace_own_name(b"127.0.1.1 image db\n", [], "new") == b"127.0.1.1 new db\n"


def test_the_only_name_of_127_0_1_1_is_the_machines_own() -> None:
    """After a power cut between the two files, /etc/hostname does not have that name."""
    assert replace_own_name(b"127.0.1.1\tcut\n", ["old"], "new") == b"127.0.1.1\tnew\n"
    assert replace_own_name(b"127.0.1.1 cut.x cut\n", ["old"], "new") == b"127.0.1.1 new.x new\n"


def test_only_a_change_of_case_is_made_too() -> None:
    """A name that differs from the old one in case only is written as Azure has it."""
    assert replace_own_name(b"127.0.1.1 web01 db\n", ["web01"], "Web01") == b"127.0.1.1 Web01 db\n"


def test_only_a_line_feed_ends_a_line_of_hosts() -> None:
    """Text after a bare "\\r" is on the same line, as for the C library."""
    assert replace_own_name(b"x\r127.0.1.1 old\n", ["old"], "new") == b"x\r127.0.1.1 old\n"
    assert replace_own_name(b"127.0.1.1 old\rb\n", ["old"], "new") == b"127.0.1.1 new\rb\n"


def test_a_full_name_is_followed_by_its_first_label() -> None:
    """A fully qualified name gets its first label as an alias, as on Debian."""
    assert replace_own_name(b"127.0.1.1 x\n", ["x"], "a.b.c") == b"127.0.1.1 a.b.c a\n"
    assert replace_own_name(b"127.0.1.1 x.y x\n", ["x.y"], "a.b.c") == b"127.0.1.1 a.b.c a\n"
    assert replace_own_name(b"127.0.1.1 x.y db\n", ["x.y"], "a") == b"127.0.1.1 a.y a db\n"


HOSTS = st.text("127.0.1.1 oldnew#a\t\r\n").map(str.encode) | st.lists(
    st.sampled_from([b"127.0.1.1", b"old", b"old.x", b"new", b"new.y", b"a", b" ", b"\n", b"#"])
).map(b" ".join)


@given(HOSTS, st.sampled_from(["new", "new.y", "old", "a.old"]))
@example(b"127.0.1.1 old new.y new.y", "new")
def test_renaming_hosts_is_idempotent(hosts: bytes, name: str) -> None:
    """Replacing the name a second time changes nothing."""
    once = replace_own_name(hosts, ["old"], name)

    assert replace_own_name(once, ["old"], name) == once
    assert len(once.split(b"\n")) == len(hosts.split(b"\n"))
