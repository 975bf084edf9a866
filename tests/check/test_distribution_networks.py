"""What `check` finds about networks of Gentoo, Arch, Void and others, and the fixes."""

import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.distribution_networks import (
    ARCH,
    FINE_DISTRIBUTIONS,
    GENTOO,
    GENTOO_SYSTEMD,
    PROFILE,
    WRONG_DISTRIBUTIONS,
)
from check.image_changes import found
from sound_image import WANTS, Change, change


@pytest.mark.parametrize("case", FINE_DISTRIBUTIONS)
def test_a_network_of_a_distribution_has_no_finding(image: Path, case: str) -> None:
    """Services for one interface, scripts and the kernel command line can start the network."""
    change(image, FINE_DISTRIBUTIONS[case])

    assert found(image) == []


@pytest.mark.parametrize("case", WRONG_DISTRIBUTIONS)
def test_a_fault_of_such_a_network_is_found(image: Path, case: str) -> None:
    """An image with one fault has exactly the finding for that fault."""
    rule, severity, done = WRONG_DISTRIBUTIONS[case]
    change(image, done)

    assert found(image) == [(rule, severity)]


_CONF = "printf 'config_eth0=dhcp\\n' >> IMAGE/etc/conf.d/net"
#: Faults, and the fixes, one after the other, until nothing is found.
FIXES: Dict[str, Tuple[Change, List[str]]] = {
    "Gentoo with a static address": (
        {**GENTOO, "etc/conf.d/net": "config_eth0=10.0.0.4\n"},
        [_CONF],
    ),
    "Gentoo with another interface": (
        {
            **GENTOO,
            "etc/init.d/net.eth0": None,
            "etc/runlevels/default/net.eth0": None,
            "etc/init.d/net.lan": "-> net.lo",
            "etc/runlevels/default/net.lan": "-> /etc/init.d/net.lan",
        },
        [
            "ln -sfn net.lo IMAGE/etc/init.d/net.eth0 && "
            "chroot IMAGE rc-update add net.eth0 default",
        ],
    ),
    "Gentoo with systemd and another interface": (
        {
            **GENTOO_SYSTEMD,
            f"{WANTS}/net@eth0.service": None,
            f"{WANTS}/net@lan.service": "-> /usr/lib/systemd/system/net@.service",
        },
        ["systemctl --root=IMAGE enable net@eth0"],
    ),
    "Arch with a static address": (
        {**ARCH, "etc/netctl/lan-dhcp": PROFILE.replace("dhcp", "static")},
        ["printf 'Interface=eth0\\nConnection=ethernet\\nIP=dhcp\\n' > IMAGE/etc/netctl/lan-dhcp"],
    ),
    "Arch with another interface": (
        {**ARCH, "etc/netctl/lan-dhcp": PROFILE.replace("eth0", "lan")},
        [
            "printf 'Interface=eth0\\nConnection=ethernet\\nIP=dhcp\\n' > IMAGE/etc/netctl/eth0 && "
            "chroot IMAGE netctl enable eth0"
        ],
    ),
}
#: What a command of the distribution does, in the image.
INSIDE = {
    "rc-update add net.eth0 default": "ln -s /etc/init.d/net.eth0 etc/runlevels/default/net.eth0",
    "netctl enable eth0": "ln -s /usr/lib/systemd/system/netctl@.service "
    f"{WANTS}/netctl@eth0.service",
}


@pytest.mark.needs("systemctl")
@pytest.mark.parametrize("case", FIXES)
def test_the_fixes_for_such_a_network_lead_to_dhcp(image: Path, case: str) -> None:
    """Each fix is pasted into a shell, with a stand-in for the programs inside the image."""
    done, fixes = FIXES[case]
    change(image, done)

    for fix in fixes:
        (finding,) = check(Image(Root(str(image))))
        command = finding.fix
        assert command.replace(str(image), "IMAGE") == fix
        for inside, meant in INSIDE.items():
            command = command.replace(f"chroot {image} {inside}", meant)
        subprocess.run(["sh", "-c", command], check=True, cwd=image, stderr=subprocess.DEVNULL)

    assert found(image) == []
