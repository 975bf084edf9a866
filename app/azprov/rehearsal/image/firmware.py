"""The UEFI firmware for a virtual machine, found by the descriptions that packages install.

Source: QEMU's docs/interop/firmware.json, read 2026-11-28. The packages of all distributions
install these descriptions, and libvirt chooses firmware by them.
"""

import json
from typing import Any, Dict, Iterator, NamedTuple, Optional, Set

from ...system.root import Root

#: A description in the first folder replaces one of the same name in the second.
FOLDERS = ("/etc/qemu/firmware", "/usr/share/qemu/firmware")
_MACHINES = {"x86_64": "pc-q35-", "aarch64": "virt-"}
_SECURE_BOOT, _MICROSOFT_KEYS, _SMM = "secure-boot", "enrolled-keys", "requires-smm"
_WANTED: Dict[bool, Set[str]] = {True: {_SECURE_BOOT, _MICROSOFT_KEYS}, False: set()}


class Firmware(NamedTuple):
    """Two files on this machine: the program, and the first content of its variables.

    The formats are names of QEMU, such as raw. `needs_smm` is whether only a processor in system
    management mode may write the variables, which Secure Boot needs on x86.
    """

    code: str
    code_format: str
    variables: str
    variables_format: str
    needs_smm: bool = False


def find_firmware(root: Root, architecture: str, *, secure_boot: bool) -> Optional[Firmware]:
    """The first firmware that fits, in the order of libvirt; None if none is installed.

    With `secure_boot` it has the keys of Microsoft, and refuses what they do not sign; otherwise
    it starts everything. Raises HostError.
    """
    for description in _descriptions(root):
        firmware = _firmware(description, architecture, secure_boot)
        if firmware is not None and root.is_file(firmware.code):
            return firmware
    return None


def _descriptions(root: Root) -> Iterator[Dict[str, Any]]:
    places: Dict[str, str] = {}
    for folder in reversed(FOLDERS):
        for name in root.names(folder):
            if name.endswith(".json"):
                places[name] = folder
    for name in sorted(places):
        try:
            description = json.loads((root.read(f"{places[name]}/{name}") or b"").decode("utf-8"))
        except ValueError:
            # An empty file hides the one of the same name in the other folder.
            continue
        if isinstance(description, dict):
            yield description


def _firmware(
    description: Dict[str, Any], architecture: str, secure_boot: bool
) -> Optional[Firmware]:
    """The firmware of a description, or None if it has another purpose."""
    try:
        features = set(description["features"])
        mapping = description["mapping"]
        code, variables = mapping["executable"], mapping["nvram-template"]
        machines = [
            machine
            for target in description["targets"]
            if target["architecture"] == architecture
            for machine in target["machines"]
        ]
        is_usable = (
            mapping["device"] == "flash"
            and mapping.get("mode", "split") == "split"
            and any(machine.startswith(_MACHINES[architecture]) for machine in machines)
            and features & {_SECURE_BOOT, _MICROSOFT_KEYS} == _WANTED[secure_boot]
        )
        if not is_usable:
            return None
        return Firmware(
            str(code["filename"]),
            str(code["format"]),
            str(variables["filename"]),
            str(variables["format"]),
            _SMM in features,
        )
    except (KeyError, TypeError, AttributeError):
        return None
