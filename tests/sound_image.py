"""A sound image for testing rules: the files of a Debian that azprov reads."""

import os
import stat
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import List, Mapping, NamedTuple, Optional, Tuple, Union

from azprov.image.install import install
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from images import add_python
from project import SMALL_ARCHIVE

KERNEL = "6.1.0-56-cloud-amd64"
MODULES = f"usr/lib/modules/{KERNEL}"
INITRAMFS = f"boot/initrd.img-{KERNEL}"
VMLINUZ = f"boot/vmlinuz-{KERNEL}"
GRUB = "boot/grub/grub.cfg"
SYSTEM = "etc/systemd/system"
WANTS = f"{SYSTEM}/multi-user.target.wants"
VENDOR = "usr/lib/systemd/system"


class File(NamedTuple):
    """A file with content and an unusual mode."""

    text: str
    mode: int


class Folder(NamedTuple):
    """A folder with an unusual mode."""

    mode: int


#: Content by path: None if the path is missing, "-> x" for a link, otherwise the text.
Change = Mapping[str, Optional[Union[str, bytes, File, Folder]]]

SOUND: Change = {
    "usr/lib/os-release": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "etc/os-release": "-> ../usr/lib/os-release",
    "etc/machine-id": "",
    # As if the file systems of the kernel were mounted; test_fixes_in_a_chroot.py has none.
    "proc/self/status": "",
    "usr/lib/systemd/systemd": "program",
    "sbin/init": "-> /usr/lib/systemd/systemd",
    "etc/fstab": "# <file system> ...\nUUID=0000 / ext4 errors=remount-ro 0 1\n",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="console=ttyS0"\n',
    VMLINUZ: "",
    "vmlinuz": f"-> {VMLINUZ}",
    "initrd.img": f"-> {INITRAMFS}",
    # The part of the output of grub-mkconfig that azprov reads.
    GRUB: 'set default="0"\nmenuentry "Debian" {\n'
    f"\tlinux\t/{VMLINUZ} root=UUID=0000 ro console=ttyS0\n\tinitrd\t/{INITRAMFS}\n}}\n",
    "etc/systemd/network/10-azure.network": "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n",
    f"{VENDOR}/systemd-networkd.service": "[Unit]\n",
    f"{WANTS}/systemd-networkd.service": f"-> /{VENDOR}/systemd-networkd.service",
    f"{VENDOR}/ssh.service": "[Unit]\n",
    f"{WANTS}/ssh.service": f"-> /{VENDOR}/ssh.service",
    f"{SYSTEM}/sshd.service": f"-> /{VENDOR}/ssh.service",
    "usr/sbin/sshd": "program",
    "usr/bin/ssh-keygen": "program",
    f"{VENDOR}/chrony.service": "[Unit]\n",
    f"{WANTS}/chrony.service": f"-> /{VENDOR}/chrony.service",
    f"{MODULES}/modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/drivers/hv/hv_vmbus.ko\n"
    "kernel/drivers/nvme/host/nvme.ko\n",
    f"{MODULES}/modules.dep": "kernel/drivers/net/hyperv/hv_netvsc.ko.xz: kernel/a.ko\n"
    "kernel/drivers/scsi/hv_storvsc.ko: kernel/drivers/scsi/scsi_mod.ko\n",
}

#: Changes that turn the sound image into one with Alpine's init system.
OPENRC: Change = {
    **{path: None for path in SOUND if path.startswith((SYSTEM, VENDOR, "usr/lib/systemd"))},
    f"{SYSTEM}/azure-provisioning.service": None,
    f"{WANTS}/azure-provisioning.service": None,
    "etc/systemd/network/10-azure.network": None,
    "usr/lib/os-release": "ID=alpine\n",
    "sbin/openrc": "program",
    "sbin/openrc-run": "program",
    "sbin/init": "-> /bin/busybox",
    "bin/busybox": "program",
    "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n"
    "tty1::respawn:/sbin/getty 38400 tty1\n",
    "etc/init.d/sshd": "program",
    "etc/runlevels/default/sshd": "-> /etc/init.d/sshd",
    "etc/init.d/chronyd": "program",
    "etc/runlevels/default/chronyd": "-> /etc/init.d/chronyd",
    "etc/init.d/networking": "program",
    "etc/runlevels/boot/networking": "-> /etc/init.d/networking",
    "etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
    "sbin/udhcpc": "program",
    "etc/init.d/azure-provisioning": "#!/sbin/openrc-run\ncommand=/usr/bin/python3\n"
    'command_args="-I /usr/local/lib/azprov/azprov.pyz provision"\n',
    "etc/runlevels/default/azure-provisioning": "-> /etc/init.d/azure-provisioning",
}


def cpio(*names: str) -> bytes:
    """A cpio archive of empty files, the format of an initramfs."""
    packed = b""
    for name in [*names, "TRAILER!!!"]:
        fields = [0] * 11 + [len(name) + 1, 0]
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        entry = header + name.encode() + b"\0"
        packed += entry + bytes(-len(entry) % 4)
    return packed


def change(root: Path, changes: Change) -> None:
    """Write, link or remove the paths of a change."""
    for name, content in changes.items():
        path = root / name
        if path.is_symlink() or path.exists():
            path.unlink()
        if content is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Folder):
            path.mkdir()
            path.chmod(content.mode)
        elif isinstance(content, bytes):
            path.write_bytes(content)
            path.chmod(0o755 if content.startswith(b"\x7fELF") else 0o644)
        elif isinstance(content, File):
            path.write_text(content.text)
            path.chmod(content.mode)
        elif content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
            is_program = content == "program" or content.startswith("#!")
            path.chmod(0o755 if is_program else 0o644)
            if path.parent.name == "system-connections":  # NetworkManager's
                path.chmod(0o600)


def make_sound(root: Path) -> Path:
    """Make an image without findings, with azprov installed."""
    root.mkdir(exist_ok=True)
    for name, content, mode in _sound_files():
        path = os.path.join(root, name)
        if content is None:
            os.mkdir(path, mode)
        elif isinstance(content, str):
            os.symlink(content, path)
        else:
            Path(path).write_bytes(content)
            os.chmod(path, mode)
    return root


@lru_cache(maxsize=None)
def _sound_files() -> List[Tuple[str, Union[bytes, str, None], int]]:
    """Each path of the sound image with its content (None for a folder, str for a link) and mode.

    An installation costs more than the image, so there is one for all tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        add_python(root)
        change(root, SOUND)
        change(root, {INITRAMFS: cpio("lib/modules/x/kernel/drivers/scsi/hv_storvsc.ko.xz")})
        unit = render_unit("/usr/bin/python3", [])
        install(Root(folder), SMALL_ARCHIVE, unit, [], init=SYSTEMD, enable=True, force=False)
        found: List[Tuple[str, Union[str, bytes, None], int]] = []
        for path in sorted(root.rglob("*")):
            name, mode = str(path.relative_to(root)), stat.S_IMODE(path.lstat().st_mode)
            if path.is_symlink():
                found.append((name, os.readlink(path), mode))
            else:
                found.append((name, None if path.is_dir() else path.read_bytes(), mode))
        return found
