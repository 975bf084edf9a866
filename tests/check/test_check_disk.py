"""`check --image`: what it finds in a disk file, without a mount and without privileges."""

import json
import struct
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import pytest

from azprov.check import DISK_CHECKS, check_disk
from azprov.check.facts.disk.disk_file import open_disk
from check.disk_files import (
    ESP,
    LINUX,
    SECTORS,
    Part,
    as_vhd,
    esp,
    fat,
    gpt,
    mbr,
    vhd_footer,
    write_disk,
)
from check.image_changes import pe, shim
from images import azprov

X64 = pe(signed=True)
UNSIGNED = pe(signed=False)
SHIM = shim()
ARM = pe(signed=True, machine=0xAA64)
GOOD = (*gpt(), esp({"BOOTX64.EFI": X64}))
BOOT_CODE = b"\xeb\x63GRUB"
GRUB_MBR = Part(0, mbr((0x83, 2048, 4096), code=BOOT_CODE))
# What every raw disk has.
USUAL = [("disk-format", "note")]


class Disk(NamedTuple):
    """A raw disk, and the findings besides the usual ones."""

    parts: Sequence[Part]
    found: List[Tuple[str, str]]
    sectors: int = SECTORS


def damaged(parts: Sequence[Part], sector: int, offset: int) -> Tuple[Part, ...]:
    """The disk with one changed byte."""
    changed = []
    for part in parts:
        data = bytearray(part.data)
        if part.sector == sector:
            data[offset] ^= 0xFF
        changed.append(Part(part.sector, bytes(data)))
    return tuple(changed)


SOUND: Dict[str, Sequence[Part]] = {
    "FAT32": GOOD,
    "FAT16": (*gpt(), esp({"BOOTX64.EFI": X64}, bits=16)),
    "FAT12": (*gpt(), esp({"BOOTX64.EFI": X64}, bits=12)),
    "arm64": (*gpt(), esp({"BOOTAA64.EFI": ARM})),
    "a shim with its loader": (*gpt(), esp({"BOOTX64.EFI": SHIM, "GRUBX64.EFI": X64})),
    "a loader of several clusters": (*gpt(), esp({"GRUB.EFI": b"x", "BOOTX64.EFI": X64 * 30})),
    "generation 1, MBR": (GRUB_MBR,),
    "generation 1, GPT": gpt(
        ((2048, 4095, "21686148-6449-6E6F-744E-656564454649"), (4096, 8191, LINUX)), code=BOOT_CODE
    ),
    "both generations": (*gpt(code=BOOT_CODE), esp({"BOOTX64.EFI": X64})),
    "an ESP in an MBR": (
        Part(0, mbr((0xEF, 2048, 8192), (0x83, 10240, 4096))),
        esp({"BOOTX64.EFI": X64}),
    ),
    "logical partitions": (
        Part(0, mbr((0x05, 2048, 8192), code=BOOT_CODE)),
        Part(2048, mbr((0x83, 2048, 1000), (0x05, 4096, 2048))),
        Part(6144, mbr((0x83, 8, 1000))),
    ),
}

