"""What can be asked of a running VM: is it on Azure, and does the platform answer?

Rule of this file: it speaks to nobody itself; the questions are handed in.
"""

from typing import Callable, Iterator, NamedTuple, Sequence

from ...errors import AzprovError
from ..facts.image import Image
from ..finding import NOTE, Finding

_TAG_FILE = "/sys/class/dmi/id/chassis_asset_tag"
# The same for every VM of every size, as cloud-init and azure-init know it.
_TAG = "7783-7084-3265-9085-8269-3286-77"


class Probe(NamedTuple):
    """A question to the platform; `ask` raises AzprovError if there is no answer.

    `name` says who is asked, `cost` what a VM lacks without an answer.
    """

    name: str
    rule: str
    severity: str
    cost: str
    ask: Callable[[], object]


def is_on_azure(image: Image) -> bool:
    return image.text(_TAG_FILE).strip() == _TAG


def check_platform(image: Image) -> Iterator[Finding]:
    """The chassis tag, as cloud-init and azure-init tell Azure from elsewhere."""
    if image.root.is_live and not is_on_azure(image):
        yield Finding(
            "not-azure",
            NOTE,
            "by its firmware this machine is not a VM on Azure, so WireServer and the metadata "
            "service are asked only where --wireserver and --imds name their addresses",
            "run it on a VM on Azure to have both asked",
        )


def ask(probes: Sequence[Probe]) -> Iterator[Finding]:
    """A finding for each question without a good answer."""
    for probe in probes:
        try:
            probe.ask()
        except AzprovError as error:
            yield Finding(
                probe.rule,
                probe.severity,
                f"{error.summary}, {probe.cost}",
                error.hint or "look at the route and the firewall of this machine",
            )


RULES = (check_platform,)
