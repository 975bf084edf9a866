"""Whether the kernel writes to Azure's serial console, the only view of a failed deployment.

Source: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/serial-console-linux,
read 2026-11-22.
"""

from typing import Iterator

from ..boot_fixes import edit_command_line
from ..facts.architecture import ARM, X86, architecture
from ..facts.boot_loader import PARTITIONS
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines, values_of
from ..finding import WARNING, Check, Finding, Rule

_PORTS = {X86: ("ttyS0",), ARM: ("ttyAMA0",), "": ("ttyS0", "ttyAMA0")}

CONSOLE_MISSING = Rule(
    "console-missing",
    WARNING,
    "the kernel does not write to Azure's serial console",
    "add console=ttyS0, or console=ttyAMA0 on arm64, to the kernel command line",
)


def check_console(image: Image) -> Iterator[Finding]:
    lines = command_lines(image)
    ports = _PORTS[architecture(image)]
    consoles = {
        value.partition(",")[0] for line in lines for value in values_of(line.words, "console")
    }
    if lines and not consoles.intersection(ports):
        image.require(*PARTITIONS)
        yield CONSOLE_MISSING.found(
            f"{image.shown(lines[0].path)} has no console={ports[0]}, so Azure's serial console "
            "and boot log stay empty when a deployment fails",
            edit_command_line(image, lines[0].path, f"add console={ports[0]} to"),
        )


CHECKS = (Check(check_console, (CONSOLE_MISSING,)),)
