"""The shell blocks of unit/recipes, and running them the way a reader would."""

import re
import subprocess
from pathlib import Path
from typing import List, Optional

from project import ROOT

RECIPES = ROOT / "unit" / "recipes"
#: A block that begins with one of these comments needs Azure or other programs, and is not run.
NOT_HERE = ("# on Azure", "# with ")


def text_of(recipe: str) -> str:
    return (RECIPES / f"{recipe}.md").read_text()


def blocks_of(recipe: str, section: str = "") -> List[str]:
    """Return the blocks of a recipe, or of one section, that can run on this machine."""
    text = text_of(recipe)
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        assert text, section
    found = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for block in found if not block.startswith(NOT_HERE)]


def run_recipe(recipe: str, folder: Path, *, then: str = "") -> str:
    """Run a recipe, then `then`, in a folder that has dist/; returns the output.

    The test fails if a command fails.
    """
    (folder / "dist").symlink_to(ROOT / "dist")
    return run_program(["sh", "-eux"], "".join([*blocks_of(recipe), then]), cwd=folder)


def run_program(shell: List[str], program: str, *, cwd: Optional[Path] = None) -> str:
    """Run a program in a shell and return its output; the test fails if the program fails."""
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
