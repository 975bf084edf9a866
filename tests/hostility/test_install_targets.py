"""install over a tree in which the paths of its files are something else already."""

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Callable, Tuple

import pytest

from images import add_python, tree
from pyz import PYZ, azprov

pytestmark = pytest.mark.needs("root", "archive")

PROGRAM = "usr/local/lib/azprov/azprov.pyz"
COMMAND = "usr/local/bin/azprov"
SERVICE = "etc/systemd/system/azure-provisioning.service"
LINK = "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
HASH = "root:$y$secret:::::::\n"
NO_USER = (
    "The first boot creates no user, so the user that a deployment names will not exist on its VM; "
    "to have the user, install with --admin-user\n"
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = tmp_path / "image"
    add_python(root)
    (root / "etc").mkdir()
    (root / "etc/shadow").write_text(HASH)
    (root / "etc/shadow").chmod(0o600)
    for name in (PROGRAM, COMMAND, SERVICE, LINK):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
    return root


def install(image: Path, *options: str) -> Tuple[int, str]:
    code, _, err = azprov("install", "--root", image, *options)
    return code, err


def is_installed(image: Path) -> bool:
    """Whether the files are azprov's, with root as their owner, and the rest is untouched."""
    program, service = (image / PROGRAM).lstat(), (image / SERVICE).lstat()
    shadow = (image / "etc/shadow").stat()
    return (
        (image / PROGRAM).read_bytes() == PYZ.read_bytes()
        and (program.st_mode, program.st_uid, program.st_nlink) == (stat.S_IFREG | 0o755, 0, 1)
        and (service.st_mode, service.st_uid, service.st_nlink) == (stat.S_IFREG | 0o644, 0, 1)
        and os.readlink(image / COMMAND) == "/usr/local/lib/azprov/azprov.pyz"
        and os.readlink(image / LINK) == "/etc/systemd/system/azure-provisioning.service"
        and (image / "etc/shadow").read_text() == HASH
        and (shadow.st_mode & 0o7777, shadow.st_uid, shadow.st_nlink) == (0o600, 0, 1)
    )


@pytest.mark.parametrize("target", ["/etc/shadow", "../../../../etc/shadow", "/../etc/shadow"])
@pytest.mark.parametrize("path", [PROGRAM, COMMAND, SERVICE, LINK])
def test_a_planted_link_is_replaced_and_not_followed(image: Path, path: str, target: str) -> None:
    """Without --force a link stops install; with --force the link is replaced, not its target."""
    (image / path).symlink_to(target)
    before = tree(image)

    code, err = install(image)

    if path == LINK:  # an enabled service is no sign of another program
        assert code == 0
    else:
        assert (code, tree(image) == before) == (73, True)
        assert f"{image}/{path} is a " in err
    assert install(image, "--force")[0] == 0
    assert is_installed(image)


@pytest.mark.parametrize("path", [PROGRAM, SERVICE])
def test_a_hard_link_is_replaced_and_not_written(image: Path, path: str, tmp_path: Path) -> None:
    """The other name of the file, which may be outside the image, keeps its content and mode."""
    outer = tmp_path / "outer"
    outer.write_text("of the build host\n")
    outer.chmod(0o600)
    os.link(outer, image / path)

    assert install(image, "--force")[0] == 0

    assert outer.read_text() == "of the build host\n"
    assert stat.S_IMODE(outer.stat().st_mode) == 0o600
    assert is_installed(image)


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1755, 0o777])
def test_the_mode_of_an_old_program_is_not_kept(image: Path, mode: int) -> None:
    """A set-user-ID bit or a right to write is removed, although the content is the same."""
    shutil.copy(PYZ, image / PROGRAM)
    (image / PROGRAM).chmod(mode)

    assert install(image)[0] == 0
    assert is_installed(image)


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_modes_do_not_depend_on_the_umask(image: Path, umask: int) -> None:
    """Files and folders get their modes, whatever the shell's umask is."""
    shutil.rmtree(image / "usr/local")
    shutil.rmtree(image / "etc/systemd")
    old = os.umask(umask)
    try:
        code, err = install(image)
    finally:
        os.umask(old)

    assert (code, err) == (0, NO_USER)
    assert is_installed(image)
    made = [path for name in ("usr/local", "etc/systemd") for path in (image / name).rglob("*")]
    folders = {stat.S_IMODE(path.lstat().st_mode) for path in made if path.is_dir()}
    assert folders == {0o755}


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        # The limit for the path of a socket is 108 bytes.
        folder = os.open(path.parent, os.O_PATH)
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


