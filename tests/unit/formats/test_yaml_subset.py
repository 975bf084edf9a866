"""The part of YAML that azprov reads; test_netplan_yaml.py compares it with netplan."""

from typing import Dict, List, Tuple

import pytest

from azprov.formats.host.yaml_subset import HardYaml, read_yaml

Values = Dict[Tuple[str, ...], List[str]]

DOCUMENTS: Dict[str, Values] = {
    "": {},
    "a: b c # d\n": {("a",): ["b c"]},
    "---\na:\n": {("a",): []},
    "a:\n  b: c#d\n  'e f': \"g: h\"\ni: 1\n": {
        ("a",): [],
        ("a", "b"): ["c#d"],
        ("a", "e f"): ["g: h"],
        ("i",): ["1"],
    },
    "a:\n- b\n- c: d\n  e: f\n- - g\ni: j\n": {
        ("a",): ["b"],
        ("a", "-", "c"): ["d"],
        ("a", "-", "e"): ["f"],
        ("a", "-"): ["g"],
        ("i",): ["j"],
    },
    "\ufeffXaX: b\n": {("XaX",): ["b"]},
    "a b: c\n": {("a b",): ["c"]},
    "{a b: c}\n": {("a b",): ["c"]},
    "a: 1\na: 2\n": {("a",): ["1", "2"]},
    "{a: {b: [c d, 'e',\n f], g: }, h : i}\n": {
        ("a",): [],
        ("a", "b"): ["c d", "e", "f"],
        ("a", "g"): [],
        ("h",): ["i"],
    },
    "a: [{b: c}, [d]]\ne: {}\n": {
        ("a",): [],
        ("a", "-", "b"): ["c"],
        ("a", "-"): ["d"],
        ("e",): [],
    },
    "a:\n  {b: c}\n": {("a",): [], ("a", "b"): ["c"]},
    "a: 00:15:5d:01:02:03\n": {("a",): ["00:15:5d:01:02:03"]},
    f"a: {'[' * 20}b{']' * 20}\n": {("a",): [], ("a", *"-" * 19): ["b"]},
}
HARD = (
    "a: *b\n",
    "a: &b c\n",
    "a: !!str b\n",
    "a: |\n  b\n",
    "a: >\n  b\n",
    "a: @b\n",
    "a: `b\n",
    "? a\n",
    "%YAML 1.1\n",
    "a: b\n---\n",
    "a: b\n...\n",
    'a: "\\x62"\n',
    "a: 'b''c'\n",
    'a: "b\n  c"\n',
    "a:\n  b\n",
    "\ta: b\n",
    "a: b: c\n",
    "a: b [c]\n",
    "a: [b\n",
    "a: [b}\n",
    "a: {b}\n",
    "a: {b, c: d}\n",
    "a: {b: c: d}\n",
    "a: {b: c} d\n",
    "a: {b: c}, d\n",
    "a: {{b: c}}\n",
    "a: [{{b: c}}]\n",
    "a: [b,\n---]\n",
    "a: [b,\n...]\n",
    "a: [b: c]\n",
    "a: [b c [d]]\n",
    "a:\n{b: c}\n",
    f"a: {'[' * 21}b{']' * 21}\n",
)


@pytest.mark.parametrize("text", DOCUMENTS)
def test_values_are_found_by_the_names_above_them(text: str) -> None:
    """Block style and flow style give the same values, and a list has a name for its mappings."""
    assert read_yaml(text) == DOCUMENTS[text]


@pytest.mark.parametrize("text", HARD)
def test_yaml_that_is_hard_to_read_is_refused(text: str) -> None:
    """Nothing is guessed about anchors, tags, escapes, values of several lines or errors."""
    with pytest.raises(HardYaml):
        read_yaml(text)
