"""An initramfs with an SSH server may keep keys that deprovision removed elsewhere."""

from pathlib import Path

import pytest

from azprov.image.leftovers.logins_in_initramfs import find_in_initramfs
from azprov.system.root import Root
from images import azprov
from sound_image import change

KEYS = "etc/dropbear/initramfs/authorized_keys"


def test_the_initramfs_with_a_removed_key_is_named(tmp_path: Path) -> None:
    """Debian's hook copied the key, and removing the original is not enough."""
    files = {KEYS: "ssh-ed25519 AAAA a\n", "boot/initrd.img-6.12": "x", "boot/vmlinuz-6.12": "x"}
    (tmp_path / "usr/bin").mkdir(parents=True)
    change(tmp_path, files)
    sentence = (
        f"someone may be able to log in to the SSH server in {tmp_path}/boot/initrd.img-6.12, "
        f"because {tmp_path}/etc/dropbear/initramfs sets one up: that file may still have keys "
        "that were removed from the image"
    )

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (code, (tmp_path / KEYS).exists(), sentence in log) == (1, False, True)
    assert "run update-initramfs -u -k all in the image" in log


@pytest.mark.parametrize(
    ("settings", "initramfs", "command"),
    [
        ("etc/dropbear-initramfs/config", "boot/initrd.img-5.10", "update-initramfs -u -k all"),
        ("usr/share/initramfs-tools/hooks/tinyssh", "boot/initrd.img", "update-initramfs -u"),
        ("etc/initramfs-tools/root/.ssh/authorized_keys", "boot/initrd.img", "update-initramfs"),
        (
            "usr/lib/dracut/modules.d/46sshd/module-setup.sh",
            "boot/initramfs-6.12.img",
            "dracut -f --regenerate-all",
        ),
        ("usr/lib/dracut/modules.d/60crypt-ssh/a", "boot/0a1b/6.12/initrd", "dracut -f"),
        ("usr/lib/initcpio/install/dropbear", "boot/initramfs-linux.img", "mkinitcpio -P"),
        ("etc/initcpio/install/sd-tinyssh", "efi/EFI/Linux/arch.efi", "mkinitcpio -P"),
    ],
)
def test_a_server_in_any_initramfs_is_named(
    settings: str, initramfs: str, command: str, tmp_path: Path
) -> None:
    """The fix is the command of the program that made the initramfs."""
    change(tmp_path, {settings: "", initramfs: "x", "boot/efi/EFI/BOOT/BOOTX64.EFI": "x"})

    (login,) = find_in_initramfs(Root(str(tmp_path)))

    assert f"{tmp_path}/{initramfs}," in login.what
    assert login.fix.startswith(f"run {command}")


@pytest.mark.parametrize(
    "settings",
    [
        "etc/dropbear/dropbear_rsa_host_key",
        "etc/initramfs-tools/initramfs.conf",
        "usr/lib/dracut/modules.d/95ssh-client/module-setup.sh",
        "usr/lib/initcpio/install/netconf",
    ],
)
def test_an_initramfs_without_a_server_is_silent(settings: str, tmp_path: Path) -> None:
    """dropbear as an ordinary server, and clients of SSH, put no keys into an initramfs."""
    change(tmp_path, {settings: "", "boot/initrd.img-6.12": "x"})

    assert list(find_in_initramfs(Root(str(tmp_path)))) == []


@pytest.mark.parametrize("name", ["etc/tinyssh/root_key", "etc/dracut-sshd/authorized_keys"])
def test_the_keys_of_a_server_in_the_initramfs_are_removed(name: str, tmp_path: Path) -> None:
    """The next initramfs then has none."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    change(tmp_path, {name: "ssh-ed25519 AAAA a\n"})

    azprov("deprovision", "--root", tmp_path, "--yes")

    assert not (tmp_path / name).exists()
