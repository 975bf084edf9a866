"""What install reports if it cannot write everything."""

from pathlib import Path
from typing import Any, List, Sequence

import pytest

from azprov.errors import DiskError
from azprov.image.install import install
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from images import add_python, tree

SERVICE = "/etc/systemd/system/azure-provisioning.service"
PYZ = "/usr/local/lib/azprov/azprov.pyz"
PRESET = "/etc/systemd/system-preset/00-azprov.preset"


class FullRoot(Root):
    """A root on a disk that has no space left for one file."""

    def __init__(self, path: Path, full: str) -> None:
        super().__init__(str(path))
        self._full = full

    def write(self, path: str, *args: Any, **options: Any) -> None:
        if path == self._full:
            raise DiskError("could not write: No space left on device")
        super().write(path, *args, **options)


@pytest.mark.parametrize("full", [PYZ, SERVICE, PRESET])
@pytest.mark.parametrize("folders", [(), ("usr/local/bin", "etc/systemd/system-preset")])
def test_a_first_installation_that_fails_leaves_nothing(
    full: str, folders: Sequence[str], tmp_path: Path
) -> None:
    """Files and folders of an installation that a full disk ends are removed again."""
    add_python(tmp_path)
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    before = tree(tmp_path)
    written: List[str] = []

    with pytest.raises(DiskError):
        _install(FullRoot(tmp_path, full), b"archive", written)

    assert written == []
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("full", "changed"), [(PYZ, []), (SERVICE, [PYZ])])
def test_an_update_that_fails_reports_what_it_has_written(
    full: str, changed: List[str], tmp_path: Path
) -> None:
    """An older azprov is not removed when a full disk ends the installation of a newer one."""
    add_python(tmp_path)
    _install(Root(str(tmp_path)), b"old", [], "--no-hostname")
    before = set(tree(tmp_path))
    written: List[str] = []

    with pytest.raises(DiskError):
        _install(FullRoot(tmp_path, full), b"archive", written)

    assert written == changed
    assert set(tree(tmp_path)) == before


def _install(root: Root, archive: bytes, changed: List[str], *options: str) -> None:
    unit = render_unit("/usr/bin/python3", list(options))
    install(root, archive, unit, changed, init=SYSTEMD, enable=True, force=True)
