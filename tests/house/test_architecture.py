"""The shape of the shipped tree: which layer may know which, and how large a file may be."""

import ast
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

APP = Path(__file__).parents[2] / "app"
MODULES = sorted((APP / "azprov").rglob("*.py"))
COMMANDS = APP / "azprov" / "cli" / "commands"

# A layer imports from layers after it, never before; a module without a folder is a layer.
LAYERS = [
    "__main__",
    "startup",
    "cli",
    "boot",
    "check",
    "image",
    "rehearsal",
    "azure",
    "system",
    "formats",
    "errors",
    "__init__",
]
LONGEST_MODULE = 320


def layer_of(path: Path) -> str:
    return path.relative_to(APP / "azprov").parts[0].removesuffix(".py")


def own_imports(path: Path) -> Iterator[Tuple[int, str]]:
    """Return the line and the layer of each import of a part of azprov."""
    package = path.relative_to(APP).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            for alias in node.names:
                full = ".".join([*base, *(node.module or "").split("."), alias.name])
                parts = [part for part in full.split(".") if part]
                if parts[0] == "azprov":
                    yield node.lineno, parts[1] if parts[1] in LAYERS else "__init__"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("azprov"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_imports_go_one_way(path: Path) -> None:
    """A layer imports only itself and the layers below it; the failure names the line."""
    here = LAYERS.index(layer_of(path))

    for line, layer in own_imports(path):
        assert LAYERS.index(layer) >= here, f"{path}:{line} imports {layer}"


@pytest.mark.parametrize(
    "path",
    sorted((APP / "azprov" / "check" / "facts").rglob("*.py")),
    ids=lambda path: str(path.relative_to(APP)),
)
def test_facts_know_no_finding(path: Path) -> None:
    """Readers of an image import neither findings nor rules; the line that does so is named."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            words = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            assert not {"finding", "rules"}.intersection(words), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", sorted((APP / "azprov" / "formats").rglob("*.py")))
def test_documents_are_pure(path: Path) -> None:
    """Parsers use no files, sockets, clocks or logging, and import only errors from azprov."""
    forbidden = {"os", "io", "pathlib", "socket", "time", "datetime", "logging", "subprocess"}

    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        assert not forbidden.intersection(name.split(".")[0] for name in names)
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open")
    assert {layer for _, layer in own_imports(path)} <= {"formats", "errors"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_modules_are_short_and_say_what_they_know(path: Path) -> None:
    """Each module begins with a docstring and does not exceed the limit of lines."""
    source = path.read_text()

    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= LONGEST_MODULE


def module_name(path: Path) -> str:
    parts = path.relative_to(APP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path): path for path in MODULES}


def imported_modules(path: Path) -> Iterator[Tuple[int, str]]:
    """The line and the module of each import of an azprov module, also inside functions.

    A package counts if one of its own names is imported, not as the parent of a module.
    """
    package = path.relative_to(APP).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            parent = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                module = f"{parent}.{alias.name}"
                if module in NAMES:
                    yield node.lineno, module
                elif parent in NAMES:
                    yield node.lineno, parent


def first_circle(imports: Dict[str, Set[str]]) -> List[str]:
    """The modules of a circle, the first one again at the end; empty without a circle."""
    without_circle: Set[str] = set()

    def follow(chain: List[str]) -> List[str]:
        if chain[-1] in chain[:-1]:
            return chain[chain.index(chain[-1]) :]
        for imported in sorted(imports[chain[-1]] - without_circle):
            circle = follow([*chain, imported])
            if circle:
                return circle
        without_circle.add(chain[-1])
        return []

    for module in sorted(imports):
        circle = follow([module])
        if circle:
            return circle
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """No module imports itself through others, even inside functions; the failure names them.

    The imports of a command by its name, in cli/registry.py, do not count: `completion` is
    a command that describes all commands, itself included.
    """
    imports = {
        name: {module for _, module in imported_modules(path)} for name, path in NAMES.items()
    }
    # Until the last callers of Image's four commands for fixes call check/fixes.py.
    imports["azprov.check.facts.image"].discard("azprov.check.fixes")

    assert " -> ".join(first_circle(imports)) == ""


@pytest.mark.parametrize("path", sorted(COMMANDS.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_commands_do_not_import_each_other(path: Path) -> None:
    """Code that two commands share is in a module of cli/ or below. The failure names the line."""
    for line, module in imported_modules(path):
        assert not module.startswith("azprov.cli.commands."), f"{path}:{line} imports {module}"


def test_a_circle_is_found_and_named() -> None:
    """The test above would fail on a circle of two modules, and on one through others."""
    assert first_circle({"a": {"b"}, "b": {"a"}}) == ["a", "b", "a"]
    assert first_circle({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}) == ["b", "c", "d", "b"]
    assert first_circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


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


BOOT = sorted((APP / "azprov" / "boot").rglob("*.py"))
# The classes of the outside world: time, the network, other programs.
PORTS = {"Clock", "Transport", "Commands"}


def names_of(node: ast.AST) -> List[str]:
    """Return the modules that a statement imports from outside azprov."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [str(node.module).split(".")[0]]
    return []


@pytest.mark.parametrize("path", BOOT, ids=lambda path: str(path.relative_to(APP)))
def test_the_boot_room_never_imports_argparse(path: Path) -> None:
    """Only cli/ reads options; the failure names the offending line."""
    found = [
        f"{path}:{node.lineno} imports argparse"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "argparse" in names_of(node)
    ]

    assert found == []


def built_ports(path: Path) -> List[str]:
    """Return the lines that build a clock, a transport or a command runner."""
    return [
        f"{path}:{node.lineno} builds {node.func.id}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PORTS
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_only_connect_builds_clocks_transports_and_command_runners(path: Path) -> None:
    """Modules get ports as arguments, except boot/connect.py; the failure names the line."""
    if path == APP / "azprov" / "boot" / "connect.py":
        assert len(built_ports(path)) == len(PORTS)
    else:
        assert built_ports(path) == []


NAMES_OF_INIT_SYSTEMS = ("systemd", "openrc", "runit", "sysvinit", "dinit")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(APP)))
def test_no_code_asks_which_init_system_it_has(path: Path) -> None:
    """Outside system/init, nothing compares an init system or its name; it asks a capability."""
    if "init" in path.relative_to(APP / "azprov").parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            for side in [node.left, *node.comparators]:
                text = ast.unparse(side)
                assert text.strip("'").lower() not in NAMES_OF_INIT_SYSTEMS, f"{path}:{node.lineno}"
