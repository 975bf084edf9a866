"""A fix that is pasted on the machine where an image is made changes nothing but the image."""

import re
from pathlib import Path
from typing import List

import pytest

from azprov.check import check
from azprov.check.facts.files import Files
from azprov.check.facts.image import Image
from azprov.errors import HostError
from azprov.system.root import Root
from check.fault_cases import WRONG_ANYWHERE
from check.image_changes import MAC, found_by, ifupdown
from sound_image import Change, change, make_sound

#: The folders of an image in which check names files.
MOVED = ("boot", "etc", "run", "sbin", "usr", "var")


def replace_by_links(image: Path) -> None:
    """Put absolute links in place of each folder in the image, and of each file below /etc."""
    held = image / "held"
    held.mkdir()
    for name in MOVED:
        if (image / name).is_dir() and not (image / name).is_symlink():
            (image / name).rename(held / name)
            (image / name).symlink_to(f"/held/{name}")
    files = [path for path in (held / "etc").rglob("*") if path.is_file() and not path.is_symlink()]
    for number, path in enumerate(files):
        path.rename(held / f"{number}-{path.name}")
        path.symlink_to(f"/held/{number}-{path.name}")


def links_in(image: Path, path: str) -> List[str]:
    """The links on a path, as the shell of the machine would follow them."""
    parts = Path(path).relative_to(image).parts
    paths = [image.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    return [str(one) for one in paths if one.is_symlink()]


@pytest.mark.parametrize("case", WRONG_ANYWHERE)
def test_no_path_in_a_fix_has_a_link(tmp_path: Path, case: str) -> None:
    """An absolute link in an image would lead the shell to a file of the machine.

    A command that removes or replaces a link may name that link.
    """
    rule, _, done = WRONG_ANYWHERE[case]
    image = make_sound(tmp_path / "image")
    change(image, {**done, "etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"})
    replace_by_links(image)

    for finding in found_by(image, rule):
        for command in re.split(r" && |; ", finding.fix):
            for path in re.findall(rf"{image}/[^\s'\",;)]*", command):
                links = links_in(image, path)
                if command.startswith(("rm ", "ln ", "make ")) and links[-1:] == [path]:
                    links.pop()
                assert links == [], finding.fix


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "image")


def test_a_fix_names_the_target_of_a_link(image: Path) -> None:
    """Lines are added to the file that the image's own programs read."""
    files: Change = ifupdown("-> /etc/shadow-of-the-host")
    change(image, {**files, "etc/shadow-of-the-host": "auto lo\n"})

    fixes = [finding.fix for finding in check(Image(Root(str(image))))]

    text = "printf 'auto eth0\\niface eth0 inet dhcp\\n' >> "
    assert f"{text}{image}/etc/shadow-of-the-host" in fixes


def test_a_fix_for_a_missing_file_keeps_to_the_image(image: Path) -> None:
    """The folder is an absolute link, and neither its target nor the file exists in the image."""
    change(image, {"etc/netplan": "-> /srv/config/netplan", "etc/cycle": "-> /etc/cycle"})
    (image / "etc/up").symlink_to("/srv/missing/../../etc")
    files = Files(Root(str(image)))

    assert files.typed("/etc/netplan/x y") == f"'{image}/srv/config/netplan/x y'"
    assert files.typed("/etc/netplan", follow=False) == f"{image}/etc/netplan"
    assert files.typed("/etc/netplan") == f"{image}/srv/config/netplan"
    for path in ("/etc/cycle/x", "/etc/up/x"):
        with pytest.raises(HostError, match="could not resolve"):
            files.typed(path)


def test_a_rule_for_a_network_card_is_named_where_it_is(image: Path) -> None:
    """Rules of udev may be in a folder that is a link."""
    rule = f'SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", NAME="eth0"\n'
    change(image, {"srv/rules/70-persistent-net.rules": rule, "etc/udev": "-> /srv"})
    (image / "srv/rules.d").symlink_to("/srv/rules")

    fixes = [finding.fix for finding in check(Image(Root(str(image))))]

    assert f"remove the rule for {MAC} from {image}/srv/rules/70-persistent-net.rules" in fixes
