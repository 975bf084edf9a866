"""Whether systemd keeps the metadata service from azprov: systemd-imdsd(8).

By default it leaves the service open, but the daemon of systemd 261 ignores that default. Sources:
systemd-imdsd@.service(8), https://github.com/systemd/systemd/pull/41359 and
https://github.com/systemd/systemd/pull/43772, read 2026-11-28.
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
_LOCKED = "locked"
# The folders of a library that has systemd's version in its name.
_LIBRARIES = (
    "/usr/lib/systemd",
    "/usr/lib64/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
)
_COST = (
    "the metadata service to all programs except systemd's own, and azprov gets no host name, user "
    "or key"
)
_OF_261 = "/libsystemd-shared-261"

IMDS_LOCKED = Rule(
    "imds-locked",
    WARNING,
    "systemd-imdsd closes the metadata service to other programs, or may do so, so azprov gets no "
    "host name, user or key",
    "add systemd.imds.network=unlocked to the kernel command line",
)


def check_imds(image: Image) -> Iterator[Finding]:
    """Find the route of type "prohibit" that networkd sets up."""
    if (
        not image.is_there(*_GENERATORS)
        or image.link(_MASK) == "/dev/null"
        or not image.services.starts("systemd-networkd")
        or find_in_every_entry(image, _is_off)
    ):
        return
    locked = next((line for line in command_lines(image) if _network(line.words) == _LOCKED), None)
    if locked:
        yield IMDS_LOCKED.found(
            f"{image.shown(locked.path)} has systemd.imds.network=locked, so "
            f"systemd-networkd closes {_COST}",
            edit_command_line(image, locked.path, "remove systemd.imds.network=locked from"),
        )
    elif _is_version_261(image) and not find_in_every_entry(
        image, lambda words: bool(_network(words))
    ):
        lines = command_lines(image)
        yield IMDS_LOCKED.found(
            "systemd 261 ignores that systemd.imds.network=unlocked is the default, so "
            f"systemd-networkd may close {_COST}",
            edit_command_line(image, lines[0].path, "add systemd.imds.network=unlocked to")
            if lines
            else "add systemd.imds.network=unlocked to the kernel command line",
        )


def _is_off(words: List[str]) -> bool:
    return any(value in _NO for value in values_of(words, "systemd.imds")[-1:])


def _network(words: List[str]) -> str:
    return "".join(values_of(words, "systemd.imds.network")[-1:])


def _is_version_261(image: Image) -> bool:
    return any(_OF_261 in path for folder in _LIBRARIES for path in image.matching(folder))


CHECKS = (Check(check_imds, (IMDS_LOCKED,)),)
