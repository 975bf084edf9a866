"""Texts from elsewhere, as they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.platform.xml import Element, render
from azprov.formats.text import printable


@given(st.text(), st.integers(3, 50))
def test_what_is_shown_is_printable_and_short(text: str, limit: int) -> None:
    """No line end, escape sequence or endless text gets through."""
    shown = printable(text, limit)

    assert shown.isprintable()
    assert len(shown) <= limit


def test_a_cut_is_marked() -> None:
    """Text that fits stays, text that does not ends in dots."""
    assert printable("12345", 5) == "12345"
    assert printable("123456", 5) == "12..."
    assert printable("a\x1b[2Jb\nc") == "a?[2Jb?c"


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_rendering_refuses_what_xml_cannot_hold(character: str) -> None:
    """A document that no parser would read is not rendered."""
    with pytest.raises(ValueError, match="XML cannot represent"):
        render(Element("a", character))
