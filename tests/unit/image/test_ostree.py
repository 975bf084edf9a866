"""Images of ostree and bootc, where /usr/local is a link to a folder that no deployment has."""

import json
from pathlib import Path
from typing import Dict, List

import pytest

from azprov.errors import HostError
from azprov.image.install import install
from azprov.image.location import location
from azprov.image.service_file import render_unit
from azprov.image.uninstall import uninstall
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from images import add_python, azprov, files, tree
from project import SMALL_ARCHIVE
from sound_image import Change, change, make_sound

PROGRAM = "usr/lib/azprov/azprov.pyz"
#: The links of Fedora CoreOS, Fedora bootc and Endless OS. /var is empty in an image.
LINKS: Dict[str, str] = {
    "relative": "-> ../var/usrlocal",
    "absolute": "-> /var/usrlocal",
}


def install_into(root: Root, *, force: bool = False) -> List[str]:
    text = render_unit("/usr/bin/python3", [], program=location(root).program)
    changed: List[str] = []
    install(root, SMALL_ARCHIVE, text, changed, init=SYSTEMD, enable=True, force=force)
    return changed


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("is_there", [False, True])
def test_the_program_is_installed_where_a_deployment_has_it(
    tmp_path: Path, link: str, *, is_there: bool
) -> None:
    """A deployment has /usr of its image, but not /var, and uninstall leaves no folder."""
    add_python(tmp_path)
    change(tmp_path, {"usr/local": LINKS[link], "home": "-> var/home", "etc/os-release": ""})
    (tmp_path / "var/usrlocal/bin" if is_there else tmp_path / "var").mkdir(parents=True)
    before = tree(tmp_path)
    root = Root(str(tmp_path))

    install_into(root)

    new = set(files(tmp_path)) - set(before)
    assert sorted(new) == [
        "etc/systemd/system-preset/00-azprov.preset",
        "etc/systemd/system/azure-provisioning.service",
        "etc/systemd/system/multi-user.target.wants/azure-provisioning.service",
        "usr/bin/azprov",
        PROGRAM,
    ]
    unit = (tmp_path / "etc/systemd/system/azure-provisioning.service").read_text()
    assert f"ExecStart=/usr/bin/python3 -I /{PROGRAM} provision\n" in unit
    assert "RequiresMountsFor=/usr/lib/azprov\n" in unit
    assert install_into(root) == []

    uninstall(root, [])

    assert tree(tmp_path) == before


def test_other_links_of_usr_local_are_followed(tmp_path: Path) -> None:
    """Only /var is hidden by a deployment; the folders behind another link are removed again."""
    add_python(tmp_path)
    change(tmp_path, {"usr/local": "-> /opt/local", "etc/os-release": ""})
    (tmp_path / "opt").mkdir()
    before = tree(tmp_path)

    assert install_into(Root(str(tmp_path)))[0] == "/usr/local/lib/azprov/azprov.pyz"
    assert (tmp_path / "opt/local/lib/azprov/azprov.pyz").is_file()
    uninstall(Root(str(tmp_path)), [])

    assert tree(tmp_path) == before


def test_the_program_of_a_package_is_kept(tmp_path: Path) -> None:
    """A package may have the same path in /usr, and uninstall removes only what install wrote."""
    service = "usr/lib/systemd/system/azure-provisioning.service"
    package: Change = {
        "usr/local": "-> ../var/usrlocal",
        PROGRAM: "program",
        "usr/bin/azprov": "-> ../lib/azprov/azprov.pyz",
        service: render_unit("/usr/bin/python3", [], program=f"/{PROGRAM}"),
    }
    change(tmp_path, package)
    before = tree(tmp_path)

    uninstall(Root(str(tmp_path)), [])

    assert tree(tmp_path) == before


def test_a_service_for_a_program_that_a_deployment_hides_is_replaced_with_force(
    tmp_path: Path,
) -> None:
    """The sentence says what differs, and uninstall removes both programs."""
    image = make_sound(tmp_path / "image")
    (image / "var").mkdir(exist_ok=True)
    (image / "usr/local").rename(image / "var/usrlocal")
    (image / "usr/local").symlink_to("../var/usrlocal")

    with pytest.raises(HostError) as raised:
        install_into(Root(str(image)))

    assert raised.value.summary.endswith(
        f"(it starts /usr/local/lib/azprov/azprov.pyz, and the new one would start /{PROGRAM})"
    )
    install_into(Root(str(image)), force=True)
    uninstall(Root(str(image)), [])
    assert [path for path in files(image) if "azprov" in path] == []


def test_check_finds_a_program_that_a_deployment_hides(tmp_path: Path) -> None:
    """The program was installed in /var through /usr/local, and its fix installs it in /usr."""
    image = make_sound(tmp_path / "image")
    (image / "var").mkdir(exist_ok=True)
    (image / "usr/local").rename(image / "var/usrlocal")
    (image / "usr/local").symlink_to("../var/usrlocal")

    findings = json.loads(azprov("check", "--root", image, "--json")[1])["findings"]

    assert [one["rule"] for one in findings] == ["program-unusable"]
    assert "is in /var, and a deployment of this image has a /var of its own" in findings[0]["what"]
    assert f" install --force --root {image}" in findings[0]["fix"]
