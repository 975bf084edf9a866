"""The presets of systemd: which services it enables and disables at a first boot.

Sources: systemd.preset(5), machine-id(5) and systemctl(1), "preset-all".
"""

import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from ...formats.host.config_syntax import uncommented
from ...formats.host.os_release import parse_os_release
from ...formats.patterns import is_pattern, matches
from .files import Files, TooMuch
from .kernel_command_line import find_in_every_entry

_FOLDERS = [
    "/etc/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
    "/lib/systemd/system-preset",
]
_MOST_PATTERNS = 1000
# Their systemd has the build option first-boot-full-preset, so a first boot also disables what
# the presets disable: https://fedoraproject.org/wiki/Changes/
# Preset_All_Systemd_Units_on_First_Boot, and the packages of Azure Linux 3 and Flatcar, read
# 2026-11-27. The systemd of Debian only enables.
_DISABLING = frozenset(("fedora", "rhel", "centos", "azurelinux", "flatcar"))
# The first version with that option.
_SHARED_LIBRARY = re.compile(r"libsystemd-shared-(\d{3})\D")
_FIRST_DISABLING = 252


class _Preset(NamedTuple):
    """A line of a preset, with its number in all presets: the first that matches counts."""

    number: int
    action: str
    pattern: str


class Presets:
    """The presets of an image."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._are_applied: Optional[bool] = None
        self._known: Optional[Tuple[Dict[str, _Preset], List[_Preset]]] = None

    def are_applied(self) -> bool:
        """Whether systemd applies presets at the next boot, which it can only if / is writable."""
        if self._are_applied is None:
            machine_id = self._files.text("/etc/machine-id").strip()
            is_missing = not (machine_id or self._files.is_there("/etc/machine-id"))
            is_first_boot = is_missing or machine_id == "uninitialized"
            is_read_only = find_in_every_entry(self._files, _mounts_read_only) is not None
            self._are_applied = is_first_boot and not is_read_only
        return self._are_applied

    def disable_at_next_boot(self) -> bool:
        """Whether presets are applied, by a systemd that then also disables services."""
        if not self.are_applied():
            return False
        release = parse_os_release(
            self._files.content("/etc/os-release") or self._files.content("/usr/lib/os-release")
        )
        ids = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
        names = " ".join(self._files.names("/usr/lib/systemd"))
        versions = [int(version) for version in _SHARED_LIBRARY.findall(names)]
        is_old = any(version < _FIRST_DISABLING for version in versions)
        return not is_old and not ids.isdisjoint(_DISABLING)

    def enable(self, unit: str) -> bool:
        """Whether the presets enable a unit. Without a line about it they do."""
        exact, patterns = self._lines()
        found = [exact[unit]] if unit in exact else []
        found += [preset for preset in patterns if matches(unit, preset.pattern)][:1]
        return min(found).action == "enable" if found else True

    def _lines(self) -> Tuple[Dict[str, _Preset], List[_Preset]]:
        """The first preset for each unit that is named in full, and those with patterns."""
        if self._known is None:
            exact: Dict[str, _Preset] = {}
            patterns: Dict[str, _Preset] = {}
            number = 0
            for path in self._files.layered(_FOLDERS, ".preset"):
                for line in uncommented(self._files.text(path)):
                    action, _, names = line.partition(" ")
                    name = (names.split() or [""])[0]
                    number += 1
                    known = patterns if is_pattern(name) else exact
                    known.setdefault(name, _Preset(number, action, name))
            if len(patterns) > _MOST_PATTERNS:
                raise TooMuch(
                    f"the presets of systemd have more than {_MOST_PATTERNS} patterns",
                    "shorten that file",
                )
            self._known = exact, list(patterns.values())
        return self._known


def _mounts_read_only(words: List[str]) -> bool:
    """Whether these words of a kernel line mount / read-only: the last one of ro and rw counts."""
    modes = [word for word in words if word in ("ro", "rw")]
    return modes[-1:] == ["ro"]
