"""shim, the signed program that starts the boot loader of a distribution with Secure Boot.

Source: https://github.com/rhboot/shim, shim.c and README.fallback, read 2026-11-28. The name of the
boot loader is built in, since distributions choose it. Firmware that starts a shim in EFI/BOOT
starts fallback from there, if it exists, which needs a file BOOT.CSV in another folder of EFI.
"""

from typing import Iterable, Iterator

#: A shim has about 1 MB.
SHIM_BYTES = 1 << 22

_SEPARATOR = "\\".encode("utf-16-le")
_MARKS = [f"\\EFI\\BOOT\\{name}".encode("utf-16-le") for name in ("fb", "fallback")]
_FALLBACK = ("fb", "fallback")
_KEY_MANAGER = ("mm", "mok")
_NAME_BYTES = 64


def missing_loader(content: bytes, beside: Iterable[str], *, has_csv: bool) -> str:
    """The name of the file that a program in EFI/BOOT does not find; empty if it is not a shim.

    It is empty too if the shim finds its file. `beside` are the names in EFI/BOOT, and `has_csv`
    is whether another folder of EFI has a BOOT.CSV or BOOTX64.CSV (BOOTAA64.CSV on arm64).
    """
    if not any(mark in content for mark in _MARKS):
        return ""
    names = list(dict.fromkeys(_names(content)))
    there = {name.lower() for name in beside}
    if any(name.startswith(_FALLBACK) and name in there for name in names):
        return "" if has_csv else "BOOT.CSV"
    loaders = [name for name in names if not name.startswith((*_FALLBACK, *_KEY_MANAGER))]
    return "" if not loaders or there.intersection(loaders) else loaders[0]


def is_csv(name: str) -> bool:
    """Whether a file has the name of a list of boot entries that fallback reads."""
    return name.lower() in ("boot.csv", "bootx64.csv", "bootaa64.csv")


def _names(content: bytes) -> Iterator[str]:
    """The names of programs after a backslash, in lower case: FAT ignores the case."""
    for part in content.split(_SEPARATOR)[1:]:
        name = part[:_NAME_BYTES].decode("utf-16-le", "replace").partition("\0")[0].lower()
        if name.endswith(".efi") and all("!" <= one <= "~" for one in name):
            yield name
