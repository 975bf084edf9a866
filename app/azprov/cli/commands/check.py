"""Checks whether an image, or this machine, will provision."""

import argparse
import sys
from typing import List

from ...boot.connect import open_imds, open_wireserver, real_ports
from ...check import check
from ...check.facts.image import Image
from ...check.finding import ERROR, NOTE, SEVERITIES, WARNING, Finding
from ...check.rules.platform import METADATA_SERVICE, WIRESERVER, Probe, is_on_azure
from ...errors import ERRORS_FOUND, AzprovError
from ..colour import coloured_word
from ..options import (
    add_imds_options,
    add_root_option,
    add_wireserver_options,
    imds_settings,
    wireserver_settings,
)
from ..output import Answer
from ..parser import Parser
from ..program import own_command

SUMMARY = "say whether an image will provision: findings, each with a fix"
EXAMPLE = ("check an image before it is deployed", "check --root image")


# The platform is the VM's own host, and answers in milliseconds or not at all.
_PROBE_S = 5.0


def configure(parser: Parser) -> None:
    add_root_option(parser, purpose="look at")
    add_wireserver_options(parser, timeout_s=_PROBE_S)
    add_imds_options(parser, timeout_s=_PROBE_S)


def run(options: argparse.Namespace) -> Answer:
    image = Image(options.root, own_command())
    probes = _probes(options, image)
    found = check(image, probes)
    counts = {
        severity: sum(finding.severity == severity for finding in found) for severity in SEVERITIES
    }
    data = {
        "error": None,
        "findings": [finding._asdict() for finding in found],
        "errors": counts[ERROR],
        "warnings": counts[WARNING],
        "notes": counts[NOTE],
    }
    lines = [line for finding in found for line in _lines(finding)]
    lines.append(", ".join(_counted(counts[severity], severity) for severity in SEVERITIES))
    text = "\n".join(lines)
    subject = "this machine" if image.root.is_live else image.root
    if not counts[ERROR]:
        text += f": {subject} should provision on Azure"
        unanswered = {finding.rule for finding in found}
        answered = [probe.name for probe in probes if probe.rule.id not in unanswered]
        if answered:
            text += f", and {' and '.join(answered)} answered"
        return Answer(text, data)
    failure = AzprovError(
        f"{subject} would not provision on Azure, {_counted(counts[ERROR], ERROR)} found",
        "apply the fixes above and check again; README lists the symptoms under 'When it fails'",
    )
    return Answer(text, data, exit_code=ERRORS_FOUND, failure=failure)


def _lines(finding: Finding) -> List[str]:
    severity, fix = coloured_word(finding.severity, sys.stdout), coloured_word("fix", sys.stdout)
    return [f"{severity}: {finding.what}", f"  {fix}: {finding.fix}"]


def _counted(count: int, severity: str) -> str:
    return f"{count} {severity}" if count == 1 else f"{count} {severity}s"


def _probes(options: argparse.Namespace, image: Image) -> List[Probe]:
    """What to ask the platform: on a VM of Azure, or by an address that was given."""
    probes: List[Probe] = []
    if not image.root.is_live:
        return probes
    on_azure = is_on_azure(image)
    if on_azure or options.wireserver is not None:
        wireserver, conversation = open_wireserver(
            real_ports(), image.root, wireserver_settings(options)
        )
        probes.append(
            Probe(
                "WireServer",
                WIRESERVER,
                "so Ready cannot be reported",
                lambda: conversation.retry(wireserver.fetch_goal_state),
            )
        )
    if on_azure or options.imds is not None:
        imds, imds_conversation = open_imds(real_ports(), imds_settings(options))
        probes.append(
            Probe(
                "the metadata service",
                METADATA_SERVICE,
                "so a VM does not get its host name",
                lambda: imds_conversation.retry(imds.fetch_instance),
            )
        )
    return probes
