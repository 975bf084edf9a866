"""No regular expression of azprov can be made to work longer than its input is long."""

import ast
import importlib
import re
from typing import Any, Dict, Iterator, NamedTuple

import pytest

from pattern_judge import SEARCHES, Text, ambiguity
from project import ROOT

APP = ROOT / "app"
#: Expressions that a function makes from its arguments, which are judged in a review.
_MADE = {
    "cli/colour.py": 1,
    "check/boot_fixes.py": 1,
    "formats/host/authorized_keys_options.py": 1,
    "image/leftovers/mentions.py": 2,
    "startup/deferred.py": 1,
}

#: Expressions that find a match at every place from which they read far.
_ALWAYS_FOUND = {
    "azprov/check/facts/firewall/output_rules.py": (
        "_PORTS",
        "_TARGETS",
        "_STATES",  # a brace that is not closed is read as a word
    ),
    "azprov/formats/host/pam.py": ("_WORD",),  # an escaped bracket is part of the word before it
}


class Use(NamedTuple):
    """A regular expression, its flags, and the method that is called with a text."""

    where: str
    pattern: Text
    flags: int
    method: str


def uses() -> Iterator[Use]:
    """Each expression in each module of azprov with every method that is used there."""
    made: Dict[str, int] = {}
    for path in sorted(APP.glob("azprov/**/*.py")):
        tree = ast.parse(path.read_text())
        name = ".".join(path.relative_to(APP).with_suffix("").parts)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        attributes = [
            (node.value.id, node.attr)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        ]
        for call in calls:
            function = call.func
            if not (
                isinstance(function, ast.Attribute)
                and isinstance(function.value, ast.Name)
                and function.value.id == "re"
                and function.attr in (*SEARCHES, "match", "fullmatch", "compile")
            ):
                continue
            method = function.attr
            scope = {"re": re, **vars(importlib.import_module(name))}
            try:
                pattern = _value(call.args[0], scope)
                flags = {keyword.arg: keyword.value for keyword in call.keywords}.get("flags")
                at = {"compile": 1, "sub": 4, "split": 3}.get(method, 2)
                flags = call.args[at] if len(call.args) > at else flags
                number = int(_value(flags, scope)) if flags is not None else 0
            except (NameError, SyntaxError):
                key = str(path.relative_to(APP / "azprov"))
                made[key] = made.get(key, 0) + 1
                continue
            names = [
                target
                for target, value in vars(importlib.import_module(name)).items()
                if isinstance(value, re.Pattern) and value.pattern == pattern
            ]
            methods = {method}
            if method == "compile":
                methods = {used for owner, used in attributes if owner in names}
                methods &= {*SEARCHES, "match", "fullmatch"}
                # An expression that is passed to another function may be used in any way there.
                methods = methods or {"search"}
            if set(names) & set(_ALWAYS_FOUND.get(str(path.relative_to(APP)), ())):
                continue
            where = f"{path.relative_to(APP)}:{call.lineno}"
            yield from (Use(where, pattern, number, one) for one in sorted(methods))
    assert sorted(made.items()) == sorted(_MADE.items()), made


def _value(node: ast.expr, scope: Dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "house", "eval"), scope)  # noqa: S307 - own code


@pytest.mark.parametrize("use", [*uses()], ids=lambda use: f"{use.where}-{use.method}")
def test_expressions_read_a_text_in_one_way(use: Use) -> None:
    """No file keeps an expression of azprov busy, because it reads a text in one way only."""
    assert ambiguity(use.pattern, use.flags, use.method) == ""


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+b", "match"),
        (r"(a|a)*b", "match"),
        (r"(a|ab|b)*c", "match"),
        (r"a*a*b", "match"),
        (r"(?:\w+=\w*\s*)*", "fullmatch"),
        (r"=\s*[^:]*:", "match"),
        (r"[0-9]*<", "search"),
        (r"(?m)^\s*a", "search"),
        (r"\"(?:\\\"|[^\"])*\"", "search"),
        (r"@.*\.", "sub"),
        (r"a(?!.*b)", "search"),
    ],
)
def test_the_judge_finds_ambiguous_expressions(pattern: str, method: str) -> None:
    """An expression that backtracks is found, so the test above can fail."""
    assert ambiguity(pattern, 0, method) != ""


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(?:\w+=\w*(?:\s+|\Z))*", "fullmatch"),
        (r"(?<![0-9])[0-9]*<", "search"),
        (r"(?m)^[ \t]*a", "search"),
        (r"=\s*(\S+)", "search"),
        (r"(?s)a\s*(.*)", "fullmatch"),
        (r"\"[^\"]*\"", "search"),
    ],
)
def test_the_judge_accepts_linear_expressions(pattern: str, method: str) -> None:
    """An expression that reads each character once is accepted."""
    assert ambiguity(pattern, 0, method) == ""
