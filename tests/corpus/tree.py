"""A tree of the corpus: a small image of a distribution, and what `check` has to find in it.

No tree is a copy of an image. Each module's docstring says where the paths and the texts of files
come from; trees of another processor differ from the first only where the rules look. Files are
empty where only existence counts.
"""

import gzip
import lzma
import os
from argparse import Namespace
from pathlib import Path
from shutil import copytree
from types import MappingProxyType
from typing import Dict, List, NamedTuple, Tuple

from azprov.boot.settings import ON_AZURE
from azprov.check import check
from azprov.check.facts.image import Image
from azprov.check.finding import ERROR, WARNING
from azprov.cli.service_options import unit_of
from azprov.errors import HostError
from azprov.image.install import install
from azprov.system.init.known import unknown_program
from azprov.system.root import Root
from check.image_changes import ALIVE, elf, pe
from images import MODULES
from project import SMALL_ARCHIVE
from sound_image import Change, change, cpio

X86, ARM = 62, 183
MERGED: Change = {name: f"-> usr/{name}" for name in ("bin", "sbin", "lib", "lib64")}
SYSTEM = "etc/systemd/system"
VENDOR = "usr/lib/systemd/system"
HYPERV = (
    "kernel/drivers/hv/hv_vmbus",
    "kernel/drivers/net/hyperv/hv_netvsc",
    "kernel/drivers/scsi/hv_storvsc",
)
NVME = "kernel/drivers/nvme/host/nvme"
VFAT = "kernel/fs/fat/vfat"
#: What a small kernel for Azure has as modules, and what its initramfs needs.
DRIVERS = (*HYPERV, NVME, VFAT)
DISK_DRIVERS = (HYPERV[0], HYPERV[2], NVME)


class Tree(NamedTuple):
    """The files of a distribution, what is changed after azprov was installed, and the findings.

    `errors` and `warnings` are the ids of all of them, sorted. Where azprov refuses to install,
    `has_azprov` is false.
    """

    files: Change
    errors: str = ""
    warnings: str = ""
    changes: Change = MappingProxyType({})
    options: Tuple[str, ...] = ()
    has_azprov: bool = True


def changed(sound: Tree, changes: Change, errors: str = "", warnings: str = "") -> Tree:
    """A tree with some changes, and the findings that they cause."""
    return sound._replace(changes=changes, errors=errors, warnings=warnings)


def make(folder: Path, tree: Tree) -> None:
    """Write the files of a tree, and install azprov there."""
    # The kernel and its initramfs are newer than the settings that they are built from.
    built = {name: content for name, content in tree.files.items() if name.startswith("boot/")}
    folder.mkdir()
    change(folder, {**{n: c for n, c in tree.files.items() if n not in built}, **built})
    assert _installs(Root(str(folder)), tree.options) is tree.has_azprov


def _installs(root: Root, options: Tuple[str, ...]) -> bool:
    """Install azprov as the command `install` does, and return whether it was not refused."""
    given = Namespace(
        root=root,
        init=None,
        python=None,
        no_hostname="--no-hostname" in options,
        ssh_keys=None,
        admin_user="--admin-user" in options,
        keep_enabled=False,
        platform=ON_AZURE,
    )
    if unknown_program(root):
        return False
    try:
        unit = unit_of(given)
    except HostError:
        return False
    on = {"enable": True, "force": False}
    install(root, SMALL_ARCHIVE, unit.text, [], init=unit.init, python=unit.python, **on)
    return True


def copy(folder: Path, to: Path) -> None:
    """Copy a tree, with links in place of its files."""
    copytree(folder, to, symlinks=True, copy_function=os.link)


def judge(folder: Path) -> Dict[str, List[str]]:
    """The ids of all errors and of all warnings, sorted."""
    found = check(Image(Root(str(folder))))
    return {
        severity: sorted({one.rule for one in found if one.severity == severity})
        for severity in (ERROR, WARNING)
    }


def systemd(*units: str, machine: int = X86) -> Change:
    """systemd as PID 1, and units that are installed and enabled for multi-user.target."""
    return {
        "usr/lib/systemd/systemd": elf(machine),
        "usr/sbin/init": "-> ../lib/systemd/systemd",
        "etc/machine-id": "uninitialized\n",
        **{f"{VENDOR}/{unit}": INSTALLED for unit in units},
        **wanted(*units),
    }


#: A unit with an [Install] section.
INSTALLED = "[Install]\nWantedBy=multi-user.target\n"


def wanted(*units: str, target: str = "multi-user") -> Change:
    return {f"{SYSTEM}/{target}.target.wants/{unit}": f"-> /{VENDOR}/{unit}" for unit in units}


def unwanted(*units: str, target: str = "multi-user") -> Change:
    return {f"{SYSTEM}/{target}.target.wants/{unit}": None for unit in units}


def python(minor: int, path: str = "usr/bin/python3", library: str = "usr/lib") -> Change:
    """An interpreter with a complete standard library, by the link that distributions have."""
    name = f"python3.{minor}"
    return {
        path: f"-> {name}" if path.endswith("python3") else "program",
        f"usr/bin/{name}": "program",
        **{f"{library}/{name}/{module}/__init__.py": "" for module in MODULES},
    }


def kernel(
    version: str,
    *drivers: str,
    built_in: Tuple[str, ...] = (),
    suffix: str = ".ko",
    folder: str = "usr/lib/modules",
) -> Change:
    """The lists of a kernel's modules, as depmod(8) and the kernel's makefile write them."""
    return {
        f"{folder}/{version}/modules.dep": "".join(f"{one}{suffix}:\n" for one in drivers),
        f"{folder}/{version}/modules.builtin": "".join(f"{one}.ko\n" for one in built_in),
    }


def initramfs(*drivers: str, version: str = "V", suffix: str = ".ko") -> bytes:
    """An archive with microcode, and behind it a compressed one with drivers."""
    names = [f"usr/lib/modules/{version}/{driver}{suffix}" for driver in drivers]
    microcode = cpio("kernel/x86/microcode/AuthenticAMD.bin")
    return microcode + gzip.compress(cpio("init", *names), 1, mtime=0)


def initramfs_xz(*drivers: str, suffix: str = ".ko") -> bytes:
    names = [f"usr/lib/modules/V/{driver}{suffix}" for driver in drivers]
    return lzma.compress(cpio("init", *names), lzma.FORMAT_XZ, lzma.CHECK_CRC32)


#: The beginning of an initramfs that needs the program zstd.
ZSTD = b"\x28\xb5\x2f\xfd and compressed data"

#: A boot loader that is signed by Microsoft.
SIGNED = pe(signed=True)
UNSIGNED = pe(signed=False)


def sshd(extra: str = "") -> Change:
    """OpenSSH as most distributions install it."""
    return {
        "usr/sbin/sshd": "program",
        "usr/bin/ssh-keygen": "program",
        "etc/ssh/sshd_config": f"{ALIVE}{extra}",
    }