BROKEN: Dict[str, Disk] = {
    "no partition table": Disk((), [("partition-table", "error")]),
    "an MBR without partitions": Disk((Part(0, mbr()),), [("partition-table", "error")]),
    "a GPT without partitions": Disk(gpt(()), [("partition-table", "error")]),
    "a damaged header": Disk(damaged(GOOD, 1, 40), [("partition-table", "error")]),
    "damaged entries": Disk(damaged(GOOD, 2, 40), [("partition-table", "error")]),
    "no header": Disk((GOOD[0],), [("partition-table", "error")]),
    "sectors of 4096 bytes": Disk((GOOD[0], Part(8, GOOD[1].data)), [("partition-table", "error")]),
    "a damaged second copy": Disk(damaged(GOOD, SECTORS - 1, 40), [("gpt-backup", "note")]),
    "a second copy with other entries": Disk(
        damaged(GOOD, SECTORS - 33, 40), [("gpt-backup", "note")]
    ),
    "no second copy": Disk(
        (*gpt(backup=False), esp({"BOOTX64.EFI": X64})), [("gpt-backup", "note")]
    ),
    "a disk that was enlarged": Disk(GOOD, [("gpt-backup", "note")], SECTORS + 2048),
    "a disk that was cut": Disk(GOOD, [("partition-table", "error")], SECTORS - 4096),
    "a disk that lost its last MiB": Disk(GOOD, [("partition-table", "error")], SECTORS - 2048),
    "an overlap": Disk(
        (*gpt(((2048, 10239, ESP), (10000, 14335, LINUX))), esp({"BOOTX64.EFI": X64})),
        [("partitions", "error")],
    ),
    "one partition in another": Disk(
        (Part(0, mbr((0x83, 2048, 8192), (0x83, 3072, 1024), (0x83, 5120, 1024), code=BOOT_CODE)),),
        [("partitions", "error"), ("partitions", "error")],
    ),
    "a partition that ends before it begins": Disk(
        gpt(((4096, 2048, LINUX), (10240, 14335, LINUX)), code=BOOT_CODE),
        [("partitions", "error")],
    ),
    "a partition on the second copy": Disk(
        gpt(((2048, SECTORS - 1, LINUX),), code=BOOT_CODE), [("partitions", "error")]
    ),
    "a first sector of old tools": Disk(
        (Part(0, mbr((0x83, 63, 4096), code=BOOT_CODE)),), [("partition-alignment", "note")]
    ),
    "no whole MiB": Disk(
        gpt(sectors=SECTORS + 1, code=BOOT_CODE)[:1]
        + gpt(((10240, 14335, LINUX),), sectors=SECTORS + 1, code=BOOT_CODE),
        [("disk-size", "error")],
        SECTORS + 1,
    ),
    "nothing that starts": Disk(gpt(((10240, 14335, LINUX),)), [("disk-boot", "error")]),
    "an empty ESP": Disk((*gpt(), esp({})), [("esp-fallback", "error")]),
    "another loader alone": Disk((*gpt(), esp({"GRUBX64.EFI": X64})), [("esp-fallback", "error")]),
    "an ESP without a file system": Disk(gpt(), [("esp-fallback", "error")]),
    "a loader that is text": Disk(
        (*gpt(), esp({"BOOTX64.EFI": b"x" * 9000})), [("esp-fallback", "error")]
    ),
    "an empty loader": Disk((*gpt(), esp({"BOOTX64.EFI": b""})), [("esp-fallback", "error")]),
    "a loader of another architecture": Disk(
        (*gpt(), esp({"BOOTX64.EFI": ARM})), [("esp-fallback", "error")]
    ),
    "an empty ESP beside a BIOS loader": Disk(
        (*gpt(code=BOOT_CODE), esp({})), [("esp-fallback", "warning")]
    ),
    "a shim without its loader": Disk(
        (*gpt(), esp({"BOOTX64.EFI": SHIM, "MMX64.EFI": X64})), [("esp-shim", "error")]
    ),
    "a shim whose loader has another name": Disk(
        (*gpt(), esp({"BOOTX64.EFI": SHIM, "GRUB.EFI": X64})), [("esp-shim", "error")]
    ),
    "a shim that starts fallback, without BOOT.CSV": Disk(
        (*gpt(), esp({"BOOTX64.EFI": SHIM, "FBX64.EFI": X64, "GRUBX64.EFI": X64})),
        [("esp-shim", "error")],
    ),
    "a shim without its loader beside a BIOS loader": Disk(
        (*gpt(code=BOOT_CODE), esp({"BOOTX64.EFI": SHIM})), [("esp-shim", "warning")]
    ),
    "an unsigned loader": Disk(
        (*gpt(), esp({"BOOTX64.EFI": UNSIGNED})), [("secure-boot-unsigned", "note")]
    ),
}


