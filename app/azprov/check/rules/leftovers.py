"""What a machine that was used left in an image: each VM made of it would share it."""

from fnmatch import fnmatchcase
from typing import Dict, Iterator, List, NamedTuple

from ...image.leftovers.search import UNREADABLE, Leftover, container_marks, find_leftovers
from ...system.sshd.authorized_keys import sshd_settings
from ...system.sshd.host_keys import SSH_FOLDER, is_host_key
from ..facts.image import Image
from ..facts.services import SYSTEMD
from ..finding import ERROR, NOTE, WARNING, Finding


class _Kind(NamedTuple):
    severity: str
    #: What is left, and why it must not be.
    what: str


_KINDS = {
    "host-keys": _Kind(ERROR, "SSH host keys are left: whoever has one can pose as every VM"),
    "machine-id": _Kind(
        ERROR,
        "a machine's id is left: DHCP, the journal and clusters take every VM for the same one",
    ),
    "credential-secret": _Kind(
        WARNING,
        "the key of systemd's encrypted credentials is left: what one VM encrypts every VM opens",
    ),
    "passwords": _Kind(WARNING, "passwords are left: who knows one gets into every VM"),
    "authorized-keys": _Kind(
        WARNING, "keys that may log in are left: who has one gets into every VM"
    ),
    "agent-data": _Kind(
        WARNING,
        "data of another agent is left, with certificates and what its VM was deployed with",
    ),
    "leases": _Kind(
        WARNING,
        "DHCP leases or identities are left: a VM may ask for an address that was another's",
    ),
    "random-seed": _Kind(WARNING, "the random seed is left: VMs begin with the same one"),
    "state": _Kind(
        WARNING,
        "azprov's note of a VM is left: that VM itself would report no more, and what its "
        "platform asked for is set",
    ),
    "private-keys": _Kind(
        WARNING, "private keys or passwords of users are left, for every VM to use"
    ),
    "histories": _Kind(WARNING, "what was typed at a shell is left, perhaps with passwords"),
    "logs": _Kind(NOTE, "logs are left: who was there, and what was said"),
}
# Of dropbear and tinysshd, by folder and name.
_OTHER_HOST_KEYS = (("/etc/dropbear", "dropbear_*_host_key"), ("/etc/tinyssh/sshkeydir", "*"))
# At most so many are named, the rest is counted.
_NAMED = 3


def check_leftovers(image: Image) -> Iterator[Finding]:
    """By rule, in the order of the table; on a running machine they are where they belong."""
    found: Dict[str, List[Leftover]] = {}
    for leftover in find_leftovers(image.root):
        found.setdefault(leftover.rule, []).append(leftover)
    mend = image.azprov("deprovision")
    for rule, kind in _KINDS.items():
        if rule in found:
            what = f"{kind.what}: {_named(image, found[rule])}"
            if image.root.is_live:
                yield Finding(rule, NOTE, what, f"before an image is made of this VM: {mend}")
            else:
                yield Finding(rule, kind.severity, what, mend)
    unread = found.get(UNREADABLE, [])
    if unread:
        # Once, though several rules look there.
        summaries = list(dict.fromkeys(leftover.what for leftover in unread))
        yield Finding(
            UNREADABLE,
            NOTE,
            f"{_first(summaries)}, so what a used machine may have left was not all looked for",
            unread[0].hint or "look at what is there",
        )


def check_other_host_keys(image: Image) -> Iterator[Finding]:
    """Those that deprovision leaves: without them such a server might not start again."""
    of_sshd = [path for path in _named_by_sshd(image) if image.is_there(path)]
    of_others = [
        f"{folder}/{name}"
        for folder, pattern in _OTHER_HOST_KEYS
        for name in image.names(folder)
        if fnmatchcase(name, pattern)
    ]
    if not of_sshd and not of_others:
        return
    mend = "remove them, and have the image make new ones at its first boot"
    if of_sshd:
        mend += " or take the HostKey lines out, so that the usual ones are made"
    yield Finding(
        "host-keys-elsewhere",
        NOTE if image.root.is_live else ERROR,
        "SSH host keys are left that deprovision does not remove, since perhaps nothing makes "
        "new ones: whoever has one can pose as every VM: "
        f"{_first([image.shown(path) for path in (*of_sshd, *of_others)])}",
        f"before an image is made of this VM: {mend}" if image.root.is_live else mend,
    )


def _named_by_sshd(image: Image) -> List[str]:
    """The files of its HostKey lines, but for those that have their usual names."""
    settings = sshd_settings(image.root)
    paths = [path for one in settings if one.keyword == "hostkey" for path in one.values[:1]]
    return [path for path in dict.fromkeys(paths) if not _is_usual(path)]


def _is_usual(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == SSH_FOLDER and is_host_key(name)


def check_container_marks(image: Image) -> Iterator[Finding]:
    """What detect_container_files of systemd's virt.c goes by, also as PID 1."""
    marks = container_marks(image.root)
    if marks and image.services.init == SYSTEMD:
        yield Finding(
            "container-mark",
            WARNING,
            f"{' and '.join(map(image.shown, marks))} is left of a container, so systemd takes a "
            "VM for one and does not start what is not for containers, such as the random seed",
            " ".join(["rm", *map(image.typed, marks)]),
        )


def _named(image: Image, leftovers: List[Leftover]) -> str:
    return _first(sorted({image.shown(leftover.path) for leftover in leftovers}))


def _first(texts: List[str]) -> str:
    shown = ", ".join(texts[:_NAMED])
    return shown if len(texts) <= _NAMED else f"{shown} and {len(texts) - _NAMED} more"


RULES = (check_leftovers, check_other_host_keys, check_container_marks)
