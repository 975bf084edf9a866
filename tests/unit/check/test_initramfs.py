"""Searches for kernel modules in an initramfs, in every format."""

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Callable, Dict, FrozenSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.check.facts.initramfs import Search, find_modules
from azprov.check.facts.unpacking import Allowance
from azprov.system.root import Root
from check.image_changes import pe
from sound_image import cpio

WANTED = frozenset({"hv_vmbus", "hv_storvsc"})
NONE: FrozenSet[str] = frozenset()
MODULES = cpio("init", "lib/modules/6/hv-vmbus.ko", "lib/modules/6/kernel/hv_storvsc.ko.zst")
EARLY = cpio("kernel", "kernel/x86/microcode/GenuineIntel.bin")

PACKED: Dict[str, bytes] = {
    "plain": MODULES,
    "gzip": gzip.compress(MODULES),
    "xz": lzma.compress(MODULES, check=lzma.CHECK_CRC32),
    "lzma": lzma.compress(MODULES, format=lzma.FORMAT_ALONE),
    "bzip2": bz2.compress(MODULES),
    "early, then gzip": EARLY + gzip.compress(MODULES),
    "early, padding, then xz": EARLY + bytes(1024) + lzma.compress(MODULES),
    "two plain ones": cpio("a/hv_vmbus.ko") + bytes(8) + cpio("b/hv_storvsc.ko"),
    "a section of a unified kernel": pe(
        signed=True, section=".initrd", content=EARLY + gzip.compress(MODULES)
    ),
    "plain modules, then zstd": MODULES + b"\x28\xb5\x2f\xfd...",
}

UNREADABLE: Dict[str, bytes] = {
    "it is compressed with zstd": EARLY + b"\x28\xb5\x2f\xfd...",
    "it is compressed with lz4": b"\x02\x21\x4c\x18...",
    "it is a kernel without an initramfs": b"MZ" + bytes(100),
    "its format is not known": b"something else",
    "it is damaged: it ends too early, in a section": pe(
        signed=True, section=".initrd", content=MODULES[:150]
    )
    + MODULES[150:],
    "it is damaged: it ends too early": MODULES[:150],
    "it is damaged: a cpio header is missing": EARLY[:120] + b"x" * 200,
}


@pytest.fixture
def look(tmp_path: Path) -> Callable[[bytes], Search]:
    def into(content: bytes) -> Search:
        (tmp_path / "initrd").write_bytes(content)
        return find_modules(Root(str(tmp_path)), "/initrd", WANTED)

    return into


@pytest.mark.parametrize("form", PACKED)
def test_modules_are_found_in_every_format(look: Callable[[bytes], Search], form: str) -> None:
    """A module is found by its name, with dashes or underscores and with any compression."""
    assert look(PACKED[form]) == Search(WANTED, "")


@pytest.mark.parametrize("problem", UNREADABLE)
def test_an_initramfs_that_cannot_be_read_has_a_problem(
    look: Callable[[bytes], Search], problem: str
) -> None:
    """If the search ends early, the result says why, since more modules may be there."""
    assert look(UNREADABLE[problem]) == Search(NONE, problem.partition(", ")[0])


def test_a_missing_module_is_certain_after_a_full_search(
    look: Callable[[bytes], Search], tmp_path: Path
) -> None:
    """A search to the end of the archives has no problem; one that stops before has."""
    assert look(EARLY + gzip.compress(cpio("a/hv_vmbus.ko", "hv_storvsc"))) == Search(
        frozenset({"hv_vmbus"}), ""
    )
    assert look(b"") == Search(NONE, "")
    assert look(bytes(1 << 21)) == Search(NONE, "its format is not known")
    assert look(gzip.compress(gzip.compress(MODULES))) == Search(NONE, "its format is not known")
    assert find_modules(Root(str(tmp_path)), "/none", WANTED) == Search(NONE, "it does not exist")


@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda whole, cut, more: whole[:cut] + more,
            st.sampled_from(sorted(PACKED.values())),
            st.integers(0, 400),
            st.binary(max_size=20),
        ),
    )
)
def test_no_content_of_an_initramfs_raises(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Any bytes give a result, with a printable problem if they are damaged."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "initrd").write_bytes(content)

    search = find_modules(Root(str(folder)), "/initrd", WANTED)

    assert search.found <= WANTED
    assert search.problem.isprintable()


def test_a_decompression_bomb_is_not_unpacked(look: Callable[[bytes], Search]) -> None:
    """The search ends at a limit, even if a small file would unpack to many gigabytes."""
    entry = cpio("a")[:110].replace(b"00000000", b"7FFFFFFF", 7) + b"a\0"
    bomb = gzip.compress(entry) + 64 * gzip.compress(bytes(1 << 24), 1)

    assert look(bomb) == Search(NONE, "it is damaged: it expands more than 50-fold")


def test_a_dictionary_that_needs_gigabytes_is_refused(look: Callable[[bytes], Search]) -> None:
    """The header of a compressed file says how much memory is needed, and is not trusted."""
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]
    packed = lzma.compress(MODULES, lzma.FORMAT_ALONE, filters=filters)
    large = packed[:1] + (0x6000_0000).to_bytes(4, "little") + packed[5:]

    assert look(packed) == Search(WANTED, "")
    assert look(large) == Search(NONE, "it is damaged: Memory usage limit exceeded")


def test_many_small_parts_are_not_unpacked(look: Callable[[bytes], Search]) -> None:
    """A few compressed parts may follow each other, but not thousands."""
    parts = 50 * gzip.compress(b"")

    assert look(parts + gzip.compress(MODULES)) == Search(WANTED, "")
    assert look(3 * parts) == Search(NONE, "it is damaged: it has too many parts")


def test_all_initramfs_of_an_image_share_one_allowance(tmp_path: Path) -> None:
    """Many kernels with a large initramfs each do not multiply the work."""
    (tmp_path / "initrd").write_bytes(cpio("a"))
    allowance = Allowance()
    allowance.spend(1 << 28, 0)

    search = find_modules(Root(str(tmp_path)), "/initrd", WANTED, allowance)

    assert search == Search(NONE, "it is damaged: it is too large")
