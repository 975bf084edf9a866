"""Lines of a console by which a boot that failed can be recognized, and what to do.

Each sign was seen in a boot or in the source of the program that prints it; the firmware is OVMF
and SeaBIOS, the initramfs those of initramfs-tools, dracut, mkinitcpio and mkinitfs.
"""

import re
from typing import NamedTuple, Optional, Pattern, Sequence, Tuple

from .evidence import Line

_CHECK = "{check} names what is missing"


class Sign(NamedTuple):
    cause: str
    pattern: Pattern[str]
    #: A clause after "the image does not boot: "; {0} is the first group of the pattern.
    what: str
    #: {check} stands for the command that checks the image.
    fix: str
    #: Whether the boot cannot get further after this line.
    is_final: bool = True


def _sign(cause: str, pattern: str, what: str, fix: str, *, is_final: bool = True) -> Sign:
    return Sign(cause, re.compile(pattern), what, fix, is_final)


_INITRAMFS = (
    "check root= and the names in /etc/fstab, and that the initramfs has the drivers of the disk; "
    + _CHECK
)
_UNIT_FIX = "fix or remove that entry of /etc/fstab, or give it the option nofail; " + _CHECK
#: In order: the first sign that is found names the cause.
SIGNS: Sequence[Sign] = (
    _sign(
        "secure-boot",
        r"(?:failed to load Boot\w+.*: (?:Access Denied|Security Violation)"
        r"|Verification failed: \(0x1A\) Security Violation"
        r"|bad shim signature|image is not signed|prohibited by secure boot policy)",
        "Secure Boot refuses its boot loader or kernel",
        "use a signed shim, boot loader and kernel, or deploy the image without Secure Boot "
        "(security type Standard)",
        is_final=False,
    ),
    _sign(
        "firmware",
        r"No bootable option or device was found|No bootable device\.|not a bootable disk"
        r"|No operating system found|Operating system not found",
        "the firmware finds nothing to boot",
        "put a boot loader at /EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI on arm64) of the EFI system "
        "partition, or for generation 1 into the boot sector; " + _CHECK,
    ),
    _sign(
        "boot-loader",
        r"^(?:grub rescue>|grub>|GNU GRUB .*|error: (?:no such (?:device|partition)"
        r"|unknown filesystem|file `.*' not found).*|\s*Minimal BASH-like line editing.*)",
        "the boot loader finds no configuration or no kernel",
        "write the boot loader's configuration again for this disk; " + _CHECK,
        is_final=False,
    ),
    _sign(
        "no-root-device",
        r"VFS: Unable to mount root fs on (\S+)",
        "the kernel cannot mount the root file system",
        _INITRAMFS,
    ),
    _sign(
        "no-init",
        r"No working init found|No init found\. Try passing init=|Requested init (\S+) failed",
        "there is no init to start",
        "install an init system, or correct init= of the kernel command line; " + _CHECK,
    ),
    _sign(
        "kernel-panic",
        r"Kernel panic - not syncing: (.+)",
        "the kernel stops with a panic ({0})",
        "read the lines before the panic; an image for another processor or a broken kernel or "
        "initramfs does this",
    ),
    _sign(
        "no-root-device",
        r"ALERT!\s+(\S+) does not exist\.|Gave up waiting for root (?:file system )?device"
        r"|Warning: (/dev/\S+) does not exist|ERROR: device '(.+)' not found"
        r"|Mounting root: failed",
        "the initramfs does not find the root file system",
        _INITRAMFS,
        is_final=False,
    ),
    _sign(
        "initramfs-shell",
        r"^\(initramfs\)|dracut:/#|Entering emergency mode\. Exit the shell to continue"
        r"|initramfs emergency recovery shell|dropped to an emergency shell"
        r"|dracut-initqueue.*timeout",
        "the initramfs ends in an emergency shell",
        _INITRAMFS,
    ),
    _sign(
        "emergency-mode",
        r"You are in emergency mode|Welcome to emergency mode"
        r"|Cannot open access to console, the root account is locked"
        r"|Give root password for maintenance",
        "systemd ends in emergency mode",
        _UNIT_FIX,
    ),
    _sign(
        "init-stopped",
        r"\[!!!!!!\] (.+?), freezing|Freezing execution",
        "systemd stops as process 1",
        "read the line that it prints before; the cause is in the image or in what the host "
        "allows a container",
    ),
    _sign(
        "no-init",
        r"execv\((\S+)(?:, \.\.\.)?.*\) failed: (?:No such file|Permission denied|Exec format)",
        "its init cannot be started",
        "install an init system such as systemd-sysv for this processor; " + _CHECK,
    ),
    _sign(
        "no-init",
        r"doesn't look like it has an OS tree|doesn't look like an OS root directory"
        r"|execv.*failed: No such file or directory|Failed to find init"
        r"|No init binary|have any executable init",
        "there is no init to start",
        "give the folder that contains usr and etc of the image, and install an init system in "
        "it, such as systemd-sysv; " + _CHECK,
    ),
)

# A unit that failed, before emergency mode: the cause comes before what depends on it.
_FAILED_UNIT = re.compile(
    r"\[\s*(?:FAILED|TIME)\s*\]|Timed out waiting for device|Failed to mount|Failed to start"
    r"|Dependency failed for"
)


def find_sign(console: Sequence[Line]) -> Optional[Tuple[Sign, Line, str]]:
    """The cause that the console shows: a sign, its line, and the text of its first group."""
    for sign in SIGNS:
        for line in console:
            match = sign.pattern.search(line.text)
            if match is not None:
                return sign, line, next(filter(None, match.groups()), "")
    return None


def is_final(text: str) -> bool:
    """Whether no boot gets further after this line."""
    return any(sign.is_final and sign.pattern.search(text) for sign in SIGNS)


def failed_units(console: Sequence[Line]) -> Sequence[Line]:
    """The lines about units that failed, in order."""
    return [line for line in console if _FAILED_UNIT.search(line.text)]
