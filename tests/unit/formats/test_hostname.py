"""Host names: which are accepted, and the reasons against the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import UnusableError
from azprov.formats.host.hostname import parse_hostname


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web01", "web01"),
        ("WEB-01", "WEB-01"),
        ("Web01", "Web01"),
        ("web01\n", "web01"),
        ("web01.", "web01"),
        ("web01.\n", "web01"),
        ("a.b.example", "a.b.example"),
        ("3com", "3com"),
        ("0x7g", "0x7g"),
        ("0xg7", "0xg7"),
        ("0x7f.web", "0x7f.web"),
        ("x" * 63, "x" * 63),
        ("x" * 64, "x" * 64),
        ("X" + "y" * 62 + "Z", "X" + "y" * 62 + "Z"),
        ("x" * 60 + ".yz", "x" * 60 + ".yz"),
    ],
)
def test_host_names_are_accepted(text: str, name: str) -> None:
    """Case is kept, 64 letters are allowed, and one trailing line end and one dot are removed."""
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
        "x" * 65,
        "0x7f000001",
        "0X7F.1",
        "0x",
        "0x7f.0.0.0177",
        "x" * 40 + "." + "y" * 24,
        "10.0.0.4",
        "1234",
        "--help",
    ],
)
def test_other_host_names_are_refused(text: str) -> None:
    """An invalid name raises UnusableError with exit code 78, and is not repaired."""
    with pytest.raises(UnusableError) as refusal:
        parse_hostname(text)

    assert refusal.value.exit_code == 78
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "it is empty"),
        ("x" * 65, "it is longer than 64 characters"),
        ("x" * 40 + "." + "y" * 24, "it is longer than 64 characters"),
        ("10.0.0.4", "it is a number or an IP address"),
        ("set_0", "it is not made of letters, digits and inner hyphens"),
    ],
)
def test_a_refusal_names_the_reason(text: str, flaw: str) -> None:
    """The message has one reason, and it is the right one."""
    with pytest.raises(UnusableError, match=flaw):
        parse_hostname(text)


@given(st.text() | st.text("aZ09-._\n", max_size=70))
def test_accepted_host_names_are_safe_everywhere(text: str) -> None:
    """An accepted name has no special meaning to a shell, a path or the kernel."""
    try:
        name = parse_hostname(text)
    except UnusableError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    assert 1 <= len(name.encode()) <= 64
    assert name == parse_hostname(name)
    assert text.startswith(name)
