"""Whether a first boot trusts the platform, and what changes if it does not.

A server that answers in Azure's place could name a user with sudo rights. So users,
keys and names are taken only if the firmware identifies an Azure VM or the user vouches
for the platform. Otherwise the steps that take something fail. Ready gives nothing away,
and is sent everywhere.
"""

import logging
from typing import Optional, Sequence

from ..errors import AzprovError, UntrustedPlatform
from ..formats.text import seconds
from ..system.firmware import why_untrusted
from ..system.root import Root
from .outcome import FAILURE, READY
from .settings import BootSettings
from .steps import platform_steps_of

# How long Ready is tried on a machine that may not be on Azure, where no one may answer.
_UNTRUSTED_S = 60.0

log = logging.getLogger(__name__)


def find_distrust(settings: BootSettings, root: Root) -> Optional[UntrustedPlatform]:
    """Why nothing may be taken from the platform; None if it is trusted."""
    return None if settings.is_platform_trusted else why_untrusted(root)


def time_limit_s(settings: BootSettings, distrust: Optional[UntrustedPlatform]) -> float:
    """The time limit of everything that the boot sends."""
    timeout_s = settings.wireserver.timeout_s
    return timeout_s if distrust is None else min(timeout_s, _UNTRUSTED_S)


def log_distrust(
    distrust: Optional[UntrustedPlatform], settings: BootSettings, done: Sequence[str]
) -> None:
    """Log the reason and its effect, unless everything is done and the reason has no effect."""
    if distrust is None:
        return
    if READY not in done and FAILURE not in done:
        log.warning(
            "%s, and Ready is tried for %s only; %s",
            distrust.summary,
            seconds(time_limit_s(settings, distrust)),
            distrust.hint,
        )
    elif not platform_steps_of(settings).issubset(done):
        log.warning("%s", distrust)


def explained(error: AzprovError, distrust: UntrustedPlatform) -> AzprovError:
    """The error of Ready, with the reason for its short time limit."""
    return type(error)(f"{error.summary}, and {distrust.reason}", error.hint)
