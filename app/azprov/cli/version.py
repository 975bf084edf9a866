"""The version of this azprov: release, commit, and the contents of the archive."""

import json
import os
import pkgutil
import re
import zipfile
from typing import Any, Dict, List

from .. import __version__
from .program import own_path


def about() -> Dict[str, Any]:
    """The data of `--version --json`. Without an archive, commit and contents are empty."""
    names = _entries()
    packages = [
        {"name": found[1], "version": found[2]}
        for found in (re.match(r"[^/]+/([^/]+)-([^/-]+)\.dist-info/METADATA\Z", n) for n in names)
        if found
    ]
    info = _build_info()
    return {
        "version": __version__,
        "commit": info.get("commit"),
        "packages": packages,
        "bytecode": info.get("bytecode", []),
    }


def _entries() -> List[str]:
    archive = own_path()
    if not os.path.isfile(archive):
        return []
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def _build_info() -> Dict[str, Any]:
    """The file that build.py writes: the commit, HASH-dirty if files differed, and the Pythons."""
    try:
        content = pkgutil.get_data("azprov", "build.json")
    except OSError:
        return {}
    info: Dict[str, Any] = json.loads((content or b"{}").decode("ascii"))
    return info
