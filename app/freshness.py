"""Is dist/azprov.pyz what a build would make now?

Part of the build, and not shipped. A build notes a digest of its inputs in .build/, and the
tests compare it with the present inputs, so that they never run an archive of older sources.
"""

import hashlib
from pathlib import Path
from typing import Dict, Iterator

#: Folders and files that the archive is made from; unit/recipes is documentation.
_INPUTS = ("app", "build.py", "unit/install.sh", "unit/azure-provisioning.*")
_NOTE = Path(".build", "archive-inputs")
_ARCHIVE = Path("dist", "azprov.pyz")


def digest_of_inputs(root: Path, interpreters: Dict[str, Path]) -> str:
    """A digest of the sources, the pins, the build, and the Pythons that compile.

    The commit is left out: with other files unchanged it changes one line of build.json.
    """
    digest = hashlib.sha256()
    for path in _inputs(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    for version, python in interpreters.items():
        real = python.resolve()
        status = real.stat()
        digest.update(f"{version} {real} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def note_build(root: Path, digest: str) -> None:
    """Note the inputs of the archive that is in dist/ now; an empty digest marks it as stale."""
    (root / _NOTE).write_text(digest)


def is_current(root: Path, interpreters: Dict[str, Path]) -> bool:
    """Whether dist/ has the archive of the present inputs."""
    try:
        noted = (root / _NOTE).read_text()
    except FileNotFoundError:
        return False
    return (root / _ARCHIVE).is_file() and noted == digest_of_inputs(root, interpreters)


def _inputs(root: Path) -> Iterator[Path]:
    for pattern in _INPUTS:
        for found in sorted(root.glob(pattern)):
            inside = sorted(found.rglob("*")) if found.is_dir() else [found]
            yield from (
                path for path in inside if path.is_file() and "__pycache__" not in path.parts
            )
