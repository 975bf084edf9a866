"""The registry of network managers."""

from pathlib import Path

import pytest

from azprov.check.facts.image import Image
from azprov.check.facts.network import MANAGERS, dhcpcd
from azprov.check.facts.network.base import Manager
from azprov.check.facts.network.nic_settings import (
    DHCP,
    STATIC,
    UNIT,
    NicSetting,
    Source,
    from_file,
)
from azprov.system.root import Root


@pytest.mark.parametrize("manager", MANAGERS, ids=lambda one: f"{one.name} {one.services}")
def test_a_network_manager_can_start_and_has_a_fix(tmp_path: Path, manager: Manager) -> None:
    """Without settings, a manager reads nothing, and its fix still is a printable text."""
    image = Image(Root(str(tmp_path)))

    assert list(manager.reads(image)) == []
    assert manager.services or manager.files
    assert manager.fix(image, "eth0")
    assert manager.fix(image, "eth0").isprintable()


def test_a_setting_names_a_unit_if_no_file_has_it(tmp_path: Path) -> None:
    """A unit such as dhcpcd@ens3 is a setting by itself, except where dhcpcd.conf has another."""
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/systemd").write_text("program")
    (tmp_path / "usr/lib/systemd/system/dhcpcd@.service").write_text("[Unit]\n")
    for nic in ("ens3", "eth0"):
        (wants / f"dhcpcd@{nic}.service").symlink_to("/usr/lib/systemd/system/dhcpcd@.service")
    (tmp_path / "etc/dhcpcd.conf").write_text("interface eth0\nstatic ip_address=10.0.0.4/24\n")

    settings = list(dhcpcd.reads_of_instances(Image(Root(str(tmp_path)))))

    assert settings == [
        NicSetting(Source(UNIT, "dhcpcd@ens3.service"), "ens3", DHCP),
        NicSetting(from_file("/etc/dhcpcd.conf"), "eth0", STATIC),
    ]
