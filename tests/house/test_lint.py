"""Lint, types and syntax, as tests like any other."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "app").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize(
    "tool",
    [["ruff", "check", "--no-cache"], ["ruff", "format", "--check", "--no-cache"], ["mypy"]],
    ids=" ".join,
)
def test_linters_are_clean(tool: List[str]) -> None:
    """The linters report nothing, in their pinned versions and with pyproject.toml's settings."""
    run = subprocess.run(
        [sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_code_is_python_3_6(path: Path) -> None:
    """The shipped code has the syntax of the oldest Python that it has to run on."""
    ast.parse(path.read_text(), feature_version=(3, 6))


def test_tests_do_not_patch_code() -> None:
    """A test passes its fakes as arguments, and patches no code."""
    patching = re.compile(r"mock\.patch|monkeypatch\.setattr|unittest\.mock")

    for path in TESTS:
        if path != Path(__file__):
            assert not patching.search(path.read_text()), path


def test_every_exception_to_a_rule_has_its_reason() -> None:
    """Each noqa and each ignored type error has its reason on the same line."""
    exception = re.compile(r"#\s*(?:noqa|type: ignore)[^#\n]*")

    for path in [*SHIPPED, *TESTS, ROOT / "build.py"]:
        if path != Path(__file__):
            for found in exception.findall(path.read_text()):
                assert " - " in found, f"{path}: {found}"


@pytest.mark.parametrize("path", [*SHIPPED, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_tuple_is_unpacked_where_it_is_written(path: Path) -> None:
    """A list names its items; *("a", "b") in it only steers the formatter."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Starred):
            assert not isinstance(node.value, ast.Tuple), f"{path}:{node.lineno}"
