"""Files that users other than root can change although root runs them at the first boot."""

import os
from pathlib import Path
from typing import List

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.check.finding import Finding
from azprov.system.root import Root
from sound_image import SYSTEM, change

PYZ = "usr/local/lib/azprov/azprov.pyz"
SERVICE = f"{SYSTEM}/azure-provisioning.service"
GUARDED = (PYZ, os.path.dirname(PYZ), "usr/local/lib", SERVICE, SYSTEM)


def found(image: Path) -> List[Finding]:
    return check(Image(Root(str(image))))


@pytest.mark.parametrize("path", GUARDED)
def test_a_file_or_folder_that_others_can_write_is_found(image: Path, path: str) -> None:
    """The finding names the path with links resolved, so that the fix stays in the image."""
    (image / "usr/local").rename(image / "local")
    (image / "usr/local").symlink_to("/local")
    real = image / path.replace("usr/local", "local")
    real.chmod(real.stat().st_mode | 0o002)

    (finding,) = found(image)

    assert finding == Finding(
        "program-unguarded",
        "warning",
        f"users other than root can change {real}, and so choose what root runs at the first boot",
        f"chmod go-w {real}",
    )


@pytest.mark.needs("root")
def test_a_file_of_another_owner_is_found(image: Path) -> None:
    """A folder that a group can write to counts only if the group has a member."""
    folder = (image / PYZ).parent
    os.chown(image / PYZ, 1000, 0)
    os.chown(folder, 0, 50)
    folder.chmod(0o2775)

    (before,) = found(image)
    change(image, {"etc/group": "root:x:0:\nstaff:x:50:builder\n"})
    (after,) = found(image)

    assert before.fix == f"chown root:root {image / PYZ}"
    assert after.fix == f"chown root:root {image / PYZ} && chmod go-w {folder}"


@pytest.mark.needs("root")
def test_files_of_the_user_who_made_the_image_count_as_roots(image: Path) -> None:
    """An ordinary user's files become root's when that user packs the image."""
    change(image, {"etc/group": "root:x:0:\nstaff:x:50:builder\n"})
    (image / PYZ).parent.chmod(0o775)
    for path in (image, *image.rglob("*")):
        os.chown(path, 1000, 50, follow_symlinks=False)

    assert found(image) == []
