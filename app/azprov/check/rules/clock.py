"""Time and randomness, without which logs, certificates and keys of a first boot are poor."""

import re
from typing import Iterator

from ..facts.image import Image
from ..finding import NOTE, Finding
from .kernel import kernels

_SYNCHRONISERS = (
    *("chrony", "chronyd", "systemd-timesyncd", "ntp", "ntpd", "ntpsec", "openntpd"),
    *("ntpd-rs", "busybox-ntpd"),
)
_COLLECTORS = ("haveged", "rngd", "rng-tools", "rng-tools-debian", "jitterentropy")
# From 5.4 on the kernel makes its own randomness at boot, random(4).
_SELF_SUFFICIENT = (5, 4)


def check_clock(image: Image) -> Iterator[Finding]:
    """Azure's page on time synchronisation names chrony."""
    if image.services.init and not image.services.starts(*_SYNCHRONISERS):
        yield Finding(
            "clock-unsynchronised",
            NOTE,
            "no time synchronisation starts at boot, so the clock drifts, and logs and "
            "certificates with it",
            image.install("chrony"),
        )


def check_entropy(image: Image) -> Iterator[Finding]:
    """Older kernels let the first boot wait for randomness, random(4)."""
    old = []
    for kernel in kernels(image):
        match = re.match(r"(\d{1,4})\.(\d{1,4})", kernel.version)
        if match and (int(match.group(1)), int(match.group(2))) < _SELF_SUFFICIENT:
            old.append(kernel.version)
    if old and not image.services.starts(*_COLLECTORS):
        yield Finding(
            "entropy",
            NOTE,
            f"kernel {old[0]} is older than 5.4 and may wait minutes for randomness at the "
            "first boot",
            image.install("haveged"),
        )


RULES = (check_clock, check_entropy)
