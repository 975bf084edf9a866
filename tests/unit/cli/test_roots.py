"""The folder of --root is examined before anything else: is it a Linux root, and may it change?"""

import os
from pathlib import Path
from typing import Callable, Tuple

import pytest

from images import azprov, tree
from sound_image import VENDOR, WANTS, change, make_sound

#: Every command with --root.
COMMANDS = (
    ["check"],
    ["deprovision"],
    ["deprovision", "--yes"],
    ["deprovision", "--yes", "--user", "ops"],
    ["install"],
    ["provision"],
    ["uninstall"],
    ["unit"],
    ["set-hostname", "web01"],
    ["ssh-keys", "--user", "ops"],
    ["admin-user"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_folder_is_no_root(tmp_path: Path, command: Tuple[str, ...]) -> None:
    """A mount point without its image is wrong usage, and the message says what to do."""
    code, out, err = azprov(*command, "--root", tmp_path)

    assert (code, out) == (2, "")
    assert err == (
        f"azprov: the folder {tmp_path} is empty; mount or unpack the image there first\n"
    )


@pytest.mark.parametrize(
    "path",
    [
        "EFI/BOOT/BOOTX64.EFI",  # an ESP
        "vmlinuz-6.1.0",  # a /boot
        "ops/.bashrc",  # a /home
        "@/etc/passwd",  # the top of a btrfs file system
        "image/etc/os-release",  # one folder too high
        "bin/sh",  # a merged /usr
        "lib/os-release",
        "sbin/init",
        "etc/passwd.d/x",
    ],
)
def test_a_folder_of_something_else_is_no_root(tmp_path: Path, path: str) -> None:
    """A folder without any sign of a Linux system is wrong usage, and is not changed."""
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("")
    before = tree(tmp_path)

    code, out, err = azprov("deprovision", "--yes", "--root", tmp_path)

    assert (code, out, tree(tmp_path)) == (2, "", before)
    assert err == (
        f"azprov: {tmp_path} is not the root of a Linux system: /etc/os-release, "
        "/usr/lib/os-release, /etc/passwd, /usr/bin are all missing in it; give --root the folder "
        "that contains etc and usr of the image\n"
    )


@pytest.mark.parametrize(
    "sign", ["etc/os-release", "usr/lib/os-release", "etc/passwd", "usr/bin/x"]
)
def test_one_sign_makes_a_root(tmp_path: Path, sign: str) -> None:
    """An image without /etc, or without os-release, is a root too."""
    (tmp_path / sign).parent.mkdir(parents=True)
    (tmp_path / sign).write_text("")

    assert azprov("uninstall", "--root", tmp_path)[0] == 0


def test_a_device_is_no_folder() -> None:
    """The image in a device has to be mounted first."""
    code, _, err = azprov("check", "--root", "/dev/null")

    assert code == 2
    assert err.startswith("azprov: argument --root: '/dev/null' is not a folder: if it is a")


WithoutRoot = Callable[..., Tuple[int, str, str]]


@pytest.fixture
def without_root() -> WithoutRoot:
    from pyz import azprov_without_root

    return azprov_without_root


@pytest.mark.needs("archive", "root")
@pytest.mark.parametrize("command", COMMANDS[1:7] + COMMANDS[8:], ids=" ".join)
def test_missing_rights_are_the_first_error(
    tmp_path: Path, without_root: WithoutRoot, command: Tuple[str, ...]
) -> None:
    """An ordinary user is refused before the image is searched or the platform is asked."""
    image = make_sound(tmp_path / "image")
    before = tree(image)

    code, out, err = without_root(*command, "--root", ".", folder=image)

    assert (code, out, tree(image)) == (77, "", before)
    assert err == "azprov: this user may not change files in ./etc; run it as root\n"


@pytest.mark.needs("archive", "root")
@pytest.mark.parametrize("command", COMMANDS[1:7] + COMMANDS[8:], ids=" ".join)
def test_only_root_changes_this_machine(
    without_root: WithoutRoot, command: Tuple[str, ...]
) -> None:
    """An ordinary user is refused before the machine is searched or the platform is asked."""
    code, out, err = without_root(*command)

    assert (code, out) == (77, "")
    assert err == "azprov: only root may change this machine; run it as root\n"


@pytest.mark.needs("archive", "root")
def test_a_user_may_change_an_image_of_ones_own(tmp_path: Path, without_root: WithoutRoot) -> None:
    """A root that belongs to the user needs no other rights."""
    from os import chown

    image = make_sound(tmp_path / "image")
    for path in [image, *image.rglob("*")]:
        chown(path, 65534, 65534, follow_symlinks=False)

    assert without_root("set-hostname", "web01", "--root", ".", folder=image)[0] == 0
    assert (image / "etc/hostname").read_text() == "web01\n"


@pytest.mark.needs("archive", "root")
def test_a_closed_root_is_missing_rights(tmp_path: Path, without_root: WithoutRoot) -> None:
    """A folder that the user may not enter is not said to be missing or empty."""
    (tmp_path / "closed").mkdir()
    image = make_sound(tmp_path / "closed/image")
    for command in ("check", "deprovision"):
        image.chmod(0o700)
        code, _, err = without_root(command, "--root", "image", folder=image.parent)
        assert (code, err.count("\n")) == (77, 1)
        assert "Permission denied" in err
        assert err.endswith("; run it as root\n")

        image.chmod(0o755)
        (tmp_path / "closed").chmod(0o700)
        code, _, err = without_root(command, "--root", image)
        (tmp_path / "closed").chmod(0o755)
        assert (code, err.count("\n")) == (77, 1)
        assert "Permission denied" in err


@pytest.mark.needs("archive", "root")
def test_the_verdict_of_check_says_that_files_could_not_be_read(
    tmp_path: Path, without_root: WithoutRoot
) -> None:
    """An ordinary user gets no plain "should provision", and a note names the file and rules."""
    image = make_sound(tmp_path / "image")
    (image / "etc/shadow").write_text("root:*:::::::\n")
    (image / "etc/shadow").chmod(0o600)

    code, out, _ = without_root("check", "--root", ".", folder=image)

    assert code == 0
    assert out == (
        "note: could not read ./etc/shadow (Permission denied), so leftovers of a used machine "
        "were not fully checked\n"
        "  fix: run check as root, or as the user who may read that file\n"
        "note: could not read ./etc/shadow (Permission denied), so it was not fully checked\n"
        "  fix: run check as root, or as the user who may read that file\n"
        "0 errors, 0 warnings, 2 notes: . should provision on Azure, as far as it could be read; "
        "the notes name the files that could not be read\n"
    )


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("-x", "./-x"),
        ("line\n", "\"$(printf 'line\\012/')\""),
        ("a b", "'a b'"),
    ],
)
def test_a_root_with_an_odd_name_is_named_so_that_commands_work(
    tmp_path: Path, name: str, typed: str
) -> None:
    """In a printed command, such a name is neither an option nor the name of another folder."""
    agent = {"usr/bin/cloud-init": "program", f"{VENDOR}/cloud-init.service": "[Unit]\n"}
    enabled = {f"{WANTS}/cloud-init.service": f"-> /{VENDOR}/cloud-init.service"}
    change(make_sound(tmp_path / name), {**agent, **enabled})
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        code, out, _ = azprov("check", f"--root={name}")
    finally:
        os.chdir(before)

    assert code == 1
    assert f"fix: chroot {typed} apt-get" in out
