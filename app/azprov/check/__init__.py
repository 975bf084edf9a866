"""Whether an image will provision on Azure: every rule, applied to the files of the image.

Rule of this package: a check reads files only. It changes nothing and sends nothing, runs
nothing but programs of this machine that unpack an initramfs, such as zstd, or mount a disk file
for itself alone, and no content of an image can stop it.
"""

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ..errors import HostError
from ..formats.bounds import FINDINGS
from ..formats.text import printable
from .facts.disk.disk_file import DiskFile
from .facts.files import Unread
from .facts.image import Image
from .finding import SEVERITIES, UNREAD, Check, DiskCheck, Finding, Rule
from .mounted_disk import Tree
from .rules import (
    agents,
    azprov_program,
    azprov_service,
    boot_loader,
    boot_target,
    clock,
    disk_boot,
    disk_format,
    disk_names,
    disk_tree,
    esp,
    firewall,
    fstab,
    homes,
    imds,
    init_system,
    initramfs,
    kernel,
    leftovers,
    logins,
    network,
    owners,
    partition_table,
    platform,
    root_device,
    serial_console,
    ssh,
    virtual_functions,
)
from .rules.platform import PROBE_RULES, Probe, ask

#: Findings are reported by severity, and within one severity in this order.
CHECKS: Tuple[Check, ...] = (
    *azprov_service.CHECKS,
    *azprov_program.CHECKS,
    *init_system.CHECKS,
    *owners.CHECKS,
    *agents.CHECKS,
    *network.CHECKS,
    *virtual_functions.CHECKS,
    *kernel.CHECKS,
    *initramfs.CHECKS,
    *boot_loader.CHECKS,
    *esp.CHECKS,
    *boot_target.CHECKS,
    *serial_console.CHECKS,
    *root_device.CHECKS,
    *fstab.CHECKS,
    *firewall.CHECKS,
    *imds.CHECKS,
    *ssh.CHECKS,
    *logins.CHECKS,
    *homes.CHECKS,
    *clock.CHECKS,
    *leftovers.CHECKS,
    *platform.CHECKS,
)

#: The checks of a disk file.
DISK_CHECKS: Tuple[DiskCheck, ...] = (
    *disk_format.CHECKS,
    *partition_table.CHECKS,
    *disk_boot.CHECKS,
)

#: Every rule once, in the order of the checks.
RULES: Tuple[Rule, ...] = tuple(
    dict.fromkeys(
        [
            *(rule for one in CHECKS for rule in one.rules),
            *PROBE_RULES,
            *(rule for one in DISK_CHECKS for rule in one.rules),
            disk_names.DISK_NAMES,
            disk_tree.DISK_TREE,
            UNREAD,
        ]
    )
)

_LONGEST_SENTENCE = 1000
# A command with two paths of the greatest length.
_LONGEST_FIX = 10_000


def check(image: Image, probes: Sequence[Probe] = ()) -> List[Finding]:
    """All findings, errors first. Each probe asks the platform one question."""
    found = [finding for one in CHECKS for finding in apply(one, image)]
    found += [*ask(probes), *_most(map(_unread, image.unread))]
    return _sorted(found)


def check_disk(
    disk: DiskFile, tree: Optional[Tree] = None, unpackers: Sequence[str] = ()
) -> List[Finding]:
    """All findings about a disk file, and about the files on it if they are mounted."""
    found = [finding for one in DISK_CHECKS for finding in _most(_find_on(one, disk))]
    if tree is not None:
        found.append(disk_tree.report_tree(disk, tree))
    if tree is not None and tree.root is not None:
        # A loader that is missing in the partition is missing where it is mounted, too.
        known = {one.rule for one in found}
        image = Image(tree.root, disk.program, unpackers)
        found += [one for one in check(image) if one.rule not in known]
        found += apply(disk_names.names_check(tree.names), image)
    return _sorted(found)


def apply(one: Check, image: Image) -> Iterator[Finding]:
    """The findings of one check, with an `unread` finding if a file or a bound stopped it."""
    image.begin_rule()
    try:
        yield from _most(one.find(image))
    except HostError as error:
        names = [rule.id for rule in one.rules if rule != UNREAD]
        yield UNREAD.found(
            f"{error.summary}, so these rules were not fully checked: {', '.join(names)}",
            _next(error.hint),
        )


def _find_on(one: DiskCheck, disk: DiskFile) -> Iterator[Finding]:
    try:
        yield from one.find(disk)
    except HostError as error:
        names = ", ".join(rule.id for rule in one.rules)
        yield UNREAD.found(
            f"{error.summary}, so these rules were not fully checked: {names}", _next(error.hint)
        )


def _sorted(findings: List[Finding]) -> List[Finding]:
    return sorted(map(_fit, findings), key=lambda finding: SEVERITIES.index(finding.severity))


def _most(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings, but only the first ones of each rule."""
    counts: Dict[str, int] = {}
    for finding in findings:
        counts[finding.rule] = count = counts.get(finding.rule, 0) + 1
        if count <= FINDINGS:
            yield finding
        elif count == FINDINGS + 1:
            yield UNREAD.found(
                f"there are more findings of the rule {finding.rule} than the {FINDINGS} shown",
                "fix these, and check again",
            )


def _unread(file: Unread) -> Finding:
    return UNREAD.found(f"{file.reason}, so it was not fully checked", _next(file.hint))


def _next(hint: str) -> str:
    return hint or "check the file and its file system"


def _fit(finding: Finding) -> Finding:
    """Replace terminal control sequences from the image, and cut a long sentence.

    A command must not be cut: it would do something else.
    """
    fix = printable(finding.fix, _LONGEST_FIX + 1)
    if finding.rule == UNREAD.id and fix == "run it as root":
        # The owner of the image can read it, too.
        fix = "run check as root, or as the user who may read that file"
    if len(fix) > _LONGEST_FIX:
        fix = next(rule.fix for rule in RULES if rule.id == finding.rule)
    return finding._replace(what=printable(finding.what, _LONGEST_SENTENCE), fix=fix)
