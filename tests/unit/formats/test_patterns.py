"""Patterns of names with *, ? and brackets."""

import ctypes
import sys
from itertools import product
from types import FrameType
from typing import Any, Callable, Optional

import pytest

from azprov.formats.patterns import is_pattern, matches

MATCHING = [
    ("eth0", "eth0"),
    ("eth0", "eth*"),
    ("eth0", "*"),
    ("eth0", "e?h?"),
    ("eth0", "et[gh]0"),
    ("eth0", "eth[0-9]"),
    ("eth0", "eth[!1-9]"),
    ("a]b", "a[]]b"),
    ("a[b", "a[[]b"),
    ("a[b", "a[b"),
    ("aab", "*ab"),
    ("abab", "*a*b"),
    ("", "*"),
    ("", ""),
    ("z", "[a-é]"),
]
OTHER = [
    ("eth0", "eth"),
    ("eth0", "ETH0"),
    ("eth0", "eth?*?"),
    ("eth0", "eth[!0-9]"),
    ("eth0", "eth[1-9]"),
    ("eth0", "*eth"),
    ("", "?"),
    ("è", "[a-é]"),
    ("a" * 256, "*"),
    ("a", "*" * 256),
]


@pytest.mark.parametrize(("name", "pattern"), MATCHING)
def test_a_pattern_covers_these_names(name: str, pattern: str) -> None:
    """Stars, question marks, brackets and ranges mean what glob(7) says."""
    assert matches(name, pattern)


@pytest.mark.parametrize(("name", "pattern"), OTHER)
def test_a_pattern_does_not_cover_other_names(name: str, pattern: str) -> None:
    """A pattern has to cover the whole name, and neither is longer than a file name can be."""
    assert not matches(name, pattern)


def test_brackets_mean_what_the_c_library_says() -> None:
    """No form of brackets, exclamation marks and hyphens is read in another way than by glob."""
    texts = ["".join(text) for size in range(5) for text in product("ab!-]", repeat=size)]
    names, patterns = texts[:31], [f"[{text}" for text in texts]
    c_library = ctypes.CDLL(None)
    no_escape = 2  # FNM_NOESCAPE

    differences = [
        (name, pattern)
        for name in names
        for pattern in patterns
        if matches(name, pattern)
        == bool(c_library.fnmatch(pattern.encode(), name.encode(), no_escape))
    ]

    assert differences == []


def test_only_some_texts_are_patterns() -> None:
    """A text without a special character matches only itself."""
    assert [is_pattern(text) for text in ("eth0", "a]b", "a*", "?", "[")] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_name_and_a_pattern_have_at_most_255_characters() -> None:
    """Linux knows no longer name."""
    assert matches("a" * 255, "a" * 255)
    assert matches("a" * 255, "*" + "a" * 254)
    assert not matches("a" * 256, "a*")
    assert not matches("a" * 256, "a" * 256)
    assert not matches("a" * 10, "*" * 256)


def test_no_pattern_takes_long() -> None:
    """Stars that could match in many ways do not multiply the steps."""
    steps = lines_run(lambda: matches("a" * 255, "*a" * 100 + "*b"))

    assert steps < 250_000


def lines_run(call: Callable[[], object]) -> int:
    """The number of lines of Python that a call runs."""
    count = 0

    def trace(_frame: FrameType, event: str, _value: Any) -> Optional[Callable[..., Any]]:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
