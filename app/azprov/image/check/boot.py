"""What the boot loader and fstab say that does not hold on Azure."""

import re
from typing import Iterator

from ...documents.settings import uncommented
from ...documents.text import printable
from .finding import ERROR, WARNING, Finding
from .image import Image
from .loader import PARTITIONS, command_lines, update_grub

# Azure's serial console: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/
# serial-console-linux, read 2026-11-22; on Arm the port is ttyAMA0.
_CONSOLE = re.compile(r"\bconsole=tty(S0|AMA0)\b")
_ROOT = re.compile(r"\broot=(/dev/(?:(sd)|vd|xvd|hd)[a-z]+[0-9]*)")
_UNSTABLE = re.compile(r"/dev/(sd|vd|xvd|hd)[a-z]+[0-9]*\Z|/dev/nvme[0-9]+n")
# The disk that a VM may have beside its own, and loses when it moves.
_RESOURCE_DISK = "/dev/disk/cloud/azure_resource"
_DEFAULT_TARGET = "/etc/systemd/system/default.target"
_DEAD_ENDS = ("rescue.target", "emergency.target", "runlevel1.target")


def check_console(image: Image) -> Iterator[Finding]:
    """A serial console is all there is to look at when a deployment fails."""
    lines = command_lines(image)
    if lines and not any(_CONSOLE.search(line) for _, line in lines):
        image.require(*PARTITIONS)
        yield Finding(
            "console-missing",
            WARNING,
            f"{image.shown(lines[0][0])} does not say console=ttyS0, so Azure's serial console "
            "and boot log stay empty when a deployment fails",
            _edit_kernel_line(image, lines[0][0], "add console=ttyS0 to"),
        )


def check_root_name(image: Image) -> Iterator[Finding]:
    """Azure has no virtio disks, and the names of the others differ by the VM's size."""
    for path, line in command_lines(image):
        match = _ROOT.search(line)
        if match:
            yield Finding(
                "root-by-name",
                WARNING if match.group(2) else ERROR,
                f"{image.shown(path)} has root={printable(match.group(1), 40)}, a name that the "
                "disk does not have on every VM of Azure, where the root is then not found",
                _edit_kernel_line(image, path, "write root=UUID=... in"),
            )
            return


def check_fstab(image: Image) -> Iterator[Finding]:
    """fstab(5) with names of the machine that the image was made on; swap."""
    shown = image.shown("/etc/fstab")
    for line in uncommented(image.text("/etc/fstab")):
        fields = line.split()
        if len(fields) < 3:
            continue
        device, place, kind = (printable(field, 60) for field in fields[:3])
        options = fields[3].split(",") if len(fields) > 3 else []
        if "noauto" in options:
            continue
        if kind == "swap":
            if not device.startswith((_RESOURCE_DISK, "/dev/zram")):
                yield Finding(
                    "swap-on-os-disk",
                    WARNING,
                    f"{shown} has swap on {device}: on the OS disk it is slow and costs what the "
                    "disk is billed and throttled by",
                    f"take the line out of {shown}; where swap is needed, make it on the VM's "
                    "temporary disk at boot",
                )
        elif _UNSTABLE.match(device):
            yield Finding(
                "fstab-by-name",
                WARNING if "nofail" in options else ERROR,
                f"{shown} mounts {place} from {device}, a name that differs between sizes and "
                "boots of VMs"
                + (
                    ""
                    if "nofail" in options
                    else ", so that the boot may stop in the emergency shell"
                ),
                "write UUID=... there, with the UUID that blkid shows for the image's file system",
            )


def _edit_kernel_line(image: Image, path: str, what: str) -> str:
    """What to edit for the lines of a file, and what to run then."""
    if "grub" not in path and not image.is_there("/etc/default/grub"):
        return f"{what} {image.shown(path)}"
    return (
        f"{what} GRUB_CMDLINE_LINUX of {image.shown('/etc/default/grub')}, "
        f"then: {update_grub(image)}"
    )


def check_target(image: Image) -> Iterator[Finding]:
    """What systemd boots to: bootup(7)."""
    link = image.link(_DEFAULT_TARGET)
    if link.endswith(_DEAD_ENDS):
        yield Finding(
            "boot-target",
            ERROR,
            f"the image boots to {link.rpartition('/')[2]}, which starts neither network nor "
            "azprov's service",
            f"rm {image.typed(_DEFAULT_TARGET)}",
        )


RULES = (check_target, check_console, check_root_name, check_fstab)
