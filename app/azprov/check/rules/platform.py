"""Whether a running VM is on Azure, and whether Azure answers.

Rule of this file: it opens no connection; the caller passes in the questions.
"""

from typing import Callable, Iterator, NamedTuple, Sequence

from ...errors import AzprovError
from ...system.firmware import AZURE_TAG, CHASSIS_ASSET_TAG
from ..facts.image import Image
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule

NOT_AZURE = Rule(
    "not-azure",
    NOTE,
    "the running machine is not an Azure VM, so WireServer and the metadata service are not "
    "checked",
    "run check on an Azure VM",
)
WIRESERVER = Rule(
    "wireserver",
    ERROR,
    "this VM gets no valid answer from WireServer, so it cannot report Ready",
    "check the route to 168.63.129.16 and the firewall",
)
METADATA_SERVICE = Rule(
    "metadata-service",
    WARNING,
    "this VM gets no valid answer from the metadata service, so it does not get its host name",
    "check the route to 169.254.169.254 and the firewall",
)


class Probe(NamedTuple):
    """A question to Azure: `ask` raises AzprovError if there is no valid answer.

    `name` is the service that answers, `cost` what follows if it does not.
    """

    name: str
    rule: Rule
    cost: str
    ask: Callable[[], object]


def is_on_azure(image: Image) -> bool:
    """Whether the firmware has the chassis asset tag of Azure VMs."""
    return image.text(CHASSIS_ASSET_TAG).strip() == AZURE_TAG


def check_platform(image: Image) -> Iterator[Finding]:
    """A note on a running machine that is not an Azure VM."""
    if image.root.is_live and not is_on_azure(image):
        yield NOT_AZURE.found(
            "the firmware does not identify this machine as an Azure VM, so WireServer and the "
            "metadata service are checked only if --wireserver and --imds give their addresses",
            "run it on an Azure VM to check both",
        )


def ask(probes: Sequence[Probe]) -> Iterator[Finding]:
    """A finding for each question without a valid answer."""
    for probe in probes:
        try:
            probe.ask()
        except AzprovError as error:
            yield probe.rule.found(
                f"{error.summary}, {probe.cost}",
                error.hint or "check the route and the firewall of this machine",
            )


CHECKS = (Check(check_platform, (NOT_AZURE,)),)
#: The rules of probes.
PROBE_RULES = (WIRESERVER, METADATA_SERVICE)
