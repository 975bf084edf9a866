"""The prose of the project is plain English: words to avoid, and docstrings that stand alone."""

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

from project import ROOT

CODE = sorted(
    path
    for folder in ("app", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)
CODE.append(ROOT / "build.py")
PAGES = sorted([ROOT / "README.md", *ROOT.glob("*/*.md"), *ROOT.glob("*/*/*.md")])

#: A word to avoid, and the plain one.
PLAIN = {
    r"mend(s|ed|ing)?": "fix",
    r"heed(s|ed|ing)?": "use, honour",
    r"anew": "again",
    r"nobody('s)?": "no one, missing",
    r"untold": "not reported",
    r"whoever|whomever": "anyone who",
    r"whom": "the user, the owner",
    r"(?<!there )(is|are|was|were|be) (?-i:none)": "is not a valid, is missing",
    r"but for": "except",
    r"so (many|long|often)": "N, this long",
}
AVOIDED = re.compile(r"\b(" + "|".join(PLAIN) + r")\b", re.IGNORECASE)
#: A docstring that begins so needs the sentence before it.
FRAGMENT = re.compile(r"(And|Nor|But|By|Of|Where|Also|Else|So|Neither|Though)\b")


def prose_of(path: Path) -> Iterator[Tuple[int, str]]:
    """Each line number with the comment, docstring, message or Markdown text that begins there."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", [*CODE, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_avoids_words_that_need_a_second_reading(path: Path) -> None:
    """No comment, docstring, message or page has a word of the list PLAIN."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]!r}"
        for number, text in prose_of(path)
        for match in AVOIDED.finditer(text)
    ]

    assert found == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_stand_alone(path: Path) -> None:
    """A docstring ends its first sentence, and does not begin as the rest of another one."""
    flawed: List[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        docstring = ast.get_docstring(node)
        if docstring is None:
            continue
        line = getattr(node, "lineno", 1)
        first = docstring.split("\n\n")[0].rstrip()
        if FRAGMENT.match(docstring) or first[-1] not in ".:?!)`":
            flawed.append(f"{path.relative_to(ROOT)}:{line}: {first.splitlines()[0]}")

    assert flawed == []
