"""What `check` finds in images that boot with sysvinit, busybox init or runit."""

from pathlib import Path

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.image_changes import found
from check.init_scripts import BUSYBOX, FINE_SCRIPTS, SYSVINIT, WRONG_SCRIPTS
from sound_image import change


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
