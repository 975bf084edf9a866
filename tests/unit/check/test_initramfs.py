"""What is in an initramfs, however it is packed, and what is said when it cannot be told."""

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Callable, Dict, FrozenSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.check.facts.initramfs import Content, find_modules
from azprov.system.root import Root
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
    "plain modules, then zstd": MODULES + b"\x28\xb5\x2f\xfd...",
}

UNTOLD: Dict[str, bytes] = {
    "it is packed with zstd": EARLY + b"\x28\xb5\x2f\xfd...",
    "it is packed with lz4": b"\x02\x21\x4c\x18...",
    "it is a unified kernel image": b"MZ" + bytes(100),
    "its form is not known": b"something else",
    "it is damaged: it ends too early": MODULES[:150],
    "it is damaged: a cpio header is missing": EARLY[:120] + b"x" * 200,
}


@pytest.fixture
def look(tmp_path: Path) -> Callable[[bytes], Content]:
    def into(content: bytes) -> Content:
        (tmp_path / "initrd").write_bytes(content)
        return find_modules(Root(str(tmp_path)), "/initrd", WANTED)

    return into


@pytest.mark.parametrize("form", PACKED)
def test_modules_are_found(look: Callable[[bytes], Content], form: str) -> None:
    """By name, whatever separates its words and however each is packed."""
    assert look(PACKED[form]) == Content(WANTED, "")


@pytest.mark.parametrize("reason", UNTOLD)
def test_what_cannot_be_told_is_said(look: Callable[[bytes], Content], reason: str) -> None:
    """Nothing found is no proof that nothing is there."""
    assert look(UNTOLD[reason]) == Content(NONE, reason)


def test_what_is_not_there_is_told(look: Callable[[bytes], Content], tmp_path: Path) -> None:
    """With an archive read to its end there is no doubt; without a file there is."""
    assert look(EARLY + gzip.compress(cpio("a/hv_vmbus.ko", "hv_storvsc"))) == Content(
        frozenset({"hv_vmbus"}), ""
    )
    assert look(b"") == Content(NONE, "")
    assert look(bytes(1 << 21)) == Content(NONE, "its form is not known")
    assert look(gzip.compress(gzip.compress(MODULES))) == Content(NONE, "its form is not known")
    assert find_modules(Root(str(tmp_path)), "/none", WANTED) == Content(NONE, "it is not there")


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
def test_any_bytes_are_looked_into(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """A damaged one is told as such, never an exception."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "initrd").write_bytes(content)

    looked = find_modules(Root(str(folder)), "/initrd", WANTED)

    assert looked.found <= WANTED
    assert looked.unread.isprintable()


def test_a_bomb_ends(look: Callable[[bytes], Content]) -> None:
    """Many gigabytes packed into little are not unpacked."""
    entry = cpio("a")[:110].replace(b"00000000", b"7FFFFFFF", 7) + b"a\0"
    bomb = gzip.compress(entry) + 64 * gzip.compress(bytes(1 << 24), 1)

    assert look(bomb) == Content(NONE, "it is damaged: it is too large")
