"""Time synchronisation, which logs and certificates depend on."""

from typing import Iterator

from ..facts import packages
from ..facts.image import Image
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

CLOCK_UNSYNCHRONISED = Rule(
    "clock-unsynchronised",
    NOTE,
    "no time synchronisation starts at boot, so the clock drifts",
    "install chrony",
)


def check_clock(image: Image) -> Iterator[Finding]:
    """Find missing time synchronisation. Azure's page on the subject recommends chrony."""
    if image.services.init and not image.services.starts(*_TIME_SERVICES):
        yield CLOCK_UNSYNCHRONISED.found(
            "no time synchronisation starts at boot, so the clock drifts; log times become "
            "wrong and certificate checks may fail",
            install(image, packages.CHRONY),
        )


CHECKS = (Check(check_clock, (CLOCK_UNSYNCHRONISED,)),)
