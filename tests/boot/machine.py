"""Boots a root in systemd-nspawn, and reads its files from outside."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import pytest

import needs
from project import ROOT
from pyz import PYZ

GUEST_NETWORK = Path(__file__).with_name("guest_network.py")
ROOTS = ROOT / ".build" / "boot"
# The Debian package of each command that a boot needs.
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "journalctl": "systemd",
    "ssh": "openssh-client",
}
# The process namespace makes sure that a guest ends when nspawn is killed. It would otherwise
# run forever, and could fill the disk with its log.
ALONE = ["unshare", "-nm", "--pid", "--fork", "--kill-child", "--mount-proc"]
# One root per release has every network manager; `use_network` leaves one of them.
_EVERY = "systemd,systemd-sysv,python3,dbus,openssh-server,sudo,iproute2"
_EVERY += ",network-manager,ifupdown,dhcpcd-base"
_FOR_A_DISK = "python3,linux-image-cloud-amd64,shim-signed,grub-efi-amd64-signed"
#: The Debian release and the packages of each root.
KINDS = {
    "minimal": ("bookworm", "systemd,systemd-sysv,python3"),  # no dbus, no curl
    "usual": ("bookworm", "systemd,systemd-sysv,python3,dbus,curl,libnss-myhostname"),
    "bookworm": ("bookworm", f"{_EVERY},isc-dhcp-client"),
    "trixie": ("trixie", f"{_EVERY},isc-dhcp-client"),
    "sid": ("sid", _EVERY),
    "imds": ("sid", f"{_EVERY},systemd-imds,libnss-myhostname,udev"),
    "openrc": ("bookworm", "openrc,python3,isc-dhcp-client"),
    "disk": ("trixie", f"systemd,systemd-sysv,systemd-repart,{_FOR_A_DISK}"),
    "openrc-disk": ("bookworm", f"openrc,fdisk,{_FOR_A_DISK}"),
    "sysvinit": ("trixie", "sysvinit-core,python3,isc-dhcp-client,ifupdown"),
    "busybox": ("trixie", "busybox,python3,isc-dhcp-client,iproute2"),
    "s6": ("trixie", "s6,python3,isc-dhcp-client,iproute2"),
    "s6-rc": ("trixie", "s6,python3,isc-dhcp-client,iproute2"),
    "dinit": ("trixie", "python3,isc-dhcp-client,iproute2"),
    "runit": ("trixie", "runit-init,python3,isc-dhcp-client,iproute2"),
}
#: The services of each network manager.
NETWORKS = {
    "networkd": ("systemd-networkd.service", "systemd-networkd.socket"),
    "NetworkManager": ("NetworkManager.service", "NetworkManager-wait-online.service"),
    "dhclient": ("networking.service",),
    "dhcpcd": ("networking.service",),
}
_INTERFACES = "auto host0\niface host0 inet dhcp\n"
_CONNECTION = """\
[connection]
id=host0
type=ethernet
interface-name=host0
[ipv4]
method=auto
"""
UNIT = "azure-provisioning.service"
ENABLED = f"etc/systemd/system/multi-user.target.wants/{UNIT}"
SERVICES = (f"etc/systemd/system/{UNIT}", "etc/init.d/azure-provisioning")
METADATA: Dict[str, Any] = {
    "compute": {
        "name": "web01",
        "osProfile": {"computerName": "Web01-Host"},
        "vmId": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90",
    }
}


def add_programs(kind: str, root: Path) -> None:
    """Copy the programs of an init system that Debian has no package of; skip without them.

    They are below ROOTS, where `make install DESTDIR=...` has put them.
    """
    programs = ROOTS / f"{kind}.programs"
    if not programs.is_dir():
        pytest.skip(f"Debian has no package of {kind}: install its programs in {programs}")
    subprocess.run(["cp", "-a", f"{programs}/.", root], check=True)


def skip_without_means() -> None:
    """Skip a test if this machine cannot boot a root; in CI the test fails instead."""
    needs.root()
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if missing:
        assert not os.environ.get("CI"), missing
        pytest.skip(f"needs {', '.join(missing)}: apt-get install {' '.join(missing)}")


def root_archive(kind: str) -> Path:
    """Return the tar archive of a Debian root, which is created at the first call."""
    ROOTS.mkdir(parents=True, exist_ok=True)
    archive = ROOTS / f"{kind}.tar"
    with (ROOTS / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests that run in parallel boot the same root
        if not archive.exists():
            made = archive.with_suffix(".new.tar")
            suite, packages = KINDS[kind]
            subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}"]
                + [f"--aptopt={option}" for option in apt_options()]
                + [suite, str(made)],
                check=True,
            )
            made.rename(archive)
    return archive


def apt_options() -> List[str]:
    """Return this machine's settings for the dates of package lists, which its mirror may need."""
    names = ["Acquire::Check-Valid-Until", "Acquire::Check-Date"]
    done = subprocess.run(
        ["apt-config", "dump", *names], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


class Machine:
    """A root below a folder, whose host name is "image"."""

    #: The guest's shutdown command; without one, nspawn gets SIGTERM.
    poweroff: Sequence[str] = ()

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        self.root = folder / "root"
        self.root.mkdir()
        subprocess.run(["tar", "-C", self.root, "-xf", root_archive(kind)], check=True)
        (self.root / "etc/hostname").write_text("image\n")
        (self.root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\timage\n")

    def install(self, *options: str) -> None:
        """Install azprov, whose service trusts the platform although this is no Azure VM."""
        subprocess.run(
            ["sh", str(PYZ.parent / "install.sh"), "--root", str(self.root)]
            + ["--platform", "any", *options],
            check=True,
            capture_output=True,
        )

    def trust_platform(self) -> None:
        """Let the service trust the platform, in a root into which a recipe installed azprov."""
        (service,) = [path for path in map(self.root.joinpath, SERVICES) if path.exists()]
        text = service.read_text()
        assert "azprov.pyz provision" in text
        service.write_text(
            text.replace("azprov.pyz provision", "azprov.pyz provision --platform any")
        )

    def boot(
        self,
        *,
        late_s: Optional[float] = 0,
        imds: bool = True,
        waits_for_ready: bool = True,
        then_s: float = 3,
        metadata: Optional[Dict[str, Any]] = None,
        then_run: Sequence[List[str]] = (),
        then_inside: Sequence[List[str]] = (),
        cut: Sequence[str] = (),
        is_instant: bool = False,
        nspawn: Sequence[str] = (),
        prepare: str = "",
        variables: Optional[Dict[str, str]] = None,
    ) -> Dict[str, Any]:
        """Boot the root, shut it down, and return the result.

        The network comes up after `late_s` seconds, or never (None). `then_run` are commands
        that run outside the guest, whose address is 10.0.0.4, and `then_inside` commands that
        run inside. `cut` are the image of the guest's disk and a path: then the power fails,
        and what was written to the disk is copied there. With `is_instant` the platform is
        that of the benchmarks. `nspawn` are more options for systemd-nspawn. `prepare` is a
        script that runs before, in the mount namespace of this boot; $0 is the root.
        `variables` are environment variables of systemd-nspawn.
        """
        order = {
            "root": str(self.root),
            "late_s": late_s,
            "imds": imds,
            "waits_for_ready": waits_for_ready,
            "then_s": then_s,
            "metadata": METADATA if metadata is None else metadata,
            "then_run": list(then_run),
            "then_inside": list(then_inside),
            "cut": list(cut),
            "poweroff": self.poweroff,
            "is_instant": is_instant,
            "nspawn": list(nspawn),
            "prepare": prepare,
        }
        done = subprocess.run(
            [*ALONE, sys.executable, str(GUEST_NETWORK), json.dumps(order)],
            env={
                **os.environ,
                "PYTHONPATH": str(GUEST_NETWORK.parent.parent),
                **(variables or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result: Dict[str, Any] = json.loads(done.stdout)
        assert result["leased"] == (late_s is not None), result["console"]
        return result

    def files(self) -> Dict[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and not path.is_symlink()
        } | {
            str(path.relative_to(self.root)): os.fsencode(os.readlink(path))
            for path in self.root.rglob("*")
            if path.is_symlink()
        }

    def read(self, path: str) -> Optional[str]:
        return (self.root / path).read_text() if (self.root / path).exists() else None


class SystemdMachine(Machine):
    """A root with systemd, a journal, and one network manager."""

    def __init__(self, folder: Path, kind: str, network: str = "networkd") -> None:
        super().__init__(folder, kind)
        (self.root / "etc/machine-id").write_text("")
        self._use_network(network)

    def _use_network(self, network: str) -> None:
        """Enable one network manager, and mask the others, which presets could enable."""
        units = self.root / "etc/systemd/system"
        for service in {name for names in NETWORKS.values() for name in names}:
            if service in NETWORKS[network]:
                continue
            for folder in ("multi-user.target.wants", "network-online.target.wants"):
                (units / folder / service).unlink(missing_ok=True)
            if (self.root / "usr/lib/systemd/system" / service).exists():
                (units / service).symlink_to("/dev/null")
        if network == "networkd":
            enabled = units / "multi-user.target.wants/systemd-networkd.service"
            enabled.symlink_to("/lib/systemd/system/systemd-networkd.service")
        elif network == "NetworkManager":
            connection = self.root / "etc/NetworkManager/system-connections/host0.nmconnection"
            connection.write_text(_CONNECTION)
            connection.chmod(0o600)
        else:
            (self.root / "etc/network/interfaces.d/host0").write_text(_INTERFACES)
            if network == "dhcpcd":  # ifupdown prefers dhclient
                (self.root / "usr/sbin/dhclient").unlink(missing_ok=True)
                # The configuration of Debian 12 sends no name.
                with (self.root / "etc/dhcpcd.conf").open("a") as configuration:
                    configuration.write("hostname\n")

    def journal(self, boot: int = 0, *, unit: str = UNIT) -> List[str]:
        """Return the journal of a service, azprov's by default, in a boot; 0 is the last boot."""
        done = subprocess.run(
            ["journalctl", "-D", str(self.root / "var/log/journal"), "-u", unit]
            + ["-b", str(boot), "-o", "cat", "--no-pager", "--quiet"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.splitlines()

    @property
    def is_enabled(self) -> bool:
        return (self.root / ENABLED).is_symlink()
