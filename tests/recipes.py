"""The recipes of unit/recipes, as programs: their shell blocks, run as somebody would."""

import os
import re
import subprocess
from pathlib import Path
from typing import List

from pyz import PYZ, ROOT

RECIPES = ROOT / "unit" / "recipes"
#: What a block begins with that needs more than a machine like this one.
NOT_HERE = ("# on Azure", "# with ")


def text_of(recipe: str) -> str:
    return (RECIPES / f"{recipe}.md").read_text()


def blocks_of(recipe: str) -> List[str]:
    """Those that can be run here, in order."""
    found = re.findall(r"^```sh\n(.*?)^```$", text_of(recipe), re.DOTALL | re.MULTILINE)
    return [block for block in found if not block.startswith(NOT_HERE)]


def run_recipe(recipe: str, folder: Path, **variables: str) -> str:
    """Run a recipe in a folder beside dist/, to the first command that fails; what it said."""
    (folder / "dist").symlink_to(PYZ.parent)
    done = subprocess.run(
        ["sh", "-eux"],
        input="".join(blocks_of(recipe)),
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