def found(path: Path) -> List[Tuple[str, str]]:
    disk = open_disk(str(path))
    with disk.file:
        return [(one.rule, one.severity) for one in check_disk(disk)]


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_disk_has_no_findings_but_its_format(case: str, tmp_path: Path) -> None:
    """A raw disk has to be converted."""
    assert found(write_disk(tmp_path / "disk.raw", SOUND[case])) == USUAL


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_disk_is_found(case: str, tmp_path: Path) -> None:
    """Each fault has its rule, and no other rule speaks of its effects."""
    disk = BROKEN[case]
    path = write_disk(tmp_path / "disk.raw", disk.parts, sectors=disk.sectors)

    assert [one for one in found(path) if one not in USUAL] == disk.found


def test_every_rule_is_violated_by_a_disk() -> None:
    """The two other rules are about files that are no raw disks."""
    violated = {rule for disk in BROKEN.values() for rule, _ in disk.found}

    assert {rule.id for one in DISK_CHECKS for rule in one.rules} == {
        *violated,
        "disk-format",
        "vhd-footer",
    }


def test_a_fixed_vhd_is_what_azure_accepts(tmp_path: Path) -> None:
    """There is nothing to convert."""
    assert found(as_vhd(write_disk(tmp_path / "disk.raw", GOOD))) == []


@pytest.mark.parametrize(
    ("footer", "wanted"),
    [
        (vhd_footer(9 << 20), "vhd-footer"),
        (vhd_footer(8 << 20)[:100] + b"x" + vhd_footer(8 << 20)[101:], "vhd-footer"),
        (vhd_footer(8 << 20, kind=3), "disk-format"),
        (b"", "disk-format"),
        (bytes(512), "disk-format"),
    ],
)
def test_a_vhd_with_a_wrong_footer_is_an_error(footer: bytes, wanted: str, tmp_path: Path) -> None:
    """Another size, a changed byte, another type, and no footer at all."""
    path = as_vhd(write_disk(tmp_path / "disk.raw", GOOD), footer=footer)

    assert [rule for rule, severity in found(path) if severity == "error"] == [wanted]


@pytest.mark.parametrize(
    ("head", "what", "fix"),
    [
        (b"vhdxfile", "is of the format VHDX", "-f vhdx"),
        (b"QFI\xfb", "is a qcow2 file", "-f qcow2"),
        (b"KDMV", "is of the format VMDK", "-f vmdk"),
        (
            b"<<< QEMU VM Virtual Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe",
            "is of the format VDI",
            "-f vdi",
        ),
        (vhd_footer(8 << 20, kind=3), "is a dynamic VHD", "-f vpc"),
        (b"\x1f\x8b\x08", "is a compressed file", "unpack it"),
        (b"\xfd7zXZ\0", "is a compressed file", "unpack it"),
        (b"\x28\xb5\x2f\xfd", "is a compressed file", "unpack it"),
        (b"BZh9", "is a compressed file", "unpack it"),
        (b"PK\3\4", "is a compressed file", "unpack it"),
    ],
)
def test_other_formats_are_named_with_the_command_that_converts_them(
    head: bytes, what: str, fix: str, tmp_path: Path
) -> None:
    """Azure refuses them, and azprov does not read their content."""
    path = write_disk(tmp_path / "a.img", [Part(0, head)])
    disk = open_disk(str(path))
    with disk.file:
        (finding,) = check_disk(disk)

    assert (finding.rule, finding.severity) == ("disk-format", "error")
    assert what in finding.what
    assert fix in finding.fix


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1023, 1536])
def test_a_tiny_file_is_no_disk(size: int, tmp_path: Path) -> None:
    """A file shorter than one sector, or than a partition table, has none."""
    (tmp_path / "a.raw").write_bytes(bytes(size))

    assert ("partition-table", "error") in found(tmp_path / "a.raw")


def test_a_chain_of_logical_partitions_that_repeats_itself_ends(tmp_path: Path) -> None:
    """The second table links to itself."""
    parts = [
        Part(0, mbr((0x05, 2048, 8192), code=BOOT_CODE)),
        Part(2048, mbr((0x83, 8, 1000), (0x05, 4096, 2048))),
        Part(6144, mbr((0x83, 8, 1000), (0x05, 4096, 2048))),
    ]

    assert ("partitions", "error") in found(write_disk(tmp_path / "a.raw", parts))


