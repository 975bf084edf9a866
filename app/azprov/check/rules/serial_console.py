"""Whether the kernel writes to Azure's serial console, the only view of a failed deployment.

Source: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/serial-console-linux,
read 2026-11-22.
"""

import re
from typing import Iterator

from ..boot_fixes import edit_command_line
from ..facts.architecture import ARM, X86, architecture
from ..facts.boot_loader import PARTITIONS
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines
from ..finding import WARNING, Check, Finding, Rule

_PORTS = {X86: "ttyS0", ARM: "ttyAMA0", "": "tty(?:S0|AMA0)"}

CONSOLE_MISSING = Rule(
    "console-missing",
    WARNING,
    "the kernel does not write to Azure's serial console",
    "add console=ttyS0, or console=ttyAMA0 on arm64, to the kernel command line",
)


def check_console(image: Image) -> Iterator[Finding]:
    lines = command_lines(image)
    machine = architecture(image)
    console = re.compile(rf"\bconsole={_PORTS[machine]}\b")
    if lines and not any(console.search(line.text) for line in lines):
        image.require(*PARTITIONS)
        port = _PORTS[machine or X86]
        yield CONSOLE_MISSING.found(
            f"{image.shown(lines[0].path)} has no console={port}, so Azure's serial console and "
            "boot log stay empty when a deployment fails",
            edit_command_line(image, lines[0].path, f"add console={port} to"),
        )


CHECKS = (Check(check_console, (CONSOLE_MISSING,)),)
