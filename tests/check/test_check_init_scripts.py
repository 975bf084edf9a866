"""What `check` finds in images that boot with sysvinit, busybox init or runit."""

import json
from pathlib import Path
from typing import Dict, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.image_changes import UNIT, found
from check.init_scripts import (
    BUSYBOX,
    DINIT,
    FINE_SCRIPTS,
    RUNIT,
    S6_LINUX_INIT,
    SCRIPT,
    SYSVINIT,
    WRONG_SCRIPTS,
)
from images import azprov
from sound_image import OPENRC, SYSTEM, Change, change, make_sound


@pytest.mark.parametrize("case", FINE_SCRIPTS)
def test_an_image_with_init_scripts_has_no_finding(image: Path, case: str) -> None:
    """The links of runlevels, the scripts of buildroot and the services of runit are found."""
    change(image, FINE_SCRIPTS[case])

    assert found(image) == []


@pytest.mark.parametrize("case", WRONG_SCRIPTS)
def test_one_fault_of_init_scripts_gives_one_finding(image: Path, case: str) -> None:
    """An image with init scripts and one fault has exactly the finding for that fault."""
    rule, severity, done = WRONG_SCRIPTS[case]
    change(image, done)

    assert found(image) == [(rule, severity)]


def fixes(image: Path) -> str:
    findings = check(Image(Root(str(image))))
    return "\n".join(finding.fix for finding in findings).replace(str(image), "IMAGE")


def test_a_script_is_enabled_as_the_image_does_it(image: Path) -> None:
    """The command is that of Debian for sysvinit; buildroot has none, so azprov writes the link."""
    change(image, {**SYSVINIT, "etc/rcS.d/S09azure-provisioning": None})

    assert fixes(image) == "chroot IMAGE update-rc.d azure-provisioning defaults"

    change(image, {**BUSYBOX, "etc/init.d/S03azure-provisioning": None})

    assert fixes(image).endswith(" install --force --root IMAGE")


def test_a_script_for_another_init_system_is_replaced(image: Path) -> None:
    """The script of OpenRC has the same path as that of sysvinit, and is named in the finding."""
    change(image, WRONG_SCRIPTS["sysvinit, the script of OpenRC"].done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        "azprov's service is written for OpenRC, but this image boots with sysvinit, so azprov "
        "never runs"
    )
    assert finding.fix.replace(str(image), "IMAGE").endswith(" install --force --root IMAGE")


MISTYPED: Dict[str, Tuple[Change, str]] = {
    "systemd": ({}, f"{SYSTEM}/{UNIT}"),
    "sysvinit": (SYSVINIT, SCRIPT),
    "runit": (RUNIT, "etc/sv/azure-provisioning/run"),
    "s6-linux-init": (S6_LINUX_INIT, "etc/sv/azure-provisioning/run"),
    "dinit": (DINIT, "etc/dinit.d/azure-provisioning"),
    "OpenRC": (OPENRC, SCRIPT),
}


@pytest.mark.parametrize("kind", MISTYPED)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--admin-usr", "there is no option '--admin-usr'"),
        ("--ssh-keys", "--ssh-keys needs a value, USER"),
        ("--admin-user=yes", "--admin-user takes no value"),
        ("admin", "'admin' is an unexpected argument"),
        ("--help", "with --help, azprov does nothing else"),
    ],
)
def test_options_that_azprov_does_not_accept_are_found(
    tmp_path: Path, kind: str, options: str, said: str
) -> None:
    """With such options azprov ends with exit code 2 at the first boot, and reports nothing."""
    image = make_sound(tmp_path / "image")
    changes, service = MISTYPED[kind]
    change(image, changes)
    assert "service-altered" not in azprov("check", "--root", image, "--json")[1]
    file = image / service
    text = file.read_text()
    end = (
        " --unit azure-provisioning"
        if " --unit azure-provisioning" in text
        else "azprov.pyz provision"
    )
    file.write_text(text.replace(end, f"{end} {options}", 1))

    findings = json.loads(azprov("check", "--root", image, "--json")[1])["findings"]

    (finding,) = [one for one in findings if one["rule"] == "service-altered"]
    assert finding["severity"] == "error"
    assert finding["what"].startswith(
        f"azprov does not accept the options in {file} ({said}), so nothing reports Ready"
    )
