"""Checks whether an image, or this machine, will provision."""

import argparse
import sys
from typing import Any, Dict, List, Sequence, Tuple

from ...boot.connect import open_imds, open_wireserver, real_commands, real_ports
from ...boot.settings import ImdsSettings, WireServerSettings
from ...check import RULES, check, check_disk
from ...check.facts.disk.disk_file import DiskFile, open_disk
from ...check.facts.image import Image
from ...check.finding import ERROR, NOTE, SEVERITIES, UNREAD, WARNING, Finding
from ...check.mounted_disk import mount_tree
from ...check.rules.leftovers import DEPROVISIONED
from ...check.rules.platform import METADATA_SERVICE, WIRESERVER, Probe, is_on_azure
from ...errors import ERRORS_FOUND, AzprovError, HostError, NotPermitted, UsageError
from ...formats.bounds import COMPARED
from ...formats.text import shell_word
from ...image.outside_mounts import refuse_mounts_of_users
from ...system.commands import FOLDERS
from ...system.root import Root
from ...system.root.opening import NotRegularFile
from ..colour import coloured_word
from ..output import Answer
from ..parser import HelpRequested, Parser
from ..program import own_command
from ..shared_options import (
    add_imds_options,
    add_root_option,
    add_wireserver_options,
    imds_settings,
    wireserver_settings,
)

SUMMARY = "check whether an image will provision on Azure"
EXAMPLE = ("check an image before it is deployed", "check --root image")

# Azure answers from the host of the VM, in milliseconds or not at all.
_PROBE_S = 5.0


def configure(parser: Parser) -> None:
    mounted = "if it is a disk file, give it as --image, or mount it and give the mount point"
    add_root_option(parser, purpose="check", for_file=mounted)
    parser.option_of_words = "--root"
    parser.add_argument(
        "--image",
        metavar="FILE",
        type=_disk,
        help="disk file to check, such as image.vhd",
    )
    parser.add_argument("--list-rules", action="store_true", help="list all rules, check nothing")
    parser.add_argument(
        "--ignore",
        metavar="RULE[,RULE]",
        action="append",
        default=[],
        help="leave out the findings of these rules (repeatable)",
    )
    add_wireserver_options(parser, timeout_s=_PROBE_S)
    add_imds_options(parser, timeout_s=_PROBE_S)


def run(options: argparse.Namespace) -> Answer:
    if options.list_rules:
        return _list_of_rules()
    ignored_rules = [rule for words in options.ignore for rule in words.split(",")]
    _require_rules(ignored_rules)
    if options.image is not None:
        return _check_disk(options, ignored_rules)
    refuse_mounts_of_users(options.root, "check", done="checked")
    image = Image(options.root, own_command(), FOLDERS, _usage_error)
    probes = _probes(options, image)
    findings = check(image, probes)
    shown, text, data = _report(findings, ignored_rules)
    subject = "this machine" if image.root.is_live else image.root
    errors = [one for one in shown if one.severity == ERROR]
    if not errors:
        text += f": {subject} should provision on Azure"
        if any(finding.rule == UNREAD.id for finding in shown):
            text += ", as far as it could be read; the notes name the files that could not be read"
        unanswered = {finding.rule for finding in findings}
        answered = [probe.name for probe in probes if probe.rule.id not in unanswered]
        if answered:
            text += f", and {' and '.join(answered)} answered"
        return Answer(text, data)
    failure = AzprovError(
        f"{subject} would not provision on Azure: {_counted(len(errors), ERROR)} found",
        "apply the fixes above and check again; azprov.pyz check --list-rules lists all rules",
    )
    if all(one.rule in DEPROVISIONED for one in errors):
        failure = AzprovError(
            f"{subject} should provision on Azure, but still contains data of the machine it was "
            "made on",
            f"run azprov.pyz deprovision --root {shell_word(image.root.path)}, and check again",
        )
    return Answer(text, data, exit_code=ERRORS_FOUND, failure=failure)


def _usage_error(words: Sequence[str]) -> str:
    """The fault of the options of `provision` in a service; empty for correct ones."""
    from ..registry import command_parser

    if len(words) > COMPARED:
        # argparse needs a time that grows with the square of their number.
        return f"there are more than {COMPARED} words"
    try:
        command_parser("provision").parse(words)
    except UsageError as error:
        return error.summary
    except HelpRequested:
        return "with --help, azprov does nothing else"
    return ""


def _disk(text: str) -> DiskFile:
    try:
        return open_disk(text, own_command())
    except NotPermitted:
        raise
    except HostError as error:
        what = error.summary
        if isinstance(error.__cause__, FileNotFoundError):
            what = f"there is no file {text!a}"
        elif isinstance(error.__cause__, NotRegularFile):
            what = (
                f"{text!a} is not a disk file; a folder is checked with --root, and a device has "
                "to be copied into a file first"
            )
        raise argparse.ArgumentTypeError(what) from error


