"""The kernel command lines of an image, bootparam(7), and the files that they come from."""

import re
from typing import Callable, List, NamedTuple, Optional

from ...formats.host.config_syntax import parse_assignments, uncommented
from .boot_loader import configuration_files
from .files import Files, read_once

#: grub-mkconfig builds grub.cfg from this file.
GRUB_SETTINGS = "/etc/default/grub"
# kernel-install(8) builds the entries of new kernels from these.
_KERNEL_INSTALL = ("/etc/kernel/cmdline", "/usr/lib/kernel/cmdline")
_KERNEL_LINE = re.compile(
    r"((linux|linux16|linuxefi|options|append)\b|(kernelopts|[a-z]+_cmdline)=)", re.IGNORECASE
)
# Where a menu has these lines, those with "linux" name the kernel only.
_OPTIONS_LINE = re.compile(r"(options|append)\b", re.IGNORECASE)
# The settings for the entries that are started by default.
_GRUB_NAMES = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")
# The values of ip= that ask for IPv4 by DHCP, after the last colon.
_DHCP = ("dhcp", "on", "any", "both")
_QUOTES = str.maketrans("", "", "\"'")


class CommandLine(NamedTuple):
    """A file, and a line of it that has the arguments of a kernel."""

    path: str
    text: str

    @property
    def words(self) -> List[str]:
        """The words without quotation marks."""
        return self.text.translate(_QUOTES).split()


@read_once
def command_lines(image: Files) -> List[CommandLine]:
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
        found += [CommandLine(path, settings[name]) for name in _GRUB_NAMES if name in settings]
    return found + [
        CommandLine(path, " ".join(uncommented(image.text(path))))
        for path in _KERNEL_INSTALL
        if image.is_there(path)
    ]


def find_in_every_entry(image: Files, has: Callable[[List[str]], bool]) -> Optional[CommandLine]:
    """The first line with words that have something, if no entry of the boot menus is without it.

    A rescue entry may have what the others must not have. A line with a variable is not judged.
    """
    lines = command_lines(image)
    having = [line for line in lines if has(line.words)]
    # The settings add up to one line.
    from_menus = [line for line in lines if _KERNEL_LINE.match(line.text)]
    with_options = {line.path for line in from_menus if _OPTIONS_LINE.match(line.text)}
    others = [
        line
        for line in from_menus
        if (line.path not in with_options or _OPTIONS_LINE.match(line.text))
        and "$" not in line.text
        and not has(line.words)
    ]
    return having[0] if having and not others else None


def values_of(words: List[str], *names: str) -> List[str]:
    """The values of all options with one of these names, in their order."""
    return [value for name, _, value in (word.partition("=") for word in words) if name in names]


def uses_dhcp(files: Files) -> bool:
    """Whether ip= lets the kernel, or dracut in the initramfs, use DHCP: dracut.cmdline(7)."""

    def asks_for_it(words: List[str]) -> bool:
        return any(value.rpartition(":")[2] in _DHCP for value in values_of(words, "ip"))

    return find_in_every_entry(files, asks_for_it) is not None
