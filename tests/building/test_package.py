"""azprov as a package of a distribution, as unit/recipes/package.md makes it."""

import shutil
from pathlib import Path
from typing import List, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.image.uninstall import uninstall
from azprov.system.root import Root
from images import files, tree
from pyz import azprov
from recipes import run_recipe
from sound_image import WANTS, change, make_sound
from strict_wireserver import StrictWireServer

LINK = f"{WANTS}/azure-provisioning.service"
SERVICE = "usr/lib/systemd/system/azure-provisioning.service"
PROGRAM = "usr/lib/azprov/azprov.pyz"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    run_recipe("package", folder)
    return folder / "package"


@pytest.fixture
def image(tmp_path: Path, package: Path) -> Path:
    """A sound image with the package instead of the files that `install` writes."""
    root = make_sound(tmp_path / "image")
    uninstall(Root(str(root)), [])
    shutil.copytree(package, root, symlinks=True, dirs_exist_ok=True)
    for folder in ("etc/sudoers.d", "var/lib"):
        (root / folder).mkdir(parents=True)
    (root / LINK).symlink_to(f"/{SERVICE}")
    change(root, {"usr/bin/sudo": "program"})
    return root


def found(image: Path) -> List[Tuple[str, str, str]]:
    return [(one.rule, one.severity, one.fix) for one in check(Image(Root(str(image))))]


def test_the_package_has_the_files_of_its_recipe(package: Path) -> None:
    """The command is a link to the archive, and the service starts the packaged archive."""
    assert files(package) == [
        "usr/bin/azprov",
        PROGRAM,
        SERVICE,
        "usr/share/bash-completion/completions/azprov",
        "usr/share/doc/azprov/copyright",
        "usr/share/fish/vendor_completions.d/azprov.fish",
        "usr/share/man/man8/azprov.8",
        "usr/share/zsh/vendor-completions/_azprov",
    ]
    assert (package / "usr/bin/azprov").resolve() == package / PROGRAM
    licences = (package / "usr/share/doc/azprov/copyright").read_text()
    assert licences.count("Permission is hereby granted") == 3
    service = (package / SERVICE).read_text()
    assert f"ExecStart=/usr/bin/python3 -I /{PROGRAM} provision --admin-user\n" in service
    assert "RequiresMountsFor=/usr/lib/azprov\n" in service
    assert "ProtectHome=no\n" in service


def test_check_accepts_a_package(image: Path) -> None:
    """`check` has no findings about the path and the options of the package."""
    assert found(image) == []


def test_a_damaged_package_is_fixed_by_the_package(image: Path) -> None:
    """`install` is no fix, since its service would hide the service of the package."""
    again = f"reinstall the package that has {image / SERVICE}"
    service = image / SERVICE
    service.write_text(service.read_text().replace("960", "10"))
    (image / PROGRAM).write_bytes(b"x")

    assert found(image) == [
        ("program-unusable", "error", again),
        ("service-altered", "warning", f"if you did not intend the change: {again}"),
    ]


def test_deprovision_enables_the_service_of_a_package(
    image: Path, wireserver: StrictWireServer
) -> None:
    """After a first boot, deprovision restores the image, and a second run finds nothing."""
    before = tree(image)
    options = ("--no-hostname", "--imds-timeout=0.2")
    address = f"--wireserver=127.0.0.1:{wireserver.listener.getsockname()[1]}"
    assert azprov("provision", "--root", image, *options, address)[0] == 0
    assert wireserver.verdicts == ["goal state", "ready"]
    assert not (image / LINK).is_symlink()

    assert azprov("deprovision", "--root", image, "--yes")[0] == 0
    again = azprov("deprovision", "--root", image)

    assert again == (0, "Nothing is left to do.\n", "")
    assert tree(image) == before


def test_install_refuses_an_image_with_the_package(image: Path) -> None:
    """The service of `install` would hide the service of the package."""
    before = tree(image)

    assert azprov("install", "--root", image) == (
        73,
        "",
        f"azprov: a package has already installed azprov, with the service {image / SERVICE}; "
        "enable that service, or remove the package first\n",
    )
    assert azprov("uninstall", "--root", image)[0] == 0
    assert tree(image) == before


@pytest.mark.parametrize("path", ["azprov.pyz", "/usr/lib/azprov", "/a b/azprov.pyz", "/a.pyz"])
def test_program_has_to_be_a_path_of_azprov_pyz(path: str) -> None:
    """azprov recognises its service by the path of azprov.pyz."""
    code, out, err = azprov("unit", "--program", path)

    assert (code, out) == (2, "")
    assert f"argument --program: not a path that ends in /azprov.pyz: {path!r}; " in err


def test_a_script_of_openrc_has_the_program(image: Path) -> None:
    """`unit --program` also changes the command of the OpenRC script."""
    argv = ("unit", "--root", image, "--init", "openrc", "--program", "/usr/lib/azprov/azprov.pyz")

    code, out, _ = azprov(*argv)

    assert code == 0
    assert (
        'command_args="-I /usr/lib/azprov/azprov.pyz provision --unit azure-provisioning"\n' in out
    )
