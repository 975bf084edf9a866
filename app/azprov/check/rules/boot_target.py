"""Whether systemd boots to a target that starts the network and services: bootup(7)."""

from typing import Iterator

from ..facts.image import Image
from ..finding import ERROR, Check, Finding, Rule

_DEFAULT_TARGET = "/etc/systemd/system/default.target"
_WITHOUT_SERVICES = ("rescue.target", "emergency.target", "runlevel1.target")

BOOT_TARGET = Rule(
    "boot-target",
    ERROR,
    "the image boots to a rescue shell, without network and services",
    "remove the link /etc/systemd/system/default.target",
)


def check_target(image: Image) -> Iterator[Finding]:
    target = image.link(_DEFAULT_TARGET)
    if target.endswith(_WITHOUT_SERVICES):
        yield BOOT_TARGET.found(
            f"the image boots to {target.rpartition('/')[2]}, which starts neither the network "
            "nor azprov's service",
            f"rm {image.typed(_DEFAULT_TARGET, follow=False)}",
        )


CHECKS = (Check(check_target, (BOOT_TARGET,)),)
