"""Host names: what may be one, and the files that hold it."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import HostError, UnusableError
from azprov.formats.host.hostname import parse_hostname
from azprov.formats.host.hosts import replace_own_name
from azprov.system.hostname import set_hostname
from azprov.system.root import Root
from ports import NoCommands


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web01", "web01"),
        ("WEB-01", "web-01"),
        ("web01\n", "web01"),
        ("web01.", "web01"),
        ("web01.\n", "web01"),
        ("a.b.example", "a.b.example"),
        ("3com", "3com"),
        ("x" * 63, "x" * 63),
        ("x" * 60 + ".yz", "x" * 60 + ".yz"),
    ],
)
def test_host_names_are_taken(text: str, name: str) -> None:
    """Case folds, one trailing line end and one trailing dot go; nothing else is changed."""
    assert parse_hostname(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "\n",
        "web_01",
        "set_0",
        "-web",
        "web-",
        "a..b",
        ".a",
        "a.-b",
        "web 01",
        " web01",
        "web01\n\n",
        "web01\r\n",
        "web01..",
        "web\x0001",
        "w\N{LATIN SMALL LETTER E WITH ACUTE}b",
        "\N{KELVIN SIGN}elvin",
        "xn--\N{SNOWMAN}",
        "$(reboot)",
        "a;b",
        "a/b",
        "../etc",
        "<html><head><title>Sign in</title></head></html>",
        "x" * 64,
        "x" * 40 + "." + "y" * 24,
        "10.0.0.4",
        "1234",
        "--help",
    ],
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    """Exit 78, never repaired into a surprise."""
    with pytest.raises(UnusableError) as refusal:
        parse_hostname(text)

    assert refusal.value.exit_code == 78
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "it is empty"),
        ("x" * 64, "it is more than 63 characters without a dot"),
        ("x" * 40 + "." + "y" * 24, "it is longer than 64 characters"),
        ("10.0.0.4", "it is a number or an IP address"),
        ("set_0", "it is not made of letters, digits and inner hyphens"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, flaw: str) -> None:
    """One reason, the right one."""
    with pytest.raises(UnusableError, match=flaw):
        parse_hostname(text)


@given(st.text() | st.text("aZ09-._\n", max_size=70))
def test_a_host_name_is_safe_everywhere(text: str) -> None:
    """Whatever comes in, what comes out fits a shell, a path and the kernel."""
    try:
        name = parse_hostname(text)
    except UnusableError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert 1 <= len(name.encode()) <= 64
    assert name == parse_hostname(name)
    assert text.lower().startswith(name)


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
def test_only_the_own_line_of_hosts_changes(hosts: bytes, renamed: bytes) -> None:
    """All others stay byte for byte, and none is added."""
    assert replace_own_name(hosts, "new") == renamed


def test_a_line_of_hosts_ends_where_the_c_library_sees_its_end() -> None:
    """What follows a bare "\\r" or a form feed is on the same line."""
    assert replace_own_name(b"x\r127.0.1.1 a\n", "new") == b"x\r127.0.1.1 a\n"
    assert replace_own_name(b"127.0.1.1 a\rb\n", "new") == b"127.0.1.1\tnew\n"


def test_a_full_name_is_followed_by_its_first_label() -> None:
    """As Debian writes it."""
    assert replace_own_name(b"127.0.1.1 x\n", "a.b.c") == b"127.0.1.1\ta.b.c a\n"


@given(st.binary())
def test_renaming_hosts_is_idempotent(hosts: bytes) -> None:
    """A second time changes nothing."""
    once = replace_own_name(hosts, "new")

    assert replace_own_name(once, "new") == once


def image(folder: Path) -> Root:
    (folder / "etc").mkdir()
    (folder / "etc" / "hostname").write_text("image\n")
    return Root(str(folder))


def test_an_image_is_renamed_in_its_files(tmp_path: Path) -> None:
    """No command is run, and this machine keeps its name."""
    root = image(tmp_path)
    (tmp_path / "etc" / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 image\n")
    before = socket.gethostname()

    set_hostname(root, "web01", NoCommands())
    set_hostname(root, "web01", NoCommands())

    assert (tmp_path / "etc" / "hostname").read_text() == "web01\n"
    assert (tmp_path / "etc" / "hosts").read_text() == "127.0.0.1 localhost\n127.0.1.1\tweb01\n"
    assert socket.gethostname() == before


def test_a_link_is_followed_inside_the_root(tmp_path: Path) -> None:
    """An absolute link too; what it names outside is untouched."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "writable").mkdir()
    (tmp_path / "etc" / "hostname").symlink_to("/writable/name")

    set_hostname(Root(str(tmp_path)), "web01", NoCommands())

    assert (tmp_path / "writable" / "name").read_text() == "web01\n"
    assert (tmp_path / "etc" / "hostname").is_symlink()


def test_no_hosts_file_is_made(tmp_path: Path) -> None:
    """Where there is none, there is none afterwards."""
    set_hostname(image(tmp_path), "web01", NoCommands())

    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["hostname"]


def test_what_can_be_done_is_done(tmp_path: Path) -> None:
    """A hostname that cannot be written does not keep hosts from it; the failure is told."""
    root = image(tmp_path)
    hosts = tmp_path / "etc" / "hosts"
    hosts.write_text("127.0.1.1 image\n")
    (tmp_path / "etc" / "hostname").unlink()
    (tmp_path / "etc" / "hostname").mkdir()

    with pytest.raises(HostError, match=r"etc/hostname") as failure:
        set_hostname(root, "web01", NoCommands())

    assert failure.value.exit_code == 73
    assert hosts.read_text() == "127.0.1.1\tweb01\n"
