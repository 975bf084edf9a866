"""How much of an image is read."""

from azprov.formats import bounds


def test_each_bound_is_several_times_the_size_on_real_systems() -> None:
    """A smaller one would refuse real systems; a larger one lets an image keep azprov busy."""
    expected = {
        "TEXT_BYTES": 1_048_576,
        "MODULE_LIST_BYTES": 4_194_304,
        "ALL_TEXT_BYTES": 33_554_432,
        "LOOK_UPS": 100_000,
        "FINDINGS": 20,
        "INCLUDED_FILES": 200,
        "INCLUDED_SETTINGS": 20_000,
        "SSHD_BYTES": 262_144,
        "NFTABLES_BYTES": 2_097_152,
        "OUTPUT_CHAINS": 20,
        "COMPARED": 100,
        "PATH_CHARACTERS": 4096,
        "UNIFIED_HEADER_BYTES": 65_536,
        "COMMAND_LINE_BYTES": 65_536,
        "SEARCHED_NAMES": 20_000,
        "ARCHIVE_BYTES": 16_777_216,
        "ARCHIVE_ENTRIES": 2000,
        "ARCHIVE_DIRECTORY_BYTES": 524_288,
        "ARCHIVE_UNPACKED_BYTES": 67_108_864,
        "INITRAMFS_BYTES": 268_435_456,
        "INITRAMFS_UNPACKED_BYTES": 536_870_912,
        "INITRAMFS_RATIO": 50,
        "DECOMPRESSOR_BYTES": 83_886_080,
        "UNPACKER_S": 60,
        "UNPACKER_BYTES": 536_870_912,
    }

    assert {name: value for name, value in vars(bounds).items() if name in expected} == expected
