"""The recipes of unit/recipes, as programs: their shell blocks, run as somebody would."""

import re
import subprocess
from pathlib import Path
from typing import List, Optional

from project import ROOT

RECIPES = ROOT / "unit" / "recipes"
#: What a block begins with that needs more than a machine like this one.
NOT_HERE = ("# on Azure", "# with ")


def text_of(recipe: str) -> str:
    return (RECIPES / f"{recipe}.md").read_text()


def blocks_of(recipe: str, section: str = "") -> List[str]:
    """Those that can be run here, in order; of one section, where it is named."""
    text = text_of(recipe)
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        assert text, section
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for block in found if not block.startswith(NOT_HERE)]


def run_recipe(recipe: str, folder: Path, *, then: str = "") -> str:
    """Run a recipe in a folder beside dist/, to the first command that fails; what it said."""
    (folder / "dist").symlink_to(ROOT / "dist")
    return run_program(["sh", "-eux"], "".join([*blocks_of(recipe), then]), cwd=folder)


def run_program(shell: List[str], program: str, *, cwd: Optional[Path] = None) -> str:
    """What a shell says, told a program that has to succeed."""
    done = subprocess.run(
        shell,
        input=program,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