def _check_disk(options: argparse.Namespace, ignored_rules: Sequence[str]) -> Answer:
    disk = options.image
    with disk.file:
        if not options.root.is_live:
            raise UsageError(
                "--image and --root exclude each other",
                "check the folder and the disk file one by one",
            )
        tree = mount_tree(disk, real_commands()) if disk.is_readable else None
        findings = check_disk(disk, tree, FOLDERS)
    shown, text, data = _report(findings, ignored_rules)
    errors = [one for one in shown if one.severity == ERROR]
    if not errors:
        verdict = f"{disk.shown} should provision on Azure"
        if tree is None or tree.root is None:
            verdict = f"a VM should start from {disk.shown}, but its files were not checked"
        converted = ", once it is converted" if disk.footer is None else ""
        return Answer(f"{text}: {verdict}{converted}", data)
    failure = AzprovError(
        f"{disk.shown} would not provision on Azure: {_counted(len(errors), ERROR)} found",
        "apply the fixes above and check again; azprov.pyz check --list-rules lists all rules",
    )
    return Answer(text, data, exit_code=ERRORS_FOUND, failure=failure)


def _report(
    findings: Sequence[Finding], ignored_rules: Sequence[str]
) -> Tuple[List[Finding], str, Dict[str, Any]]:
    """The findings that are not ignored, their text with the totals, and their JSON."""
    shown = [finding for finding in findings if finding.rule not in ignored_rules]
    ignored = len(findings) - len(shown)
    counts = {
        severity: sum(finding.severity == severity for finding in shown) for severity in SEVERITIES
    }
    data = {
        "error": None,
        "findings": [finding._asdict() for finding in shown],
        "errors": counts[ERROR],
        "warnings": counts[WARNING],
        "notes": counts[NOTE],
        "ignored": ignored,
    }
    lines = [line for finding in shown for line in _lines(finding)]
    totals = [_counted(counts[severity], severity) for severity in SEVERITIES]
    if ignored_rules:
        totals.append(f"{ignored} ignored")
    return shown, "\n".join([*lines, ", ".join(totals)]), data


def _list_of_rules() -> Answer:
    """A table of all rules; JSON has the general fix of each rule too."""
    width = max(len(rule.id) for rule in RULES)
    lines = [f"{rule.id:<{width}}  {rule.severity:<7}  {rule.sentence}" for rule in RULES]
    rules = [
        {"rule": rule.id, "severity": rule.severity, "what": rule.sentence, "fix": rule.fix}
        for rule in RULES
    ]
    return Answer("\n".join(lines), {"rules": rules})


def _require_rules(ids: Sequence[str]) -> None:
    """Raises UsageError if one of the rules does not exist."""
    known = [rule.id for rule in RULES]
    for one in ids:
        if one not in known:
            from ..suggestions import suggest_value

            raise UsageError(
                f"there is no rule {one!a}",
                f"{suggest_value(one, known)}azprov.pyz check --list-rules lists them",
            )


def _lines(finding: Finding) -> List[str]:
    severity, fix = coloured_word(finding.severity, sys.stdout), coloured_word("fix", sys.stdout)
    return [f"{severity}: {finding.what}", f"  {fix}: {finding.fix}"]


def _counted(count: int, severity: str) -> str:
    return f"{count} {severity}" if count == 1 else f"{count} {severity}s"


def _probes(options: argparse.Namespace, image: Image) -> List[Probe]:
    """The questions to Azure: on an Azure VM, or if an option gives an address.

    The time limit of each begins when it is asked, which is after the files are checked. Raises
    UsageError for an address that is not valid.
    """
    probes: List[Probe] = []
    if not image.root.is_live:
        return probes
    on_azure = is_on_azure(image)
    if on_azure or options.wireserver is not None:
        settings = wireserver_settings(options)
        probes.append(
            Probe(
                "WireServer",
                WIRESERVER,
                "so Ready cannot be reported",
                lambda: _ask_wireserver(image.root, settings),
            )
        )
    if on_azure or options.imds is not None:
        of_imds = imds_settings(options)
        probes.append(
            Probe(
                "the metadata service",
                METADATA_SERVICE,
                "so a VM does not get its host name",
                lambda: _ask_imds(of_imds),
            )
        )
    return probes


def _ask_wireserver(root: Root, settings: WireServerSettings) -> object:
    wireserver, retry_loop = open_wireserver(real_ports(), root, settings)
    return retry_loop.run(wireserver.fetch_goal_state)


def _ask_imds(settings: ImdsSettings) -> object:
    imds, retry_loop = open_imds(real_ports(), settings)
    return retry_loop.run(imds.fetch_instance)
