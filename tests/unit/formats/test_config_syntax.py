"""Settings in other programs' files: what they say, whatever else is in them."""

from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.config_syntax import (
    Setting,
    parse_assignments,
    parse_sections,
    uncommented,
)
from azprov.formats.host.os_release import parse_os_release


def test_os_release() -> None:
    """Quotes of both kinds, comments and empty lines, as os-release(5) allows them."""
    content = (
        b"# a comment\n\nNAME=\"Rocky Linux\"\nID='rocky'\n"
        b'ID_LIKE="rhel centos fedora"\nVERSION_ID=9\n'
    )

    assert parse_os_release(content) == {
        "NAME": "Rocky Linux",
        "ID": "rocky",
        "ID_LIKE": "rhel centos fedora",
        "VERSION_ID": "9",
    }
    assert parse_os_release(b"") == {}
    assert parse_os_release(b"ID=caf\xe9\n") == {"ID": "caf\ufffd"}


def test_assignments_of_a_shell() -> None:
    """The last one counts, more is added, lines are continued, and none can do harm."""
    text = (
        'A=1\nexport B="b c" # said twice\nA=2\nC=(x "y")\nD+=" d "\nD+=" e "\n'
        'E=long \\\n and on\nF="never closed\nno assignment\n#G=1\nH=\n'
    )

    assert parse_assignments(text) == {
        "A": "2",
        "B": "b c",
        "C": "(x y)",
        "D": " d  e ",
        "E": "long and on",
        "F": "never closed",
        "H": "",
    }


def test_sections() -> None:
    """Keys before any section too, both marks of comments, and repeated keys."""
    text = "a=1\n[Match]\nName = eth0 eth1\n# b=2\n; c=3\n[Network]\nDNS=1\nDNS=2\\\n 3\nno\n"

    assert parse_sections(text) == [
        Setting("", "a", "1"),
        Setting("Match", "Name", "eth0 eth1"),
        Setting("Network", "DNS", "1"),
        Setting("Network", "DNS", "2  3"),
    ]


def test_lines_without_comments() -> None:
    """What is left is trimmed."""
    assert uncommented("# a\n\n b c \n\t# d\ne # f\n") == ["b c", "e # f"]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Without an exception, and to single lines."""
    for name, value in parse_assignments(text).items():
        assert name
        assert "\n" not in value
    for setting in parse_sections(text):
        assert "\n" not in setting.value
    assert all(line == line.strip() for line in uncommented(text))
