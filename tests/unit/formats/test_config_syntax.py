"""Settings in the files of other programs, whatever else these files contain."""

from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.config_syntax import (
    Setting,
    parse_assignments,
    parse_sections,
    uncommented,
)
from azprov.formats.host.os_release import parse_os_release


def test_os_release_is_read() -> None:
    """Both kinds of quotes, comments and empty lines are valid in os-release(5)."""
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


def test_shell_assignments_are_read() -> None:
    """The last assignment wins, += appends, lines are continued, and nothing is expanded."""
    text = (
        'A=1\nexport B="b c" # said twice\nA=2\nC=(x "y")\nD+=" d "\nD+=" e "\n'
        'E=long \\\n and on\nF="never closed\nno assignment\n#G=1\nH=\n'
        'I="a\\"b\\$c\\`d\\\\e\\f"\nJ=\'a\\b\'\\"c\nK=a"b"\\c  d\n'
    )

    assert parse_assignments(text) == {
        "A": "2",
        "B": "b c",
        "C": "(x y)",
        "D": " d  e ",
        "E": "long and on",
        "F": "never closed",
        "H": "",
        "I": 'a"b$c`d\\e\\f',
        "J": 'a\\b"c',
        "K": "abc d",
    }


def test_sections_are_read() -> None:
    """Keys before a section, both comment marks and repeated keys are supported."""
    text = "a=1\n[Match]\nName = eth0 eth1\n# b=2\n; c=3\n[Network]\nDNS=1\nDNS=2\\\n 3\nno\n"

    assert parse_sections(text) == [
        Setting("", "a", "1"),
        Setting("Match", "Name", "eth0 eth1"),
        Setting("Network", "DNS", "1"),
        Setting("Network", "DNS", "2  3"),
    ]


def test_comments_and_empty_lines_are_removed() -> None:
    """The other lines are stripped."""
    assert uncommented("# a\n\n b c \n\t# d\ne # f\n") == ["b c", "e # f"]


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Every value is a single line."""
    for name, value in parse_assignments(text).items():
        assert name
        assert "\n" not in value
    for setting in parse_sections(text):
        assert "\n" not in setting.value
    assert all(line == line.strip() for line in uncommented(text))


def test_a_comment_is_not_continued() -> None:
    """A backslash at its end means nothing, with both marks of comments."""
    text = "; a \\\nb=1\n # c \\\nd=2\n"

    assert parse_sections(text) == [Setting("", "b", "1"), Setting("", "d", "2")]
