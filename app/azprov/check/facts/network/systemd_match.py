"""[Match] sections of systemd-networkd and udev: which network cards they are for.

Source: systemd.network(5), and net_match_config in systemd's net-condition.c.
"""

from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from ....formats.host.config_syntax import Setting
from ....formats.patterns import matches as matches_glob
from .nic_settings import DRIVER, FIRST_NIC

YES = ("1", "yes", "y", "true", "t", "on")

#: The lines of a [Match] section, by key. An empty value undoes the lines before it.
Match = Dict[str, List[str]]


class Card(NamedTuple):
    """A network card, as networkd and udev know it."""

    name: str
    driver: str
    path: str
    #: What made it, such as veth; empty for hardware.
    kind: str = ""
    type: str = "ether"


FIRST_CARD = Card(FIRST_NIC, DRIVER, "acpi-VMBUS:00")

# Properties of wireless cards.
_OF_WIFI = ("WLANInterfaceType", "SSID", "BSSID")
# Conditions about the machine or its kernel that are not read here.
_OF_MACHINE = ("Host", "KernelVersion", "Version", "Architecture", "Firmware", "Credential")


def read_match(settings: Iterable[Setting]) -> Match:
    match: Match = {}
    for section, key, value in settings:
        if section == "Match" and value:
            match.setdefault(key, []).append(value)
        elif section == "Match":
            match.pop(key, None)
    return match


def patterns(lines: Iterable[str]) -> Tuple[List[str], List[str]]:
    """The patterns of which one has to match, and those of which none may.

    "!" at the start of a line negates all patterns in it.
    """
    wanted: List[str] = []
    excluded: List[str] = []
    for line in lines:
        is_negated = line.startswith("!")
        words = line[is_negated:].replace('"', "").replace("'", "").split()
        (excluded if is_negated else wanted).extend(words)
    return wanted, excluded


def is_for(match: Match, card: Card, words: Sequence[str]) -> bool:
    """Whether a section is for a card, on a machine with these words on its command line.

    The card's name and MAC address are not looked at.
    """
    return (
        covers(match.get("Driver", []), card.driver)
        and covers(match.get("Type", []), card.type)
        and covers(match.get("Kind", []), card.kind)
        and covers(match.get("Path", []), card.path)
        and all(covers(match.get(key, []), "") for key in _OF_WIFI)
        and all(_has(one, card) for one in match.get("Property", []))
        and all(_is_machine(one) for one in match.get("Virtualization", [])[-1:])
        and all(_is_in(one, words) for one in match.get("KernelCommandLine", [])[-1:])
    )


def is_certain(match: Match) -> bool:
    """Whether the section has no condition that only a VM can decide."""
    return not any(key in match for key in _OF_MACHINE)


def covers(lines: List[str], text: str) -> bool:
    """Whether patterns are for a property. A card without that property has an empty text."""
    wanted, excluded = patterns(lines)
    if text and any(matches_glob(text, one) for one in excluded):
        return False
    return not wanted or (bool(text) and any(matches_glob(text, one) for one in wanted))


def _has(line: str, card: Card) -> bool:
    """Whether a card has all properties of udev in a line, or none of them after a "!"."""
    known = {"ID_NET_DRIVER": card.driver, "ID_PATH": card.path}
    is_negated = line.startswith("!")
    for word in line[is_negated:].replace('"', "").split():
        name, _, pattern = word.partition("=")
        if matches_glob(known.get(name, ""), pattern) is is_negated:
            return False
    return True


def _is_machine(value: str) -> bool:
    """Whether a VM of Azure is a machine of that kind."""
    is_negated = value.startswith("!")
    kind = value[is_negated:].strip().lower()
    return (kind in (*YES, "vm", "microsoft")) is not is_negated


def _is_in(value: str, words: Sequence[str]) -> bool:
    """Whether a word, or an option with that name, is on the kernel command line."""
    is_negated = value.startswith("!")
    word = value[is_negated:].strip()
    return (word in words or any(one.startswith(f"{word}=") for one in words)) is not is_negated
