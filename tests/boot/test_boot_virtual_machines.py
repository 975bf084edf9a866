"""`rehearse --image` with disk files: a good one passes, and each wrong one fails by its cause.

All are copies of one disk, of which a few files are changed. QEMU emulates the processor where
KVM does not work, so a boot takes one to three minutes. Most run with --every-machine only.
"""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

import pytest

import needs
from boot.machine import Machine, skip_without_means
from project import ROOT
from pyz import PYZ
from recipes import blocks_of, run_program

PROGRAMS = ("qemu-system-x86_64", "qemu-img", "mcopy", "mmove", "sfdisk", "debugfs", "dnsmasq")
ROOT_OFFSET = 65 << 20
SERVICE = "/etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
NETWORK = "/etc/systemd/network/00-azure.network"
GRUB = """\
linux /vmlinuz root={} ro net.ifnames=0 console=tty1 console=ttyS0
initrd /initrd.img
boot
"""
MISSING = "UUID=0a1b2c3d-0000-4000-8000-00000000aaaa /data ext4 x-systemd.device-timeout=5 0 2\n"
# Some faults show only by what does not happen until then. An idle machine needs a third of it.
LIMIT_S = 240

pytestmark = pytest.mark.boot


class Disk:
    """A raw disk as the recipe debian-vhd creates it, and changes to its files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def change_root(self, *requests: str) -> None:
        """Run requests of debugfs(8) on the root file system."""
        device = f"{self.path}?offset={ROOT_OFFSET}"
        run_program(["debugfs", "-w", "-f", "-", device], "".join(f"{one}\n" for one in requests))

    def write(self, path: str, text: str) -> None:
        source = self.path.with_suffix(".text")
        source.write_text(text)
        self.change_root(f"rm {path}", f"write {source} {path}")

    def esp(self, program: str, *words: str) -> None:
        subprocess.run([program, "-i", f"{self.path}@@1M", *words], check=True)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk of an image that provisions, without an SSH server, and its root beside it."""
    skip_without_means()
    for program in PROGRAMS:
        needs.program(program)
    if not Path("/usr/share/OVMF").is_dir():
        needs.leave_out("needs OVMF: apt-get install ovmf")
    folder = tmp_path_factory.mktemp("machines")
    Machine(folder, "disk")
    (folder / "dist").symlink_to(ROOT / "dist")
    network = blocks_of("debian-vhd", "The root")[1]
    loader = blocks_of("debian-vhd", "The boot loader")
    steps = [network, "sh dist/install.sh --root root\n", *loader]
    steps += blocks_of("debian-vhd", "The disk")
    run_program(["sh", "-eux"], "".join(steps), cwd=folder)
    return folder / "disk.raw"


@pytest.fixture
def disk(good: Path, tmp_path: Path) -> Disk:
    path = tmp_path / "disk.raw"
    subprocess.run(["cp", "--sparse=always", str(good), str(path)], check=True)
    return Disk(path)


