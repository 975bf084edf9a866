"""Whether root= on the kernel command line names the disk in a way that works on every VM."""

import re
from typing import Iterator

from ...formats.text import printable
from ..boot_fixes import edit_command_line
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines
from ..finding import ERROR, WARNING, Check, Finding, Rule

# Azure has no disks of virtio, Xen or IDE. Its disks are sd* or nvme*, by the size of the VM. The
# IDs and paths of a disk are those of the build machine, except for names that LVM or RAID gives,
# and the paths that Hyper-V gives.
_ROOT = re.compile(
    r"\broot=(/dev/(?:(?:sd|nvme)\w+|(vd|xvd|hd)[a-z]+[0-9]*|"
    r"(disk/by-(?:id/(?!dm-|md-|lvm-)|path/(?!acpi-)))\S+))"
)

ROOT_BY_NAME = Rule(
    "root-by-name",
    ERROR,
    "root= on the kernel command line uses a device name that not every Azure VM has",
    "write root=UUID=... instead",
)


def check_root_name(image: Image) -> Iterator[Finding]:
    for line in command_lines(image):
        match = _ROOT.search(line.text)
        if match:
            yield ROOT_BY_NAME.found(
                f"{image.shown(line.path)} has root={printable(match.group(1), 40)}, but the disk "
                "does not have that name on every Azure VM, so the kernel may not find its root",
                edit_command_line(image, line.path, "write root=UUID=... in"),
                severity=ERROR if match.group(2) or match.group(3) else WARNING,
            )
            return


CHECKS = (Check(check_root_name, (ROOT_BY_NAME,)),)
