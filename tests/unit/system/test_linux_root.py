"""Whether a folder is a Linux root, and whether a user without rights may change it."""

import os
from pathlib import Path

import pytest

from azprov.errors import NotPermitted, UsageError
from azprov.system.root import Root
from azprov.system.root.linux_root import require_linux_root, require_rights
from azprov.system.root.privileges import acting_as

NOBODY = 65534
needs_root = pytest.mark.needs("root")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("")
    (tmp_path / "usr/bin").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "etc", tmp_path / "usr"):
        folder.chmod(0o755)
    return tmp_path


def refusal_of(root: Root) -> str:
    """The error for an ordinary user; empty if that user may change the root."""
    with acting_as(NOBODY, NOBODY):
        try:
            require_rights(root)
        except NotPermitted as error:
            return str(error)
    return ""


@needs_root
def test_only_root_may_change_a_live_machine(image: Path) -> None:
    """The rights of the folders do not matter there."""
    (image / "etc").chmod(0o777)
    root = Root(str(image))
    root.is_live = True

    assert refusal_of(root) == "only root may change this machine; run it as root"


@needs_root
def test_an_image_of_someone_else_is_refused(image: Path) -> None:
    """Its /etc decides, or its top folder if there is no /etc."""
    root = Root(str(image))

    assert refusal_of(root) == (f"this user may not change files in {image}/etc; run it as root")

    (image / "etc").rename(image / "moved")

    assert refusal_of(root) == f"this user may not change files in {image}/; run it as root"
    image.chmod(0o777)
    assert refusal_of(root) == ""


@needs_root
def test_an_image_that_the_user_owns_or_may_write_is_accepted(image: Path) -> None:
    """On a disk of the user's own that is read-only, root could not write either."""
    root = Root(str(image))
    (image / "etc").chmod(0o777)

    assert refusal_of(root) == ""

    (image / "etc").chmod(0o555)
    os.chown(image / "etc", NOBODY, -1)

    assert refusal_of(root) == ""


def test_a_sign_that_is_a_loop_of_links_is_one(tmp_path: Path) -> None:
    """A damaged image is an image, too."""
    (tmp_path / "etc").symlink_to("etc")

    require_linux_root(Root(str(tmp_path)))


@needs_root
def test_a_closed_folder_is_no_reason_if_another_one_is_open(image: Path) -> None:
    """An ordinary user may check an image with a closed /etc, and not one that is all closed."""
    root = Root(str(image))
    (image / "etc").chmod(0o700)
    with acting_as(NOBODY, NOBODY):
        require_linux_root(root)

    (image / "usr").chmod(0o700)
    with acting_as(NOBODY, NOBODY), pytest.raises(NotPermitted, match="Permission denied"):
        require_linux_root(root)


@pytest.mark.parametrize("sign", ["etc/os-release", "usr/lib/os-release", "etc/passwd", "usr/bin"])
def test_one_sign_of_a_linux_system_is_enough(tmp_path: Path, sign: str) -> None:
    """The other three may be missing."""
    (tmp_path / sign).mkdir(parents=True)

    require_linux_root(Root(str(tmp_path)))


@pytest.mark.parametrize("sign", ["", "etc", "usr", "bin", "boot"])
def test_other_folders_are_no_linux_system(tmp_path: Path, sign: str) -> None:
    """The error says which folder to give."""
    (tmp_path / sign).mkdir(exist_ok=True)

    with pytest.raises(UsageError) as refused:
        require_linux_root(Root(str(tmp_path)))

    assert str(refused.value) == (
        f"{tmp_path} is not the root of a Linux system: /etc/os-release, /usr/lib/os-release, "
        "/etc/passwd, /usr/bin are all missing in it; give --root the folder that contains etc "
        "and usr of the image"
        if sign
        else f"the folder {tmp_path} is empty; mount or unpack the image there first"
    )


@needs_root
def test_an_ordinary_user_cannot_act_as_another_one() -> None:
    """The error names the user whose rights were wanted."""
    with acting_as(NOBODY, NOBODY), pytest.raises(NotPermitted) as refused, acting_as(7, 7):
        pass

    assert str(refused.value) == (
        "could not switch to UID 7 (Operation not permitted); run it as root"
    )
