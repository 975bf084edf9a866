"""Which azprov this is: version, commit, and what the archive carries."""

import json
import os
import pkgutil
import re
import zipfile
from typing import Any, Dict, List

from .. import __version__
from .program import own_path


def about() -> Dict[str, Any]:
    """Of the sources, which are not built, no commit and no contents."""
    names = _entries()
    packages = [
        {"name": found[1], "version": found[2]}
        for found in (re.match(r"[^/]+/([^/]+)-([^/-]+)\.dist-info/METADATA\Z", n) for n in names)
        if found
    ]
    note = _note()
    return {
        "version": __version__,
        "commit": note.get("commit"),
        "packages": packages,
        "bytecode": note.get("bytecode", []),
    }


def _entries() -> List[str]:
    archive = own_path()
    if not os.path.isfile(archive):
        return []
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def _note() -> Dict[str, Any]:
    """What build.py noted: the commit, HASH-dirty if the files were not its, and the Pythons."""
    try:
        content = pkgutil.get_data("azprov", "build.json")
    except OSError:
        return {}
    note: Dict[str, Any] = json.loads((content or b"{}").decode("ascii"))
    return note