def rehearse(*options: str, code: int) -> Dict[str, Any]:
    """Run `rehearse --json --image`, and return its only scenario."""
    program = [sys.executable, "-I", str(PYZ)]
    done = subprocess.run(
        [*program, "rehearse", "--json", "--image", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout[-9000:] + done.stderr
    (scenario,) = json.loads(done.stdout)["scenarios"]
    result: Dict[str, Any] = scenario
    return result


def unsigned(program: Path, copy: Path) -> str:
    """A copy of a program for UEFI, of which the certificates are not found any more."""
    data = bytearray(program.read_bytes())
    (header,) = struct.unpack_from("<I", data, 60)
    struct.pack_into("<II", data, header + 24 + 112 + 4 * 8, 0, 0)
    copy.write_bytes(data)
    return str(copy)


def remove_fallback(disk: Disk, _root: Path) -> None:
    disk.esp("mmove", "::/EFI/BOOT/BOOTX64.EFI", "::/EFI/debian/shimx64.efi")


def unsign_loader(disk: Disk, root: Path) -> None:
    shim = unsigned(root / "usr/lib/shim/shimx64.efi.signed", disk.path.with_suffix(".efi"))
    disk.esp("mcopy", "-o", shim, "::/EFI/BOOT/BOOTX64.EFI")


def unsign_grub(disk: Disk, root: Path) -> None:
    grub = root / "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
    disk.esp(
        "mcopy", "-o", unsigned(grub, disk.path.with_suffix(".efi")), "::/EFI/BOOT/grubx64.efi"
    )


def unsign_kernel(disk: Disk, root: Path) -> None:
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    copy = unsigned(kernel, disk.path.with_suffix(".efi"))
    disk.change_root(f"rm /boot/{kernel.name}", f"write {copy} /boot/{kernel.name}")


def remove_grub_configuration(disk: Disk, _root: Path) -> None:
    disk.esp("mdel", "::/EFI/debian/grub.cfg")


def name_another_disk(disk: Disk, _root: Path) -> None:
    disk.write("/boot/grub/grub.cfg", GRUB.format("/dev/vda2"))


def leave_out_initramfs(disk: Disk, _root: Path) -> None:
    text = GRUB.format("LABEL=root").replace("initrd /initrd.img\n", "")
    disk.write("/boot/grub/grub.cfg", text)


def list_modules(disk: Disk, root: Path) -> None:
    """Make an initramfs with the drivers of Hyper-V alone, as MODULES=list does."""
    (kernel,) = (root / "lib/modules").iterdir()
    configuration = root / "root/initramfs"
    shutil.copytree(root / "etc/initramfs-tools", configuration)
    (configuration / "initramfs.conf").write_text("MODULES=list\nBUSYBOX=auto\nCOMPRESS=zstd\n")
    (configuration / "modules").write_text("ext4\nsd_mod\nhv_vmbus\nhv_storvsc\n")
    make = ["mkinitramfs", "-d", "/root/initramfs", "-o", "/root/initrd", kernel.name]
    subprocess.run(["unshare", "-mn", "chroot", str(root), *make], check=True)
    name = f"/boot/initrd.img-{kernel.name}"
    disk.change_root(f"rm {name}", f"write {root / 'root/initrd'} {name}")


def forbid_vfat(disk: Disk, _root: Path) -> None:
    disk.write("/etc/modprobe.d/site.conf", "install vfat /bin/false\n")


def mount_another_disk(disk: Disk, _root: Path) -> None:
    disk.write("/etc/fstab", f"LABEL=root / ext4 errors=remount-ro 0 1\n{MISSING}")


def remove_init(disk: Disk, _root: Path) -> None:
    disk.change_root("rm /usr/sbin/init", "rm /usr/lib/systemd/systemd", "rm /usr/bin/sh")


def turn_dhcp_off(disk: Disk, _root: Path) -> None:
    disk.write(NETWORK, "[Match]\nName=eth0\n\n[Network]\nDHCP=no\n")


def rename_interface(disk: Disk, _root: Path) -> None:
    text = GRUB.format("LABEL=root").replace(" net.ifnames=0", "")
    disk.write("/boot/grub/grub.cfg", text)


def disable_service(disk: Disk, _root: Path) -> None:
    disk.change_root(f"rm {SERVICE}")


def remove_python(disk: Disk, root: Path) -> None:
    (python,) = (root / "usr/bin").glob("python3.[0-9]*[0-9]")
    disk.change_root(f"rm /usr/bin/{python.name}")


def block_the_platform(disk: Disk, _root: Path) -> None:
    route = "[Route]\nDestination={}/32\nType=prohibit\n"
    routes = "".join(map(route.format, ("168.63.129.16", "169.254.169.254")))
    disk.write(NETWORK, f"[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n\n{routes}")


def change_nothing(_disk: Disk, _root: Path) -> None:
    """The fault is in how the disk is booted."""


class Fault(NamedTuple):
    """What is wrong with a disk, how it is booted, and what the verdict says."""

    change: Callable[[Disk, Path], None]
    options: str
    cause: str
    what: str
    #: Whether it runs without --every-machine, because it ends in the firmware.
    is_quick: bool = False


FAULTS = (
    Fault(remove_fallback, "", "firmware", "the firmware finds nothing to boot", is_quick=True),
    Fault(
        unsign_loader,
        "--secure-boot",
        "secure-boot",
        "Secure Boot refuses its boot loader",
        is_quick=True,
    ),
    Fault(unsign_grub, "--secure-boot", "secure-boot", "Secure Boot refuses its boot loader"),
    Fault(unsign_kernel, "--secure-boot", "secure-boot", "Secure Boot refuses its kernel"),
    Fault(remove_grub_configuration, "", "boot-loader", "finds no configuration"),
    Fault(change_nothing, "--generation 1", "silent-console", "shows and sends nothing"),
    Fault(name_another_disk, "", "no-root-device", "does not find the root file system"),
    Fault(leave_out_initramfs, "", "no-root-device", "cannot mount the root file system"),
    Fault(list_modules, "--disk virtio", "no-root-device", "does not find the root file system"),
    Fault(forbid_vfat, "", "emergency-mode", "Failed to mount boot-efi.mount"),
    Fault(mount_another_disk, "", "emergency-mode", "Timed out waiting for device"),
    Fault(remove_init, "", "no-init", "no init"),
    Fault(turn_dhcp_off, "", "no-dhcp", "no DHCP request was seen"),
    Fault(rename_interface, "", "no-dhcp", "no DHCP request was seen"),
    Fault(disable_service, "", "no-agent", "no agent was seen on the console"),
    Fault(remove_python, "", "agent-failed", "the service that reports Ready failed"),
    Fault(block_the_platform, "", "unreachable", "nothing reached WireServer"),
)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            fault,
            id=fault.change.__name__,
            marks=() if fault.is_quick else pytest.mark.every_machine,
        )
        for fault in FAULTS
    ],
)
def test_a_wrong_disk_fails_by_its_cause(fault: Fault, disk: Disk, good: Path) -> None:
    """The verdict names the cause of a disk with this fault, and the file is not changed."""
    fault.change(disk, good.parent / "root")
    before = disk.path.stat().st_mtime_ns
    options = ["--boots", "1", "--limit", str(LIMIT_S), *fault.options.split()]
    options += [] if "--disk" in options else ["--disk", "nvme"]

    result = rehearse(str(disk.path), *options, code=1)

    assert result["findings"][0]["cause"] == fault.cause, result["findings"]
    assert fault.what in result["verdict"]
    assert disk.path.stat().st_mtime_ns == before


