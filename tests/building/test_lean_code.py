"""Code that costs less at a cold start: what the build leaves out of the bytecode."""

import ast
import sys
from types import CodeType
from typing import Any, Dict, Iterator

import pytest

from lean_code import lean, lines_of_units, with_short_lines

TYPED = '''"""A module."""
from __future__ import annotations
import typing
from typing import TYPE_CHECKING, NamedTuple, Union, overload

if TYPE_CHECKING:
    from nowhere import Nothing
else:
    other: Missing = 1

if typing.TYPE_CHECKING:
    import nowhere

Either = Union[int, Missing]
Both = typing.Tuple["int", Missing]
TABLE = {"key": 3}
three = TABLE["key"]
total: Missing = other + 1
unset: Missing

class Pair(NamedTuple):
    """Two values."""
    left: Missing
    #: The other one.
    right: Missing = None

    def both(self, *more: Missing) -> Missing:
        inner: Missing
        local: Missing = [self.left, self.right, *more]
        return local

@overload
def first(pair: Missing) -> Missing: ...

def first(pair: Missing, *, other: Missing = 0) -> Missing:
    return pair[other]

async def later(this: Missing) -> Missing: ...
'''


LINED = """import typing

class One(typing.NamedTuple):
    a: int

    def divide(self):
        x: int = (
            1 /
            0
        )
"""


def run_lean(source: str) -> Dict[str, Any]:
    found: Dict[str, Any] = {"__name__": "typed"}
    code = compile(lean(ast.parse(source)), "typed.py", "exec", dont_inherit=True)
    exec(code, found)  # noqa: S102 - it is code of this file
    return found


def test_nothing_that_only_type_checkers_read_is_evaluated() -> None:
    """Annotations, names for types, and imports that would raise an error do not run."""
    found = run_lean(TYPED)

    assert (found["total"], found["__doc__"]) == (2, "A module.")
    assert (found["Either"], found["Both"], found["three"]) == (None, None, 3)
    assert found["Pair"](1).both(2) == [1, None, 2]
    assert repr(found["Pair"](1, 2)) == "Pair(left=1, right=2)"
    assert found["first"](found["Pair"](1, 2), other=1) == 2
    assert {"unset", "nowhere", "Nothing", "annotations"} & set(found) == set()


def test_the_lines_of_lean_code_are_those_of_the_source() -> None:
    """A traceback names the right line inside an annotated assignment of several lines."""
    with pytest.raises(ZeroDivisionError) as raised:
        run_lean(LINED)["One"](1).divide()

    assert raised.traceback[-1].lineno + 1 == 8


FAR = "\n" * 200
LINES = (
    "def jump(a):\n    if a:\n        return [\n            x\n            for x in a]\n"
    f"{FAR}    while a:\n        a = (a +\n          1) * (\n 2)\n"
    "    try:\n        a()\n    finally:\n        print(" + "a, " * 300 + ")\n"
    f"{FAR}{FAR}class C:\n    x = 1; y = 2\n    async def f(self): await self.x\n"
)


def parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from parts(value)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="older tables have no columns")
def test_a_short_table_of_lines_has_the_same_lines() -> None:
    """Each instruction keeps its line, over long functions and jumps back and forth."""
    code = compile(LINES, "lines.py", "exec", dont_inherit=True)

    short = with_short_lines(code)

    pairs = list(zip(parts(code), parts(short)))
    assert {"<module>", "jump", "C", "f"}.issubset(before.co_name for before, _ in pairs)
    for before, after in pairs:
        assert lines_of_units(after) == lines_of_units(before)
        assert len(after.co_linetable) < len(before.co_linetable)
