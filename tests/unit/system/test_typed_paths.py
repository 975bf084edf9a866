"""Paths and commands as they are typed on the machine where an image is made."""

from pathlib import Path

import pytest

from azprov.errors import HostError
from azprov.system.root import Root
from azprov.system.typed_paths import edited, inside, run, typed


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image whose path ends in an X, with a link to an absolute path."""
    folder = tmp_path / "imageX"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/link").symlink_to("/etc/real name")
    (folder / "etc/end\n").write_text("")
    return folder


@pytest.mark.parametrize("end", ["", "/"])
def test_a_link_is_resolved_inside_the_image(image: Path, end: str) -> None:
    """Typed as it is, it would lead to a file of the machine that has the image."""
    root = Root(f"{image}{end}")

    assert typed(root, "/etc/link") == f"'{image}/etc/real name'"
    assert typed(root, "/etc/link", follow=False) == f"{image}/etc/link"
    assert run(root, "chmod a+r", "/etc/hosts") == f"run chmod a+r {image}/etc/hosts"


def test_a_path_in_a_sentence_is_not_quoted(image: Path) -> None:
    """It is not part of a command."""
    root = Root(str(image))

    assert edited(root, "/etc/link") == f"{image}/etc/real name"
    assert edited(root, "/etc/link", follow=False) == f"{image}/etc/link"


def test_a_live_machine_has_its_own_paths(image: Path) -> None:
    """They are typed as they are, and commands run without chroot."""
    root = Root(str(image))
    assert inside(root, "passwd -l root") == f"chroot {image} passwd -l root"

    root.is_live = True

    assert typed(root, "/etc/link") == "/etc/link"
    assert edited(root, "/etc/link") == "/etc/link"
    assert inside(root, "passwd -l root") == "passwd -l root"


def test_a_name_that_no_shell_can_be_given_has_another_hint(image: Path) -> None:
    """The shell removes a line end at the end of a word that printf writes."""
    root = Root(str(image))

    with pytest.raises(HostError) as refused:
        typed(root, "/etc/end\n")

    assert str(refused.value) == (
        f"the name of {image}/etc/end? ends in a line end; rename that file"
    )
    assert run(root, "chmod a+r", "/etc/end\n") == "rename that file"
