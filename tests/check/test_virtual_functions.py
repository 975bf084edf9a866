"""Whether networkd also configures the virtual functions that accelerated networking adds."""

import subprocess
from pathlib import Path
from typing import Dict

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.image_changes import LINUX, NETWORK, found, grub, networkd
from sound_image import Change, change

#: networkd's settings for Flatcar on Azure, and those of azure-vm-utils.
FLATCAR: Change = {
    "usr/lib/systemd/network/yy-azure-sriov.network": "[Match]\n"
    "KernelCommandLine=flatcar.oem.id=azure\nDriver=mlx4_en mlx5_core mana\n"
    "[Link]\nUnmanaged=yes\n",
    **networkd("[Match]\nName=none\n"),
    "usr/lib/systemd/network/zz-default.network": "[Network]\nDHCP=yes\n[Match]\nName=*\n"
    "Type=!loopback bridge\n",
}
RULES: Change = {
    "usr/lib/udev/rules.d/10-azure-unmanaged-sriov.rules": 'SUBSYSTEM=="net", ACTION!="remove", '
    'DRIVERS=="mana|mlx4_core|mlx5_core", ATTR{flags}=="0x?[89ABCDEF]??", '
    'ENV{AZURE_UNMANAGED_SRIOV}="1", ENV{ID_NET_MANAGED_BY}="unmanaged"\n'
}


def by(lines: str) -> Change:
    return networkd(f"[Match]\n{lines}\n[Network]\nDHCP=yes\n")


#: Settings that are for eth0 and for virtual functions.
WRONG: Dict[str, Change] = {
    "names": by("Name=en* eth*"),
    "a letter": by("Name=e*"),
    "a type": by("Type=ether"),
    "no kind": by("Kind=!*"),
    "old names": {**by("Name=eth*"), **grub(f"{LINUX} net.ifnames=0\n")},
    "all drivers except one of the three": by("Name=e*\nDriver=!mlx5_core mlx4_en"),
    "rules for something else": {
        **by("Name=e*"),
        "etc/udev/rules.d/a.rules": 'SUBSYSTEM=="net", ENV{X}="1"\n',
    },
}
RIGHT: Dict[str, Change] = {
    "the driver": by("Name=e*\nDriver=hv_netvsc"),
    "the name": by("Name=eth0"),
    "names like eth0": by("Name=eth*"),
    "azure-vm-utils": {**by("Name=e*"), **RULES},
    "Flatcar": FLATCAR,
    "an earlier file": {
        **by("Name=e*"),
        "etc/systemd/network/00-a.network": "[Match]\nDriver=mlx4_en mlx5_core mana\n"
        "[Link]\nUnmanaged=yes\n",
    },
}


@pytest.mark.parametrize("case", WRONG)
def test_a_setting_that_covers_virtual_functions_is_found(image: Path, case: str) -> None:
    """The printed command, typed into a shell, leaves nothing to find."""
    change(image, WRONG[case])

    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.severity) == ("network-vf", "warning")
    assert finding.what.startswith(f"{image}/{NETWORK} also covers the SR-IOV virtual functions ")
    folder = f"{image}/{NETWORK}.d"
    assert finding.fix == (
        f"mkdir -p -m 755 {folder} && printf '[Match]\\nDriver=\\nDriver=hv_netvsc\\n' > "
        f"{folder}/azure.conf && chmod 644 {folder}/azure.conf"
    )
    subprocess.run(["sh", "-c", f"umask 077; {finding.fix}"], check=True)
    assert found(image) == []


@pytest.mark.parametrize("case", RIGHT)
def test_a_setting_that_leaves_virtual_functions_alone_is_sound(image: Path, case: str) -> None:
    """A driver, a name, an earlier file or the rules of azure-vm-utils keep networkd off them."""
    change(image, RIGHT[case])

    assert found(image) == []
