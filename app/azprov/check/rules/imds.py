"""Whether systemd keeps the metadata service from azprov: systemd-imdsd(8) of systemd 261.

Source: https://www.freedesktop.org/software/systemd/man/devel/systemd-imdsd@.service.html and
systemd-imds-generator(8), read 2026-11-27.
"""

from typing import Iterator, List

from ..boot_fixes import edit_command_line
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines, find_in_every_entry, values_of
from ..finding import WARNING, Check, Finding, Rule

_GENERATORS = (
    "/usr/lib/systemd/system-generators/systemd-imds-generator",
    "/lib/systemd/system-generators/systemd-imds-generator",
)
_MASK = "/etc/systemd/system-generators/systemd-imds-generator"
_NO = ("0", "no", "n", "false", "f", "off")
_OPEN = ("unlocked", *_NO)

IMDS_LOCKED = Rule(
    "imds-locked",
    WARNING,
    "systemd-imdsd may close the metadata service to other programs, so azprov gets no host name, "
    "user or key",
    "add systemd.imds.network=unlocked to the kernel command line",
)


def check_imds(image: Image) -> Iterator[Finding]:
    """Find the route of type "prohibit" that networkd sets up unless this is turned off."""
    if (
        image.is_there(*_GENERATORS)
        and image.link(_MASK) != "/dev/null"
        and image.services.starts("systemd-networkd")
        and not find_in_every_entry(image, _is_open)
    ):
        lines = command_lines(image)
        yield IMDS_LOCKED.found(
            "systemd-imds-generator is installed, and unless the kernel command line has "
            "systemd.imds.network=unlocked, systemd-networkd may close the metadata service to all "
            "programs except systemd's own, so azprov gets no host name, user or key",
            edit_command_line(image, lines[0].path, "add systemd.imds.network=unlocked to")
            if lines
            else "add systemd.imds.network=unlocked to the kernel command line",
        )


def _is_open(words: List[str]) -> bool:
    is_off = values_of(words, "systemd.imds")[-1:]
    network = values_of(words, "systemd.imds.network")[-1:]
    return any(value in _NO for value in is_off) or any(value in _OPEN for value in network)


CHECKS = (Check(check_imds, (IMDS_LOCKED,)),)
