"""Lines of a console by which a boot that failed can be recognized, and what to do.

Each sign was seen in a boot or in the source of the program that prints it; the firmware is OVMF
and SeaBIOS, the initramfs those of initramfs-tools, dracut, mkinitcpio and mkinitfs.
"""

from typing import NamedTuple, Optional, Sequence, Tuple

from .evidence import Line

_CHECK = "{check} names the error"
# Stands for any text between two parts of a line.
_ANY = " ... "


class Sign(NamedTuple):
    cause: str
    #: Parts of lines, one of which is in the line; " ... " stands for any text.
    texts: Tuple[str, ...]
    #: A clause after "the image does not boot: "; {rest} is the line after the text.
    what: str
    #: {check} stands for the command that checks the image.
    fix: str
    #: Whether the boot cannot get further after this line.
    is_final: bool = True

    def rest_of(self, line: str) -> Optional[str]:
        """The line after the text of this sign; None if it has none."""
        for text in self.texts:
            rest = line
            for part in text.split(_ANY):
                _, found, rest = rest.partition(part)
                if not found:
                    break
            else:
                return rest.strip()
        return None


_INITRAMFS = (
    "check root= and the names in /etc/fstab, and that the initramfs has the drivers of the disk; "
    + _CHECK
)
_FIRMWARE = (
    "put a boot loader at /EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI on arm64) of the EFI system "
    "partition, or for generation 1 into the boot sector; " + _CHECK
)
_SIGNED = (
    "use a signed shim, boot loader and kernel, or deploy the image without Secure Boot (security "
    "type Standard)"
)
#: In order: the first sign that is found names the cause.
SIGNS: Sequence[Sign] = (
    Sign(
        "qemu",
        ("KVM internal error.", "KVM: entry failed", "qemu-system- ... : -"),
        "QEMU stops it, which says nothing about the image",
        "read the lines of QEMU on the console, and rehearse the image on another machine",
    ),
    Sign(
        "secure-boot",
        (
            "BdsDxe: failed to load Boot ... : Access Denied",
            "BdsDxe: failed to load Boot ... : Security Violation",
            "Verification failed: (0x1A) Security Violation",
        ),
        "Secure Boot refuses its boot loader",
        _SIGNED,
    ),
    Sign(
        "secure-boot",
        ("bad shim signature", "prohibited by secure boot policy"),
        "Secure Boot refuses its kernel",
        _SIGNED,
        is_final=False,
    ),
    Sign(
        "firmware",
        (
            "No bootable option or device was found",
            "No bootable device.",
            "not a bootable disk",
            "No operating system found",
            "Operating system not found",
            "UEFI Interactive Shell",
        ),
        "the firmware finds nothing to boot",
        _FIRMWARE,
    ),
    Sign(
        "no-root-device",
        ("VFS: Unable to mount root fs on",),
        "the kernel cannot mount the root file system on {rest}",
        _INITRAMFS,
    ),
    Sign(
        "no-init",
        ("No working init found", "No init found. Try passing init=", "Requested init "),
        "there is no init that the kernel or the initramfs could start",
        "install an init system, or correct init= of the kernel command line; " + _CHECK,
    ),
    Sign(
        "kernel-panic",
        ("Kernel panic - not syncing: ",),
        "the kernel stops with a panic ({rest})",
        "read the lines before the panic: an image for another processor, or a broken kernel or "
        "initramfs, ends like this",
    ),
    Sign(
        "no-root-device",
        (
            "ALERT! ... does not exist.",
            "Gave up waiting for root",
            "Warning: /dev/ ... does not exist",
            "ERROR: device ' ... not found",
            "Mounting root: failed",
            # systemd waits for a disk without an end only in an initramfs.
            "Job dev- ... tart running ( ... / no limit)",
        ),
        "the initramfs does not find the root file system",
        _INITRAMFS,
        is_final=False,
    ),
    Sign(
        "initramfs-shell",
        (
            "(initramfs)",
            "dracut:/#",
            "Entering emergency mode. Exit the shell to continue",
            "initramfs emergency recovery shell",
            "dropped to an emergency shell",
            "dracut-initqueue ... timeout",
        ),
        "the initramfs ends in an emergency shell",
        _INITRAMFS,
    ),
    Sign(
        "emergency-mode",
        (
            "You are in emergency mode",
            "Welcome to emergency mode",
            "Reached target ... Emergency Mode",
            "Cannot open access to console, the root account is locked",
            "Give root password for maintenance",
        ),
        "systemd ends in emergency mode",
        "fix what failed first; a file system that a VM can do without gets the option nofail in "
        "/etc/fstab; " + _CHECK,
    ),
    Sign(
        "init-stopped",
        ("[!!!!!!] ", "Freezing execution"),
        "systemd stops as process 1 ({rest})",
        "read the lines before: the cause is in the image, or in what this machine allows a "
        "container",
    ),
    Sign(
        "no-init",
        (
            "execv( ... failed",
            "execve( ... failed",
            "doesn't look like it has an OS tree",
            "doesn't look like an OS root directory",
        ),
        "there is no init that can be started",
        "give the folder that contains usr and etc of the image, and install an init system for "
        "this processor in it, such as systemd-sysv; " + _CHECK,
    ),
    # Last, because GRUB prints such errors in boots that get further, too.
    Sign(
        "boot-loader",
        (
            "grub rescue>",
            "grub>",
            "Minimal BASH-like line editing",
            "error: no such device",
            "error: no such partition",
            "error: unknown filesystem",
            "error: file ` ... ' not found",
        ),
        "the boot loader finds no configuration or no kernel",
        "write the boot loader's configuration again for this disk; " + _CHECK,
        is_final=False,
    ),
)

# Lines about a unit that failed, the cause before what depends on it.
_FAILED_UNIT = (
    "[FAILED]",
    "[ TIME ]",
    "Timed out waiting for device",
    "Failed to mount",
    "Failed to start",
    "Dependency failed for",
)
# The beginning of what firmware and boot loaders print before the kernel.
_BEFORE_THE_KERNEL = (
    "BdsDxe: starting ",
    "BdsDxe: loading ",
    "SeaBIOS ",
    "Machine UUID ",
    "Booting ",
    "Welcome to GRUB!",
    "EFI stub: ",
    "Loading Linux ",
    "Loading initial ramdisk ",
    "error: no suitable video mode",
    "QEMU: ",
)
_RENAMED = ": renamed from eth0"


def find_sign(console: Sequence[Line]) -> Optional[Tuple[Sign, Line, str]]:
    """The cause that the console shows: a sign, its line, and the rest of the line."""
    for sign in SIGNS:
        for line in console:
            rest = sign.rest_of(line.text)
            if rest is not None:
                return sign, line, rest
    return None


def is_final(text: str) -> bool:
    """Whether no boot gets further after this line."""
    return any(sign.is_final and sign.rest_of(text) is not None for sign in SIGNS)


def failed_units(console: Sequence[Line]) -> Sequence[Line]:
    """The lines about units that failed, in order."""
    return [line for line in console if any(text in line.text for text in _FAILED_UNIT)]


def is_silent_console(console: Sequence[Line]) -> bool:
    """Whether the console shows nothing of a kernel, so that it says little about the boot."""
    return not console or console[-1].text.startswith(_BEFORE_THE_KERNEL)


def renamed_card(console: Sequence[Line]) -> str:
    """The name of the network card after the kernel's eth0; empty if it was not renamed."""
    found = [line.text.partition(_RENAMED)[0] for line in console if _RENAMED in line.text]
    return found[-1].rpartition(" ")[2] if found else ""
