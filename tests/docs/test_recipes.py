"""The recipes match the code, as far as a test can see without booting an image."""

import ast
import re
import subprocess
from pathlib import Path
from typing import Iterator, List, Set

import pytest

from project import ROOT
from recipes import RECIPES, text_of

CODE = ROOT / "app" / "azprov"
ERRORS = {
    "AzprovError",
    "UsageError",
    "NotConnected",
    "PlatformError",
    "BrokenReply",
    "Refused",
    "DocumentError",
    "HostError",
    "NotPermitted",
    "UnusableError",
    "LoginBlocked",
    "UntrustedPlatform",
    "UnusablePython",
    "UnusableWord",
}
# Replaces each value of an f-string, and each field of a text for str.format.
VALUE = "\0"


def words_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(part) for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{\w+\}", VALUE, node.value)
    if isinstance(node, ast.FormattedValue):
        return words_of(node.value)
    # typed_paths.run
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "run":
        return f"run {words_of(node.args[1])} {VALUE}"
    return VALUE


def hints_in(tree: ast.AST) -> Iterator[str]:
    """Yield the hint of each error that is raised, and each text in a variable named hint."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ERRORS and len(node.args) > 1:
                yield words_of(node.args[1])
        elif isinstance(node, ast.Assign) and "hint" in ast.unparse(node.targets[0]).lower():
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            yield from map(words_of, values)


def all_hints() -> List[str]:
    found: Set[str] = set()
    for path in CODE.rglob("*.py"):
        found.update(hints_in(ast.parse(path.read_text())))
    # A hint for a mistyped word begins with a suggestion, which is cut off.
    return sorted(re.sub(f"^{VALUE}(?=azprov|{VALUE})", "", hint) for hint in found - {VALUE})


def text_of_code(command: str) -> str:
    return (CODE / "cli" / "commands" / f"{command}.py").read_text()


def steps_explained() -> List[str]:
    """Return the left column of each table in when-it-fails.md."""
    tables = text_of("when-it-fails").split("| azprov says | then |\n|---|---|\n")[1:]
    rows = [row for table in tables for row in table.partition("\n\n")[0].splitlines()]
    return [row.split(" | ")[0][2:] for row in rows]


def test_the_hints_are_found() -> None:
    """The search finds a hint of each form: plain, with values, and in a variable."""
    hints = all_hints()

    assert "deploy the VM with an SSH key in OpenSSH's form" in hints
    assert "if the image does not need it, replace it with --force" in hints
    assert "mount the file system writable" in hints
    assert f"check whether a firewall of this machine prohibits {VALUE}" in hints
    assert f"install a complete python3, 3.{VALUE} or newer, into the image" in hints
    assert len(hints) > 45


@pytest.mark.parametrize("hint", all_hints())
def test_each_hint_is_explained(hint: str) -> None:
    """The page when-it-fails.md explains every hint, under the same words."""
    pattern = re.escape(hint).replace(re.escape(VALUE), r"\S+")

    assert [step for step in steps_explained() if re.fullmatch(pattern, step)], hint


def test_every_explained_hint_exists() -> None:
    """The page when-it-fails.md explains no hint that the code no longer prints."""
    patterns = [re.escape(hint).replace(re.escape(VALUE), r"\S+") for hint in all_hints()]

    assert [
        step
        for step in steps_explained()
        if not any(re.fullmatch(pattern, step) for pattern in patterns)
    ] == []


def anchors_of(text: str) -> List[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.md")), ids=lambda path: path.stem)
def test_a_recipe_has_valid_links_and_says_how_it_was_tested(path: Path) -> None:
    """Every link of a recipe has a target, and a recipe says which parts were run."""
    text = path.read_text()

    for link, anchor in re.findall(r"\]\(([\w.-]+\.md)(#[\w-]+)?\)", text):
        assert not anchor or anchor[1:] in anchors_of((RECIPES / link).read_text()), (link, anchor)
        assert (RECIPES / link).is_file(), link
    for anchor in re.findall(r"\]\(#([\w-]+)\)", text):
        assert anchor in anchors_of(text), anchor
    if path.stem not in ("when-it-fails", "check-rules"):
        assert re.search(r"^(Run|Not run)\b", text, re.MULTILINE)


def test_readme_links_to_every_recipe() -> None:
    """README has a link to each file in unit/recipes, and to no other file there."""
    linked = re.findall(
        r"\]\(unit/recipes/([\w-]+)\.md(?:#[\w-]+)?\)", (ROOT / "README.md").read_text()
    )

    assert sorted(set(linked)) == sorted(path.stem for path in RECIPES.glob("*.md"))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.md")), ids=lambda path: path.stem)
def test_each_block_of_a_recipe_is_a_program_for_sh(path: Path) -> None:
    """A POSIX shell can parse each sh block of a recipe, those that only run on Azure too."""
    for block in re.findall(r"^```sh\n(.*?)^```$", path.read_text(), re.DOTALL | re.MULTILINE):
        parsed = subprocess.run(
            ["sh", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert (parsed.returncode, parsed.stderr) == (0, ""), block