def test_a_good_disk_passes_with_secure_boot(disk: Disk) -> None:
    """A disk behind NVMe reports once and announces its name, and its second boot is silent."""
    result = rehearse(str(disk.path), "--disk", "nvme", "--secure-boot", code=0)

    assert "from azprov; host name rehearsal-vm set and announced" in result["verdict"]
    assert result["verdict"].endswith("the second boot was silent")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of the tests."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - readable for all
        yield Path(folder)


@pytest.mark.every_machine
def test_an_ordinary_user_may_rehearse_a_fixed_vhd(disk: Disk, public_folder: Path) -> None:
    """Without root, a fixed VHD behind SCSI passes."""
    vhd = public_folder / "disk.vhd"
    shutil.copy(PYZ, public_folder)
    footer = ["-f", "raw", "-O", "vpc", "-o", "subformat=fixed,force_size=on"]
    subprocess.run(["qemu-img", "convert", *footer, str(disk.path), str(vhd)], check=True)
    user = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "env", "HOME=/"]
    program = [*user, "/usr/bin/python3", "-I", str(public_folder / PYZ.name)]
    command = [*program, "rehearse", "--image", str(vhd), "--boots", "1"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-9000:] + done.stderr
    assert "PASSED: Ready was accepted once" in done.stdout


def test_a_dynamic_vhd_is_refused(tmp_path: Path) -> None:
    """A format that Azure does not accept is not booted, and the error names the next step."""
    vhd = tmp_path / "dynamic.vhd"
    subprocess.run(["qemu-img", "create", "-q", "-f", "vpc", str(vhd), "64M"], check=True)

    done = subprocess.run(
        [sys.executable, "-I", str(PYZ), "rehearse", "--image", str(vhd)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 73
    assert f"{vhd} is a dynamic VHD, which Azure does not accept; run " in done.stderr
    assert f" check --image {vhd}, which names the command that converts it\n" in done.stderr
