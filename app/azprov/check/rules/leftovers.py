"""Leftovers of a machine that was used, which every VM made from the image would share."""

from typing import Dict, Iterator, List, NamedTuple

from ...image.leftovers.kept_host_keys import HOST_KEYS_COST, kept_host_keys
from ...image.leftovers.leftover import UNREADABLE, Leftover
from ...image.leftovers.search import container_marks, find_leftovers
from ..facts.fstab import read_fstab
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines
from ..finding import ERROR, NOTE, UNREAD, WARNING, Check, Finding, Rule
from ..fixes import azprov


class _Kind(NamedTuple):
    """A kind of leftover: its rule, its name with is or are, and what it costs in an image."""

    rule: Rule
    name: str
    verb: str
    cost: str


def _kind(id_: str, severity: str, subject: str, cost: str) -> _Kind:
    """A kind by the sentence of its rule; the subject ends with is or are."""
    name, _, verb = subject.rpartition(" ")
    sentence = f"{subject} still in the image: {cost}"
    return _Kind(Rule(id_, severity, sentence, "run azprov deprovision"), name, verb, cost)


_KINDS = (
    _kind("host-keys", ERROR, "SSH host keys are", HOST_KEYS_COST),
    _kind(
        "machine-id",
        ERROR,
        "a machine ID is",
        "DHCP servers, journals and clusters would treat all VMs as one",
    ),
    _kind(
        "credential-secret",
        WARNING,
        "the key of systemd's encrypted credentials is",
        "every VM could decrypt the credentials of the others",
    ),
    _kind("passwords", WARNING, "passwords are", "anyone who knows one can log in to every VM"),
    _kind(
        "authorized-keys",
        WARNING,
        "authorized SSH keys are",
        "their owners can log in to every VM",
    ),
    _kind(
        "trusted-hosts",
        WARNING,
        "lists of trusted hosts or principals are",
        "their users can log in to every VM without a password",
    ),
    _kind(
        "agent-data",
        WARNING,
        "data of another agent is",
        "it has certificates and deployment settings of an earlier VM",
    ),
    _kind(
        "leases",
        WARNING,
        "DHCP leases or client IDs are",
        "a VM may ask for the address of another VM",
    ),
    _kind(
        "lvm-devices",
        ERROR,
        "a list of the disks that LVM may use is",
        "LVM ignores the disk of a VM, so a root on LVM is not found",
    ),
    _kind(
        "sent-hostname",
        WARNING,
        "fixed host names for the DHCP server are",
        "Azure's DNS would learn that name for every VM",
    ),
    _kind("random-seed", WARNING, "a random seed is", "all VMs would start with the same one"),
    _kind(
        "state",
        WARNING,
        "azprov's state of an earlier VM is",
        "if that VM boots this image again, it reports nothing, and sshd keeps the settings of "
        "the earlier deployment",
    ),
    _kind(
        "private-keys",
        WARNING,
        "private keys or saved passwords of users are",
        "every VM would have them",
    ),
    _kind(
        "installer-files",
        WARNING,
        "files of an installer are",
        "they may contain passwords of the machine that made the image",
    ),
    _kind(
        "machine-identity",
        WARNING,
        "keys or names that identify the machine to other services are",
        "they would mistake every VM for that machine",
    ),
    _kind("histories", WARNING, "shell histories are", "they may contain passwords"),
    _kind("logs", NOTE, "logs are", "they show who used the machine and how"),
    _kind(
        "spools",
        NOTE,
        "mail, crash dumps or temporary files are",
        "they may contain secrets of the machine that made the image",
    ),
)
#: The rules of which no finding is left when deprovision has run.
DEPROVISIONED = frozenset(kind.rule.id for kind in _KINDS)
HOST_KEYS_ELSEWHERE = Rule(
    "host-keys-elsewhere",
    ERROR,
    f"SSH host keys that deprovision does not remove are still in the image: {HOST_KEYS_COST}",
    "remove them and let the image create new ones at its first boot",
)
CONTAINER_MARK = Rule(
    "container-mark",
    WARNING,
    "a file marks the image as a container, so systemd skips some services on a VM",
    "remove that file",
)

