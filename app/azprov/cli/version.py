"""Which azprov this is: version, commit, and what the archive carries."""

import json
import os
import pkgutil
import re
import zipfile
from typing import Any, Dict, List, Optional

from .. import __version__
from .console import own_home


def about() -> Dict[str, Any]:
    """Of the sources, which are not built, no commit and no contents."""
    names = _entries()
    packages = [
        {"name": found[1], "version": found[2]}
        for found in (re.match(r"[^/]+/([^/]+)-([^/-]+)\.dist-info/METADATA\Z", n) for n in names)
        if found
    ]
    # cpython-311.a70d: the tag of a release, and the number of its bytecode.
    tags = (re.match(r"bytecode/cpython-(\d)(\d+)\.[0-9a-f]+\Z", name) for name in names)
    releases = sorted((int(found[1]), int(found[2])) for found in tags if found)
    return {
        "version": __version__,
        "commit": _commit(),
        "packages": packages,
        "bytecode": ["{}.{}".format(*release) for release in releases],
    }


def _entries() -> List[str]:
    archive = own_home()
    if not os.path.isfile(archive):
        return []
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def _commit() -> Optional[str]:
    """As build.py noted it; HASH-dirty if the files were not those of the commit."""
    try:
        note = pkgutil.get_data("azprov", "build.json")
    except OSError:
        return None
    commit: Optional[str] = json.loads((note or b"{}").decode("ascii")).get("commit")
    return commit