def test_clusters_that_form_a_circle_are_read_once(tmp_path: Path) -> None:
    """The folder EFI continues with itself, which would never end."""
    image = bytearray(fat({"GRUBX64.EFI": X64}, bits=32))
    table_at = 32 * 512
    for cluster in range(2, 40):
        struct.pack_into("<I", image, table_at + 4 * cluster, cluster)
    path = write_disk(tmp_path / "a.raw", [*gpt(), Part(2048, bytes(image))])

    assert ("esp-fallback", "error") in found(path)


def test_the_verdict_names_the_file(tmp_path: Path) -> None:
    """A sound VHD ends with 0, and a note says what was not checked."""
    path = as_vhd(write_disk(tmp_path / "disk.raw", GOOD))

    code, out, err = azprov("check", "--image", path)

    assert (code, err) == (0, "")
    assert out == (
        f"note: the files on {path} were not checked: no partition has a file system that azprov "
        "knows\n"
        "  fix: mount its root file system, and run check --root on the folder\n"
        f"0 errors, 0 warnings, 1 note: a VM should start from {path}, but its files "
        "were not checked\n"
    )


def test_a_disk_that_azure_refuses_ends_with_1(tmp_path: Path) -> None:
    """The last line names the file and the number of errors."""
    path = write_disk(tmp_path / "disk.raw", (*gpt(), esp({})))

    code, _, err = azprov("check", "--image", path)

    assert code == 1
    assert err == (
        f"azprov: {path} would not provision on Azure: 1 error found; apply the fixes above and "
        "check again; azprov.pyz check --list-rules lists all rules\n"
    )


def test_an_ignored_rule_counts_for_a_disk_too(tmp_path: Path) -> None:
    """--ignore works as for a folder, and the JSON has the same members."""
    path = write_disk(tmp_path / "disk.raw", (*gpt(), esp({})))

    code, out, _ = azprov("check", "--json", "--image", path, "--ignore", "esp-fallback,disk-tree")

    answer = json.loads(out)
    assert code == 0
    assert [one["rule"] for one in answer["findings"]] == ["disk-format"]
    assert (answer["errors"], answer["notes"], answer["ignored"]) == (0, 1, 2)


def test_a_path_that_looks_like_an_option_stays_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU would take nbd:x for a server, and every tool -x for an option."""
    monkeypatch.chdir(tmp_path)
    write_disk(tmp_path / "nbd:a b.raw", GOOD)
    disk = open_disk("nbd:a b.raw")
    with disk.file:
        fixes = [one.fix for one in check_disk(disk)]

    assert fixes[0] == (
        "qemu-img convert -f raw -O vpc -o subformat=fixed,force_size './nbd:a b.raw' "
        "'./nbd:a b.vhd'"
    )


@pytest.mark.parametrize(
    ("argv", "summary"),
    [
        (
            ["--image", "."],
            "argument --image: '.' is not a disk file; a folder is checked with --root, and a "
            "device has to be copied into a file first",
        ),
        (["--image", "x.vhd"], "argument --image: there is no file 'x.vhd'"),
        (
            ["--image", "/dev/null"],
            "argument --image: '/dev/null' is not a disk file; a folder is checked with --root, "
            "and a device has to be copied into a file first",
        ),
        (
            ["--root", "a.raw"],
            "argument --root: 'a.raw' is not a folder: if it is a disk file, give it as "
            "--image, or mount it and give the mount point",
        ),
        (["a.raw"], "'a.raw' is an unexpected argument; did you mean --image a.raw?"),
    ],
)
def test_a_wrong_path_is_wrong_usage(
    argv: List[str], summary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to give instead."""
    monkeypatch.chdir(tmp_path)
    write_disk(tmp_path / "a.raw", GOOD)

    code, out, err = azprov("check", *argv)

    assert (code, out) == (2, "")
    assert err.startswith(f"azprov: {summary}")


def test_a_folder_and_a_file_are_not_checked_at_once(image: Path, tmp_path: Path) -> None:
    """The two have different rules."""
    path = write_disk(tmp_path / "a.raw", GOOD)

    code, _, err = azprov("check", "--image", path, "--root", image)

    assert code == 2
    assert err.startswith("azprov: --image and --root exclude each other; ")
