"""install in images that boot with something other than systemd or OpenRC."""

from pathlib import Path

import pytest

from images import add_python, tree
from pyz import azprov
from sound_image import Change, change

SYSVINIT: Change = {
    "sbin/init": "ELF",
    "etc/inittab": "si::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": "#!/bin/sh\nexec /etc/init.d/rc S\n",
    "etc/rcS.d/README": "",
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    add_python(tmp_path / "image", 12)
    return tmp_path / "image"


def test_an_init_program_without_a_service_is_refused(image: Path) -> None:
    """install names the command that the image must run, and changes nothing without --force."""
    change(image, {"sbin/init": "-> shepherd", "sbin/shepherd": "ELF"})
    before = tree(image)

    code, out, err = azprov("install", "--root", image, "--admin-user")

    assert (code, out) == (2, "")
    assert err == (
        f"azprov: {image} boots with /sbin/shepherd, and azprov has no service for it; add "
        "--force, and have the image run this at boot, in the background: /usr/bin/python3 -I "
        "/usr/local/lib/azprov/azprov.pyz provision --admin-user\n"
    )
    assert tree(image) == before
    assert azprov("install", "--root", image, "--force")[0] == 0
    assert (image / "usr/local/lib/azprov/azprov.pyz").is_file()


def test_another_init_system_than_the_one_that_boots_is_refused(image: Path) -> None:
    """--init must name the init system that boots, unless --force is given."""
    change(image, SYSVINIT)

    code, _, err = azprov("install", "--root", image, "--init", "runit")

    assert code == 2
    assert err == (
        f"azprov: {image} boots with sysvinit, not with runit; leave out --init, or add --force to "
        "install the service anyway\n"
    )


def test_a_service_for_each_init_system_can_be_printed(image: Path) -> None:
    """`unit --init` prints the script with the options of the service."""
    for init in ("sysvinit", "busybox", "runit", "s6", "dinit"):
        code, out, _ = azprov("unit", "--root", image, "--init", init, "--no-hostname")

        assert code == 0
        assert (
            "-I /usr/local/lib/azprov/azprov.pyz provision --unit azure-provisioning --no-hostname"
        ) in out


def test_install_prints_what_it_installed(image: Path) -> None:
    """The links of the init system are named like the service."""
    change(image, SYSVINIT)

    code, out, _ = azprov("install", "--root", image)

    assert code == 0
    assert out.splitlines() == [
        f"installed {image}/usr/local/lib/azprov/azprov.pyz",
        f"installed {image}/usr/local/bin/azprov",
        f"installed {image}/etc/init.d/azure-provisioning",
        f"installed {image}/etc/rcS.d/S99azure-provisioning",
    ]


def test_install_says_that_it_edited_the_file_of_insserv(image: Path) -> None:
    """Debian's rc starts only scripts that this file names, so install adds azprov's again."""
    change(image, SYSVINIT)
    order = "TARGETS = mountall.sh ssh\n"
    change(image, {"etc/init.d/.depend.boot": order})

    out = azprov("install", "--root", image)[1]
    assert f"edited {image}/etc/init.d/.depend.boot" in out.splitlines()
    change(image, {"etc/init.d/.depend.boot": order})

    assert azprov("install", "--root", image)[1] == f"edited {image}/etc/init.d/.depend.boot\n"
    assert azprov("install", "--root", image)[1] == "everything is already installed\n"


def test_quiet_commands_print_nothing_if_they_succeed(image: Path) -> None:
    """With -q, commands that change an image print only errors, and JSON if it is asked for."""
    change(image, SYSVINIT)

    for command in ("install", "install", "uninstall", "uninstall"):
        assert azprov(command, "--root", image, "-q") == (0, "", "")

    assert '"removed": []' in azprov("uninstall", "--root", image, "-q", "--json")[1]
