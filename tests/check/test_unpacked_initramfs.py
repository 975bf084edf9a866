"""An initramfs that a program of this machine unpacks, since Python cannot."""

import subprocess
from pathlib import Path
from typing import Dict, FrozenSet, List

import pytest

import needs
from azprov.check.facts.initramfs import Search, find_modules
from azprov.check.facts.unpacking import Allowance
from azprov.system.commands import FOLDERS
from azprov.system.root import Root
from check.image_changes import pe
from sound_image import cpio

WANTED = frozenset({"hv_vmbus", "hv_storvsc"})
NONE: FrozenSet[str] = frozenset()
MODULES = cpio("init", "lib/modules/6/hv-vmbus.ko", "lib/modules/6/kernel/hv_storvsc.ko.zst")
EARLY = cpio("kernel", "kernel/x86/microcode/GenuineIntel.bin") + bytes(512)

#: The commands of mkinitramfs, dracut and mkinitcpio.
COMMANDS: Dict[str, List[str]] = {
    "zstd": ["zstd", "-q", "-1", "-T0"],
    "zstd, many times": ["zstd", "-q", "--ultra", "-22"],
    "lz4": ["lz4", "-l", "-9"],
}


def pack(command: List[str], content: bytes) -> bytes:
    command = [needs.program(command[0]), *command[1:]]
    return subprocess.run(command, check=True, input=content, stdout=subprocess.PIPE).stdout


def look(root: Path, content: bytes) -> Search:
    (root / "initrd").write_bytes(content)
    return find_modules(Root(str(root)), "/initrd", WANTED, folders=FOLDERS)


@pytest.mark.needs("zstd", "lz4")
@pytest.mark.parametrize("case", COMMANDS)
def test_modules_are_found_with_the_program(tmp_path: Path, case: str) -> None:
    """The program reads the file from where the compressed part begins to its end."""
    command = COMMANDS[case]

    assert look(tmp_path, pack(command, MODULES)) == Search(WANTED, "")
    assert look(tmp_path, EARLY + pack(command, MODULES)) == Search(WANTED, "")
    large = cpio(*(f"kernel/{number}.ko" for number in range(3000)))
    packed = pack(command, large + MODULES)
    assert look(tmp_path, EARLY + packed) == Search(WANTED, "")
    in_section = pe(signed=True, section=".initrd", content=EARLY + packed)
    assert look(tmp_path, in_section + b"another section") == Search(WANTED, "")


@pytest.mark.needs("zstd")
def test_a_missing_module_is_certain_after_the_program_ended(tmp_path: Path) -> None:
    """A full search has no problem, so that check may report an error."""
    packed = pack(COMMANDS["zstd"], cpio("init", "a/hv_vmbus.ko"))

    assert look(tmp_path, EARLY + packed) == Search(frozenset({"hv_vmbus"}), "")


@pytest.mark.needs("zstd")
def test_a_part_that_the_program_cannot_unpack_is_a_problem(tmp_path: Path) -> None:
    """A damaged file may have had the module, and so may one that ends too early."""
    packed = pack(COMMANDS["zstd"], cpio(*(f"{number}.ko" for number in range(30000))))
    program = needs.program("zstd")

    assert look(tmp_path, b"\x28\xb5\x2f\xfd and more") == Search(
        NONE, f"it is damaged: {program} cannot unpack it"
    )
    assert look(tmp_path, packed[: len(packed) // 2]).problem == "it is damaged: it ends too early"


@pytest.mark.needs("zstd")
def test_the_output_of_the_program_has_a_bound(tmp_path: Path) -> None:
    """A small file that unpacks to gigabytes ends the search and the program."""
    entry = cpio("a")[:110].replace(b"00000000", b"7FFFFFFF", 7) + b"a\0"
    bomb = pack(COMMANDS["zstd"], entry + bytes(1 << 26))

    assert look(tmp_path, bomb) == Search(NONE, "it is damaged: it expands more than 50-fold")


@pytest.mark.needs("zstd")
def test_the_program_spends_the_allowance_of_the_image(tmp_path: Path) -> None:
    """All initramfs of an image share one allowance, also those that a program unpacks."""
    (tmp_path / "initrd").write_bytes(pack(COMMANDS["zstd"], cpio("a")))
    allowance = Allowance()
    allowance.spend(0, 1 << 29)

    search = find_modules(Root(str(tmp_path)), "/initrd", WANTED, allowance, folders=FOLDERS)

    assert search == Search(NONE, "it is damaged: it is too large")


def test_without_the_program_the_problem_names_it(tmp_path: Path) -> None:
    """Only the given folders are searched."""
    (tmp_path / "initrd").write_bytes(b"\x28\xb5\x2f\xfd and more")

    search = find_modules(Root(str(tmp_path)), "/initrd", WANTED, folders=[str(tmp_path)])

    assert search == Search(NONE, "it is compressed with zstd")