@pytest.mark.parametrize(
    "plant",
    [
        os.mkfifo,
        make_socket,
        # A device number that no driver has: opening it fails, and would be seen.
        lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(60, 255)),
    ],
    ids=["FIFO", "socket", "device"],
)
@pytest.mark.parametrize("path", [PROGRAM, COMMAND, SERVICE, LINK])
def test_no_special_file_is_opened(image: Path, path: str, plant: Callable[[Path], None]) -> None:
    """A FIFO or a device at a path of install stops it, or is replaced; nothing is opened."""
    plant(image / path)

    code, err = install(image, "--force")

    assert code in (0, 73)
    if code == 0:
        assert is_installed(image)
    else:
        assert f"{image}/{path} is not a regular file" in err


@pytest.mark.parametrize("path", [PROGRAM, COMMAND, SERVICE, LINK])
def test_a_folder_in_the_place_of_a_file_stops_install(image: Path, path: str) -> None:
    """A folder is never removed, not even with --force."""
    (image / path).mkdir()
    (image / path / "kept").write_text("x")

    code, err = install(image, "--force")

    assert code == 73
    assert (image / path / "kept").read_text() == "x"
    assert f"{image}/{path}" in err


@pytest.mark.parametrize("target", ["/etc/shadow", "../../../../etc/shadow"])
@pytest.mark.parametrize("path", [PROGRAM, COMMAND, SERVICE, LINK])
def test_a_planted_temporary_name_is_not_followed(image: Path, path: str, target: str) -> None:
    """A link with the name of the next version is removed, and its target stays."""
    name = (image / path).with_name(f".{Path(path).name}.azprov-new")
    name.symlink_to(target)

    assert install(image)[0] == 0
    assert is_installed(image)
    assert not name.is_symlink()


@pytest.mark.parametrize("folder", ["usr/local/lib/azprov", "usr/local/bin", "etc/systemd/system"])
def test_a_folder_that_is_a_link_leads_nowhere_outside(
    image: Path, folder: str, tmp_path: Path
) -> None:
    """The link of a folder is resolved inside the image, as at its boot."""
    outer = tmp_path / "outer"
    outer.mkdir()
    (image / str(outer).lstrip("/")).mkdir(parents=True)
    shutil.rmtree(image / folder)
    (image / folder).symlink_to(outer)

    assert install(image)[0] == 0

    assert list(outer.iterdir()) == []
    assert list((image / str(outer).lstrip("/")).iterdir()) != []


def test_install_sh_installs_what_it_has_verified(image: Path, tmp_path: Path) -> None:
    """An archive that is exchanged after install.sh has verified it is not installed."""
    delivery = tmp_path / "dist"
    shutil.copytree(PYZ.parent, delivery)
    other = tmp_path / "other.pyz"
    shutil.copy(PYZ, other)
    with other.open("ab") as archive:
        archive.write(b"\0")
    programs = tmp_path / "programs"
    programs.mkdir()
    # The Python that install.sh finds exchanges the archive, and then starts the real one.
    (programs / "python3").write_text(
        f'#!/bin/sh\ncp {other} {delivery}/azprov.pyz\nexec {sys.executable} "$@"\n'
    )
    (programs / "python3").chmod(0o755)
    before = tree(image)

    done = subprocess.run(
        ["sh", delivery / "install.sh", "--root", image],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 73
    assert done.stderr == (
        f"azprov: {delivery}/azprov.pyz does not match {delivery}/SHA256SUMS; copy all of dist/ "
        "again\n"
    )
    assert tree(image) == before


@pytest.mark.parametrize("sums", ["", "x\n", "0" * 64 + "  other.pyz\n", "\xff\n"])
def test_an_archive_without_a_checksum_beside_it_is_installed(
    image: Path, tmp_path: Path, sums: str
) -> None:
    """azprov.pyz is one file, which can be copied alone."""
    delivery = tmp_path / "dist"
    delivery.mkdir()
    shutil.copy(PYZ, delivery)
    if sums:
        (delivery / "SHA256SUMS").write_bytes(sums.encode("latin-1"))

    done = subprocess.run(
        [sys.executable, "-I", delivery / "azprov.pyz", "install", "--root", image],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, NO_USER)
    assert hashlib.sha256((image / PROGRAM).read_bytes()).digest() == (
        hashlib.sha256(PYZ.read_bytes()).digest()
    )
