"""Each use of a deferred module in the archive gets the same object as from the real module."""

import ast
import subprocess
import zipfile
from typing import Dict, Iterator, List, Set, Tuple

import pytest

from azprov.startup.deferred import DEFERRED
from interpreters import INTERPRETERS
from pyz import PYZ

#: An import statement, and an expression that takes an attribute from what it binds.
Use = Tuple[str, str]

MODULES = (*DEFERRED, "re")
# urllib3 takes these by getattr() with a variable, which a walk through the source cannot follow.
HASHES = [("import hashlib", f"hashlib.{name}") for name in ("md5", "sha1", "sha256")]
# Nothing uses these, so the walk does not find them; they are classes and constants.
UNUSED = [
    ("import json", "json.JSONDecodeError"),
    ("from json import JSONDecodeError", "JSONDecodeError"),
    ("import importlib.metadata", "importlib.metadata.PackageNotFoundError"),
    ("import mimetypes", "mimetypes.knownfiles"),
    ("import re", "re.VERBOSE"),
    ("import re", "re.error"),
    ("import json", "json.no_such_attribute"),
]
LISTED = [
    (f"import {module}", f"{module}.{function}")
    for module, functions in DEFERRED.items()
    for function in functions
]

# Prints a line for each use whose object differs. A use begins without the real module,
# and a deferred function is called beside the real one.
COMPARE = """
import importlib, io, sys
sys.path.insert(0, sys.argv[1])
from types import BuiltinFunctionType, FunctionType
from azprov.startup.deferred import DEFERRED, lean_imports

ARGUMENTS = {
    "compare_digest": ("a", "a"),
    "compile": ("a+", 2),
    "dumps": ([1, None],),
    "format_exc": (),
    "getrandbits": (64,),
    "guess_type": ("page.html",),
    "ip_address": ("192.0.2.1",),
    "loads": ("[1, null]",),
    "md5": (b"text",),
    "print_exc": (None, io.StringIO()),
    "print_exception": (ValueError, ValueError("wrong"), None, None, io.StringIO()),
    "print_stack": (None, 0, io.StringIO()),
    "sha1": (b"text",),
    "sha256": (b"text",),
    "timegm": ((2026, 11, 27, 0, 0, 0),),
    "version": ("no-such-distribution",),
}

def taken(statement, expression):
    names = {}
    try:
        exec(statement, names)
        return eval(expression, names)
    except (AttributeError, ImportError) as error:
        return type(error)

def result(function, arguments):
    if "random" in sys.modules:
        sys.modules["random"].seed(1)
    try:
        found = function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
    if hasattr(found, "hexdigest"):
        return found.hexdigest()
    return (found.pattern, found.flags) if hasattr(found, "pattern") else found

for line in sys.stdin.read().splitlines():
    use = line.split("\\t")
    for name in list(sys.modules):
        if any(name == module or name.startswith(module + ".") for module in DEFERRED):
            del sys.modules[name]
    vars(importlib).pop("metadata", None)
    with lean_imports():
        handed_out = taken(*use)
    real = taken(*use)
    is_same = handed_out is real
    arguments = ARGUMENTS.get(use[1].rpartition(".")[2], ())
    if not is_same and isinstance(real, (BuiltinFunctionType, FunctionType)):
        is_same = result(handed_out, arguments) == result(real, arguments)
    elif not is_same and real is ModuleNotFoundError:  # raised by the call instead
        is_same = result(handed_out, arguments)[0] == "ModuleNotFoundError"
    if not is_same:
        print(use[0] + ": " + use[1] + " is " + repr(handed_out) + ", not " + repr(real))
"""


def sources() -> Iterator[Tuple[str, ast.Module]]:
    """Every module of azprov and of both urllib3 in the archive, by its path there."""
    with zipfile.ZipFile(PYZ) as archive:
        for name in archive.namelist():
            if name.startswith(("azprov/", "urllib3-")) and name.endswith(".py"):
                yield name, ast.parse(archive.read(name))


def imports_in(tree: ast.Module) -> Iterator[Tuple[str, str, str]]:
    """Each imported name: the statement, the module or object in full, and the bound name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield ast.unparse(ast.Import([alias])), alias.name, alias.asname or alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                statement = ast.unparse(ast.ImportFrom(node.module, [alias], 0))
                yield statement, f"{node.module}.{alias.name}", alias.asname or alias.name


def uses_in(tree: ast.Module) -> Iterator[Use]:
    """Each attribute that a module takes from a deferred module, by import or by a dot."""
    bound: Dict[str, str] = {}
    for statement, full_name, name in imports_in(tree):
        if full_name in MODULES:
            bound[name] = statement
        elif full_name.startswith(tuple(module + "." for module in MODULES)):
            yield statement, name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in bound:
            yield bound[ast.unparse(node.value)], ast.unparse(node)


def all_uses() -> List[Use]:
    found: Set[Use] = {*HASHES, *UNUSED, *LISTED}
    for _, tree in sources():
        found.update(uses_in(tree))
    return sorted(found)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_deferred_module_hands_out_the_real_objects(version: str) -> None:
    """A class or constant is the real one, and a function returns the same result."""
    uses = all_uses()
    assert ("import json", "json.dumps") in uses
    assert ("from importlib.metadata import version", "version") in uses

    done = subprocess.run(
        [INTERPRETERS[version], "-I", "-c", COMPARE, PYZ],
        input="\n".join("\t".join(use) for use in uses),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_each_use_of_an_attribute_is_found() -> None:
    """Imports of a module, of a name and of a submodule count, aliases included."""
    tree = ast.parse(
        "import json, os\n"
        "import importlib.metadata as metadata\n"
        "from json import dumps as write\n"
        "from json.decoder import JSONDecoder\n"
        "from importlib import metadata as other\n"
        "import json.decoder\n"
        "from .json import own\n"
        "os.environ, json.loads, metadata.version, other.files\n"
    )

    assert sorted(uses_in(tree)) == [
        ("from importlib import metadata as other", "other.files"),
        ("from json import dumps as write", "write"),
        ("from json.decoder import JSONDecoder", "JSONDecoder"),
        ("import importlib.metadata as metadata", "metadata.version"),
        ("import json", "json.loads"),
        ("import json.decoder", "json.decoder"),
    ]


def test_a_compiled_pattern_is_used_by_its_methods_only() -> None:
    """A deferred pattern has the methods of a pattern; re.match() and isinstance() refuse it."""
    wrong = []
    for name, tree in sources():
        patterns = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("re.compile(")
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                is_of_re = ast.unparse(node.func).startswith(("re.", "isinstance"))
                if is_of_re and node.args and ast.unparse(node.args[0]) in patterns:
                    wrong.append(f"{name}:{node.lineno} {ast.unparse(node)}")

    assert wrong == []
