"""The shape of the shipped tree: which room may know which, and how large a file may be."""

import ast
import sys
from pathlib import Path
from typing import Iterator, Set, Tuple

import pytest

APP = Path(__file__).parents[2] / "app"
MODULES = sorted((APP / "azprov").rglob("*.py"))

# A room imports from rooms after it, never before; what has no folder is a room of its own.
ROOMS = [
    *("__main__", "startup", "cli", "boot", "check", "image", "rehearsal", "azure", "system"),
    *("formats", "errors", "__init__"),
]
LONGEST_MODULE = 300


def room_of(path: Path) -> str:
    return path.relative_to(APP / "azprov").parts[0].removesuffix(".py")


def own_imports(path: Path) -> Iterator[Tuple[int, str]]:
    """The line and the room of each import of a part of azprov."""
    package = path.relative_to(APP).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            for alias in node.names:
                full = ".".join([*base, *(node.module or "").split("."), alias.name])
                parts = [part for part in full.split(".") if part]
                if parts[0] == "azprov":
                    yield node.lineno, parts[1] if parts[1] in ROOMS else "__init__"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("azprov"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_imports_go_one_way(path: Path) -> None:
    """From the command line down to documents and errors; the line that does not is named."""
    here = ROOMS.index(room_of(path))

    for line, room in own_imports(path):
        assert ROOMS.index(room) >= here, f"{path}:{line} imports {room}"


@pytest.mark.parametrize("path", sorted((APP / "azprov" / "formats").rglob("*.py")))
def test_documents_are_pure(path: Path) -> None:
    """No files, sockets, clocks or logging, and of azprov nothing but errors."""
    forbidden = {"os", "io", "pathlib", "socket", "time", "datetime", "logging", "subprocess"}

    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        assert not forbidden.intersection(name.split(".")[0] for name in names)
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open")
    assert {room for _, room in own_imports(path)} <= {"formats", "errors"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_modules_are_short_and_say_what_they_know(path: Path) -> None:
    """A sentence at the top, and no more lines than can be read at one sitting."""
    source = path.read_text()

    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= LONGEST_MODULE


def test_only_urllib3_is_carried() -> None:
    """The shipped code imports the standard library, urllib3 and itself."""
    imported: Set[str] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).split(".")[0])

    assert imported - {"azprov", "urllib3"} <= sys.stdlib_module_names
    assert "urllib3" in imported
