"""Whether the image's firewall blocks azprov's requests to WireServer or the metadata service.

Sources: Azure's pages on 168.63.129.16 and on the metadata service. Both use TCP port 80.
"""

from typing import Iterator

from ...azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ...image.service_file import makes_users
from ..facts.azprov_service import installed_options
from ..facts.firewall.firewalls import read_output_rules
from ..facts.image import Image
from ..finding import ERROR, WARNING, Check, Finding, Rule

FIREWALL_OUTPUT = Rule(
    "firewall-output",
    ERROR,
    "a firewall blocks outgoing requests to WireServer, so azprov cannot report Ready",
    "allow TCP port 80 to 168.63.129.16 and 169.254.169.254",
)
FIREWALL_METADATA = Rule(
    "firewall-metadata",
    WARNING,
    "a firewall blocks outgoing requests to the metadata service",
    "allow TCP port 80 to 169.254.169.254",
)


def check_firewall(image: Image) -> Iterator[Finding]:
    options = installed_options(image)
    for rules in read_output_rules(image):
        blocked = [one for one in (WIRESERVER_ADDRESS, IMDS_ADDRESS) if rules.blocks(one)]
        what = (
            f"{image.shown(rules.path)} drops outgoing traffic and does not allow TCP port 80 to "
            f"{' and '.join(blocked)}, so "
        )
        if WIRESERVER_ADDRESS in blocked:
            yield FIREWALL_OUTPUT.found(
                f"{what}azprov cannot report Ready and the deployment fails after 40 minutes",
                rules.fix,
            )
        elif blocked and makes_users(options):
            yield FIREWALL_METADATA.found(
                f"{what}the first boot cannot get the user's keys and reports a failure",
                rules.fix,
                severity=ERROR,
            )
        elif blocked and "--no-hostname" not in options:
            yield FIREWALL_METADATA.found(f"{what}a VM cannot get its host name", rules.fix)


CHECKS = (Check(check_firewall, (FIREWALL_OUTPUT, FIREWALL_METADATA)),)
