"""Who may change what root runs at the first boot, in an image that is sound but for it."""

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
def test_what_others_may_write_is_found(image: Path, path: str) -> None:
    """Each by itself, by the name that no link leads out of the image from."""
    (image / "usr/local").rename(image / "local")
    (image / "usr/local").symlink_to("/local")
    real = image / path.replace("usr/local", "local")
    real.chmod(real.stat().st_mode | 0o002)

    (finding,) = found(image)

    assert finding == Finding(
        "program-unguarded",
        "warning",
        f"others than root may change {real}, and root runs what is there at the first boot",
        f"chmod go-w {real}",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_is_not_roots_is_found(image: Path) -> None:
    """A group that has a member may change what it may write, one without may not."""
    folder = (image / PYZ).parent
    os.chown(image / PYZ, 1000, 0)
    os.chown(folder, 0, 50)
    folder.chmod(0o2775)

    (before,) = found(image)
    change(image, {"etc/group": "root:x:0:\nstaff:x:50:builder\n"})
    (after,) = found(image)

    assert before.fix == f"chown root:root {image / PYZ}"
    assert after.fix == f"chown root:root {image / PYZ} && chmod go-w {folder}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_made_an_image_stands_for_root(image: Path) -> None:
    """An ordinary user's files are root's when the image is packed."""
    change(image, {"etc/group": "root:x:0:\nstaff:x:50:builder\n"})
    (image / PYZ).parent.chmod(0o775)
    for path in (image, *image.rglob("*")):
        os.chown(path, 1000, 50, follow_symlinks=False)

    assert found(image) == []
