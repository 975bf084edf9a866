"""Whether systemd boots to a target with the network and services: bootup(7)."""

from typing import Iterator, List, Optional, Sequence

from ...system.init import SERVICE
from ..boot_fixes import edit_command_line
from ..facts.image import Image
from ..facts.kernel_command_line import CommandLine, find_in_every_entry, values_of
from ..facts.network import managers_in_use
from ..finding import ERROR, WARNING, Check, Finding, Rule

_DEFAULT_TARGET = "/etc/systemd/system/default.target"
_WITHOUT_SERVICES = ("rescue.target", "emergency.target", "runlevel1.target")
# Words of the kernel command line for the same, systemd(1), and for a shell in the initramfs,
# dracut.cmdline(7) and initramfs-tools(7).
_RESCUE = ("rescue", "emergency", "single", "s", "S", "1", "-b")
_RUNLEVELS = ("2", "3", "4", "5")
_BREAK = ("rd.break", "break")
_SSH_SERVICES = ("ssh", "sshd", "ssh.socket", "sshd.socket")

BOOT_TARGET = Rule(
    "boot-target",
    ERROR,
    "the image boots to a rescue shell, without network and services",
    "remove the link /etc/systemd/system/default.target, or the word from the kernel command line",
)
MASKED_BY_KERNEL = Rule(
    "masked-by-kernel",
    ERROR,
    "the kernel command line masks a service that the first boot needs",
    "remove systemd.mask= from the kernel command line",
)


def check_target(image: Image) -> Iterator[Finding]:
    line = find_in_every_entry(image, lambda words: bool(_rescue_word(words)))
    target = image.link(_DEFAULT_TARGET)
    if line:
        word = _rescue_word(line.words)
        yield BOOT_TARGET.found(
            f"{image.shown(line.path)} has {word} on the kernel command line, so the boot ends in "
            "a shell, without the network and azprov's service",
            edit_command_line(image, line.path, f"remove {word} from"),
        )
    elif target.endswith(_WITHOUT_SERVICES):
        yield BOOT_TARGET.found(
            f"the image boots to {target.rpartition('/')[2]}, which starts neither the network "
            "nor azprov's service",
            f"rm {image.typed(_DEFAULT_TARGET, follow=False)}",
        )


def _rescue_word(words: List[str]) -> str:
    """The word that ends the boot in a shell; empty if there is none. The last target counts."""
    found = ""
    for word in words:
        name, _, value = word.partition("=")
        if name in _BREAK:
            return word
        if word in _RESCUE or (name == "systemd.unit" and value in _WITHOUT_SERVICES):
            found = word
        elif name == "systemd.unit" or word in _RUNLEVELS:
            found = ""
    return found


def check_masks(image: Image) -> Iterator[Finding]:
    """Find needed services that the kernel command line masks: systemd-debug-generator(8)."""
    init = image.services.init
    if init is None or not init.has_units:
        return
    managers = [name for state in managers_in_use(image) for name in state.manager.services]
    for name in (SERVICE, *managers, *_SSH_SERVICES):
        unit = name if "." in name else f"{name}.service"
        line = _line_that_masks(image, (name, unit))
        if line and image.services.starts(name):
            yield MASKED_BY_KERNEL.found(
                f"{image.shown(line.path)} masks {unit} on the kernel command line, so it never "
                "starts",
                edit_command_line(image, line.path, f"remove systemd.mask={unit} from"),
                severity=WARNING if name in _SSH_SERVICES else ERROR,
            )


def _line_that_masks(image: Image, names: Sequence[str]) -> Optional[CommandLine]:
    return find_in_every_entry(
        image, lambda words: any(value in names for value in values_of(words, "systemd.mask"))
    )


CHECKS = (
    Check(check_target, (BOOT_TARGET,)),
    Check(check_masks, (MASKED_BY_KERNEL,)),
)