_LVM_DEVICES = "lvm-devices"
_MAPPED = "/dev/mapper/"
# The options with which dracut and others find a root on LVM.
_LVM_WORDS = (f"root={_MAPPED}", "rd.lvm.lv=", "rd.lvm.vg=")
# This many paths are named, the others are counted.
_NAMED = 3


def check_leftovers(image: Image) -> Iterator[Finding]:
    """One finding for each kind. On a running machine it is a note: that is where they belong."""
    found: Dict[str, List[Leftover]] = {}
    for leftover in find_leftovers(image.root):
        found.setdefault(leftover.rule, []).append(leftover)
    for kind in _KINDS:
        if kind.rule.id in found:
            paths = sorted({image.shown(leftover.path) for leftover in found[kind.rule.id]})
            finding = _found(image, kind, paths, azprov(image, "deprovision"))
            if finding.rule == _LVM_DEVICES and finding.severity == ERROR and not _uses_lvm(image):
                finding = finding._replace(severity=WARNING)
            yield finding
    unread = found.get(UNREADABLE, [])
    if unread:
        # Several kinds may have met the same unreadable folder.
        summaries = list(dict.fromkeys(leftover.what for leftover in unread))
        yield UNREAD.found(
            f"{_first(summaries)}, so leftovers of a used machine were not fully checked",
            unread[0].hint or "check the file and its file system",
        )


def _uses_lvm(image: Image) -> bool:
    """Whether the boot needs a volume of LVM."""
    devices = [mount.device for mount in read_fstab(image) if "nofail" not in mount.options]
    words = [word for line in command_lines(image) for word in line.words]
    return any(one.startswith(_MAPPED) for one in devices) or any(
        word.startswith(_LVM_WORDS) for word in words
    )


def _found(image: Image, kind: _Kind, paths: List[str], fix: str) -> Finding:
    if image.root.is_live:
        return kind.rule.found(
            f"an image of this VM would contain {kind.name} ({_first(paths)})",
            f"before you make an image of this VM: {fix}",
            severity=NOTE,
        )
    return kind.rule.found(
        f"{kind.name} {kind.verb} still in the image ({_first(paths)}): {kind.cost}", fix
    )


def check_other_host_keys(image: Image) -> Iterator[Finding]:
    """Find host keys that deprovision keeps."""
    kept = kept_host_keys(image.root)
    if kept.paths:
        name = "SSH host keys that deprovision does not remove"
        kind = _Kind(HOST_KEYS_ELSEWHERE, name, "are", HOST_KEYS_COST)
        yield _found(image, kind, [image.shown(path) for path in kept.paths], kept.fix)


def check_container_marks(image: Image) -> Iterator[Finding]:
    """The files by which systemd, also as PID 1, detects a container: its virt.c."""
    marks = container_marks(image.root)
    init = image.services.init
    if marks and init is not None and init.has_units:
        yield CONTAINER_MARK.found(
            f"because of {' and '.join(map(image.shown, marks))}, systemd treats a VM as a "
            "container and skips services such as the one that saves the random seed",
            " ".join(["rm", *(image.typed(mark, follow=False) for mark in marks)]),
        )


def _first(texts: List[str]) -> str:
    shown = ", ".join(texts[:_NAMED])
    return shown if len(texts) <= _NAMED else f"{shown} and {len(texts) - _NAMED} more"


CHECKS = (
    Check(check_leftovers, (*(kind.rule for kind in _KINDS), UNREAD)),
    Check(check_other_host_keys, (HOST_KEYS_ELSEWHERE,)),
    Check(check_container_marks, (CONTAINER_MARK,)),
)
