"""Time synchronisation and randomness, which logs, certificates and new keys depend on."""

import re
from typing import Iterator

from ..facts import packages
from ..facts.image import Image
from ..facts.kernels import installed_kernels
from ..finding import NOTE, Check, Finding, Rule
from ..fixes import install

_TIME_SERVICES = (
    "chrony",
    "chronyd",
    "systemd-timesyncd",
    "ntp",
    "ntpd",
    "ntpsec",
    "openntpd",
    "ntpd-rs",
    "busybox-ntpd",
)
_ENTROPY_SERVICES = ("haveged", "rngd", "rng-tools", "rng-tools-debian", "jitterentropy")
# Since Linux 5.4 the kernel collects enough randomness at boot by itself, random(4).
_SELF_SUFFICIENT = (5, 4)

CLOCK_UNSYNCHRONISED = Rule(
    "clock-unsynchronised",
    NOTE,
    "no time synchronisation starts at boot, so the clock drifts",
    "install chrony",
)
ENTROPY = Rule(
    "entropy",
    NOTE,
    "a kernel older than 5.4 may wait minutes for randomness at the first boot",
    "install haveged, or a newer kernel",
)


def check_clock(image: Image) -> Iterator[Finding]:
    """Find missing time synchronisation. Azure's page on the subject recommends chrony."""
    if image.services.init and not image.services.starts(*_TIME_SERVICES):
        yield CLOCK_UNSYNCHRONISED.found(
            "no time synchronisation starts at boot, so the clock drifts; log times become "
            "wrong and certificate checks may fail",
            install(image, packages.CHRONY),
        )


def check_entropy(image: Image) -> Iterator[Finding]:
    """Older kernels block until they have collected enough randomness, random(4)."""
    old = []
    for kernel in installed_kernels(image):
        match = re.match(r"(\d{1,4})\.(\d{1,4})", kernel.version)
        if match and (int(match.group(1)), int(match.group(2))) < _SELF_SUFFICIENT:
            old.append(kernel.version)
    if old and not image.services.starts(*_ENTROPY_SERVICES):
        yield ENTROPY.found(
            f"kernel {old[0]} is older than 5.4 and may wait minutes for randomness at the "
            "first boot",
            install(image, packages.HAVEGED),
        )


CHECKS = (
    Check(check_clock, (CLOCK_UNSYNCHRONISED,)),
    Check(check_entropy, (ENTROPY,)),
)
