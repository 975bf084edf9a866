"""The list of the numbers that no new user may get."""

from pathlib import Path

from azprov.system.former_ids import read_former_ids, write_former_ids
from azprov.system.root import Root


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_the_numbers_are_stored_in_their_order_for_root_only(tmp_path: Path) -> None:
    """The folders above azprov's own stay open to all users."""
    root = Root(str(tmp_path))

    write_former_ids(root, {1005, 1000})

    folder = tmp_path / "var/lib/azprov"
    assert (folder / "former-ids").read_text() == "1000\n1005\n"
    assert mode_of(folder / "former-ids") == 0o600
    assert mode_of(folder) == 0o700
    assert mode_of(tmp_path / "var/lib") == 0o755
    assert read_former_ids(root) == {1000, 1005}


def test_a_list_that_someone_edited_keeps_its_numbers(tmp_path: Path) -> None:
    """Words that are no numbers are ignored."""
    folder = tmp_path / "var/lib/azprov"
    folder.mkdir(parents=True)
    (folder / "former-ids").write_text("# alice\n1000 1001\n\n-7\n")

    assert read_former_ids(Root(str(tmp_path))) == {1000, 1001}


def test_without_a_list_there_are_no_former_users(tmp_path: Path) -> None:
    """An image that deprovision never changed has no list."""
    assert read_former_ids(Root(str(tmp_path))) == set()


def test_numbers_that_no_user_can_have_are_ignored(tmp_path: Path) -> None:
    """Python refuses to convert more than 4300 digits, and takes long for many."""
    folder = tmp_path / "var/lib/azprov"
    folder.mkdir(parents=True)
    (folder / "former-ids").write_bytes(
        b"1000 4294967294 4294967295 \xc2\xb2 \xb2 " + b"9" * 4301 + b"\n1001\n"
    )

    assert read_former_ids(Root(str(tmp_path))) == {1000, 1001, 4294967294}
