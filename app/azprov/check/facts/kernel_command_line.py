"""The kernel command lines of an image, bootparam(7), and the files that they come from."""

import re
from typing import List, NamedTuple

from ...formats.host.config_syntax import parse_assignments, uncommented
from .boot_loader import configuration_files
from .files import read_once
from .image import Image

#: grub-mkconfig builds grub.cfg from this file.
GRUB_SETTINGS = "/etc/default/grub"
# kernel-install(8) builds the entries of new kernels from these.
_KERNEL_INSTALL = ("/etc/kernel/cmdline", "/usr/lib/kernel/cmdline")
_KERNEL_LINE = re.compile(r"((linux|linux16|linuxefi|options|append)\b|kernelopts=)", re.IGNORECASE)


class CommandLine(NamedTuple):
    """A file, and a line of it that has the arguments of a kernel."""

    path: str
    text: str


@read_once
def command_lines(image: Image) -> List[CommandLine]:
    """The lines in boot loader configurations, otherwise the settings for building them."""
    found = [
        CommandLine(path, line)
        for path in configuration_files(image)
        for line in uncommented(image.text(path))
        if _KERNEL_LINE.match(line)
    ]
    # Where GRUB reads boot loader entries, grub.cfg itself has no kernel lines.
    if found:
        return found
    for path in [GRUB_SETTINGS, *image.matching("/etc/default/grub.d", ".cfg")]:
        settings = parse_assignments(image.text(path))
        found += [
            CommandLine(path, settings[name])
            for name in sorted(settings)
            if name.startswith("GRUB_CMDLINE_LINUX")
        ]
    return found + [
        CommandLine(path, " ".join(uncommented(image.text(path))))
        for path in _KERNEL_INSTALL
        if image.is_there(path)
    ]
