"""What install reports if it cannot write everything."""

from pathlib import Path
from typing import Any, List, Tuple

import pytest

from azprov.errors import DiskError
from azprov.image.install import install
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from images import add_python, tree

SERVICE = "/etc/systemd/system/azure-provisioning.service"
PYZ = "/usr/local/lib/azprov/azprov.pyz"
COMMAND = "/usr/local/bin/azprov"
FOLDERS = (
    "etc/systemd/system-preset",
    "usr/local/lib/azprov",
    "usr/local/bin",
    "etc/systemd/system/multi-user.target.wants",
)


class FullRoot(Root):
    """A root on a disk that has no space left for azprov.pyz, or for its service."""

    def __init__(self, path: Path, full: str) -> None:
        super().__init__(str(path))
        self._full = full

    def write(self, path: str, *args: Any, **options: Any) -> None:
        if path == self._full:
            raise DiskError("could not write: No space left on device")
        super().write(path, *args, **options)


@pytest.mark.parametrize(
    ("full", "folders", "changed"),
    [
        (PYZ, (), [SERVICE]),
        (
            PYZ,
            FOLDERS,
            [],
        ),
        (
            SERVICE,
            FOLDERS,
            [PYZ, COMMAND],
        ),
    ],
)
def test_an_installation_that_fails_knows_what_it_has_written(
    full: str, folders: Tuple[str, ...], changed: List[str], tmp_path: Path
) -> None:
    """What is written stays, not enabled and without a half-written file."""
    add_python(tmp_path)
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    written: List[str] = []

    with pytest.raises(DiskError):
        install(
            FullRoot(tmp_path, full),
            b"archive",
            render_unit("/usr/bin/python3", []),
            written,
            init=SYSTEMD,
            enable=True,
            force=False,
        )

    assert written == changed
    files = [
        f"/{name}" for name, kind in tree(tmp_path / "usr/local").items() if "folder" not in kind
    ]
    assert sorted(files) == sorted(path[len("/usr/local") :] for path in changed if path != SERVICE)
