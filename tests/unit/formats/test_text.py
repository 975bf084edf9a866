"""Untrusted text: the characters that are shown, and those that XML allows."""

import subprocess
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.platform.xml import Element, render
from azprov.formats.text import (
    is_web_page,
    lines_of,
    printable,
    printable_lines,
    seconds,
    shell_word,
    text_of,
)


@given(st.text(), st.integers(3, 50))
def test_shown_text_is_printable_and_short(text: str, limit: int) -> None:
    """Line ends and escape sequences are replaced, and a long text is cut."""
    shown = printable(text, limit)

    assert shown.isprintable()
    assert len(shown) <= limit


def test_a_cut_is_marked() -> None:
    """A text that fits is unchanged, and a longer one ends in dots."""
    assert printable("12345", 5) == "12345"
    assert printable("123456", 5) == "12..."
    assert printable("a\x1b[2Jb\nc") == "a?[2Jb?c"


def test_a_document_for_a_terminal_keeps_its_lines() -> None:
    """Escape sequences, bad UTF-8 and bidirectional controls are replaced; line ends are not."""
    document = "<a>\r\n\té\x1b[2J\x9b2J\u202e\r</a>\n".encode() + b"\xff"

    assert printable_lines(text_of(document)) == "<a>\n\té?[2J?2J??</a>\n\ufffd"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_is_decoded_by_its_byte_order_mark(encoding: str) -> None:
    """The mark itself is no part of the text."""
    assert text_of("<a>é</a>".encode(encoding)) == "<a>é</a>"


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_rendering_refuses_characters_that_xml_forbids(character: str) -> None:
    """A character that XML forbids raises ValueError, as no parser would accept the document."""
    with pytest.raises(ValueError, match="XML cannot represent"):
        render(Element("a", character))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/etc/a-b_c@1%:,=+", "/etc/a-b_c@1%:,=+"),
        ("", "''"),
        ("a b", "'a b'"),
        ("$a`b\\*", "'$a`b\\*'"),
        ("it's", "'it'\"'\"'s'"),
        ("a\n%b", None),
        ("a\udcff\x1b'\"$`", None),
    ],
)
def test_a_shell_reads_a_word_as_the_text(text: str, word: Optional[str]) -> None:
    """A text that cannot be printed is written by printf."""
    written = shell_word(text)

    done = subprocess.run(["sh", "-c", f"printf %s {written}"], capture_output=True, check=True)
    assert done.stdout == text.encode("utf-8", "surrogateescape")
    assert written.isprintable()
    assert written == (word or written)


def test_no_word_stands_for_a_line_end_at_the_end() -> None:
    """The shell removes it from what a command prints."""
    with pytest.raises(ValueError, match="line ends"):
        shell_word("a\n")


@pytest.mark.parametrize(
    ("duration_s", "shown"),
    [
        (0.0, "less than 0.1 s"),
        (0.049, "less than 0.1 s"),
        (0.05, "0.1 s"),
        (0.94, "0.9 s"),
        (0.95, "1 s"),
        (4.95, "5 s"),
        (300.0, "300 s"),
    ],
)
def test_a_duration_is_never_shown_as_zero(duration_s: float, shown: str) -> None:
    """A digit after the point is shown below a second only."""
    assert seconds(duration_s) == shown


@pytest.mark.parametrize(
    ("text", "is_page"),
    [
        ("<html>", True),
        ("\r\n <HTML lang=en>", True),
        ("<!DOCTYPE html>\n<html>", True),
        ("<!doctype html SYSTEM>", True),
        ("<htm", False),
        ("<Health><html>", False),
        ("", False),
    ],
)
def test_a_web_page_is_recognised_by_its_beginning(text: str, is_page: bool) -> None:
    """Proxies and captive portals answer with one in place of the platform."""
    assert is_web_page(text) is is_page


def test_a_line_ends_with_a_line_feed() -> None:
    """The ends are kept, and the last line may lack one."""
    assert lines_of(b"a\n\nb\rc\r\nd") == [b"a\n", b"\n", b"b\rc\r\n", b"d"]
    assert lines_of(b"") == []
