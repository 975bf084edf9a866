"""Settings with which the next boot lets someone in are named."""

from pathlib import Path
from typing import List

import pytest

from azprov.image.leftovers.logins_at_boot import find_at_boot, find_in_init
from azprov.system.root import Root
from images import azprov

CREDENTIAL = "etc/credstore"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def found(root: Path) -> List[str]:
    logins = [*find_at_boot(Root(str(root))), *find_in_init(Root(str(root)))]
    return [login.what.replace(f"{root}/", "") for login in logins]


@pytest.mark.parametrize(
    "word",
    [
        "systemd.debug_shell",
        "systemd.debug-shell",
        "systemd.debug_shell=ttyS0",
        "systemd.debug_shell=yes",
        "rd.systemd.debug_shell=1",
        "systemd.wants=debug-shell.service",
        "systemd.break=pre-basic",
        "rd.systemd.break",
        "rd.break",
        "break=premount",
        "SYSTEMD_SULOGIN_FORCE=1",
    ],
)
def test_a_shell_of_the_kernel_command_line_is_named(word: str, tmp_path: Path) -> None:
    """systemd, dracut, initramfs-tools and the kernel open shells without a password."""
    write(tmp_path, "boot/grub/grub.cfg", f"# {word}\nmenuentry x {{\n  linux /a ro {word} quiet\n")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 3 of boot/grub/grub.cfg "
        "opens a shell at boot"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "boot/grub2/grub.cfg",
        "boot/grub2/grubenv",
        "boot/efi/EFI/debian/grub.cfg",
        "boot/loader/entries/a.conf",
        "efi/loader/entries/a.conf",
        "boot/extlinux/extlinux.conf",
        "boot/syslinux/syslinux.cfg",
        "extlinux.conf",
        "boot/cmdline.txt",
        "boot/limine.conf",
        "etc/default/grub",
        "etc/default/grub.d/50-a.cfg",
        "etc/grub.d/40_custom",
        "etc/kernel/cmdline",
        "usr/lib/kernel/cmdline",
        "etc/cmdline.d/a.conf",
    ],
)
def test_every_boot_menu_is_read(path: str, tmp_path: Path) -> None:
    """The menus of all boot loaders count, and the settings from which they are made."""
    write(tmp_path, path, 'X="root=/dev/sda1 \\\nrd.break"\n')

    assert found(tmp_path) == [
        f"someone may be able to log in without a password, because line 1 of {path} opens a "
        "shell at boot"
    ]


@pytest.mark.parametrize("word", ["init=/bin/sh", "init=/usr/bin/bash", "rdinit=/bin/busybox"])
def test_a_shell_in_place_of_init_is_named(word: str, tmp_path: Path) -> None:
    """deprovision names it; check has a rule for images without a usable init."""
    write(tmp_path, "etc/default/grub", f'GRUB_CMDLINE_LINUX="quiet {word}"\n')
    (tmp_path / "usr/bin").mkdir(parents=True)
    sentence = (
        "someone may be able to log in without a password, because line 1 of "
        f"{tmp_path}/etc/default/grub starts a shell in place of init"
    )

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (code, sentence in log) == (1, True)


def test_busybox_without_inittab_is_named(tmp_path: Path) -> None:
    """The defaults of busybox init are shells on all consoles."""
    write(tmp_path, "bin/busybox", "")
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/init").symlink_to("/bin/busybox")

    (login,) = find_in_init(Root(str(tmp_path)))

    assert login.what == (
        "someone can log in without a password, because busybox starts shells on the consoles if "
        f"{tmp_path}/etc/inittab is missing"
    )


def test_a_credential_of_the_kernel_command_line_is_named(tmp_path: Path) -> None:
    """systemd.set_credential= can set the password of root."""
    write(
        tmp_path, "etc/kernel/cmdline", "quiet systemd.set_credential=passwd.hashed-password.root:x"
    )

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 1 of etc/kernel/cmdline "
        "sets a credential of systemd"
    ]


def test_a_system_that_a_boot_downloads_is_named(tmp_path: Path) -> None:
    """systemd-import-generator replaces the root file system or starts the download."""
    write(tmp_path, "etc/kernel/cmdline", "quiet rd.systemd.pull=raw,machine:a:https://a/a.raw")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 1 of etc/kernel/cmdline "
        "downloads a system at boot"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "etc/credstore/agetty.autologin",
        "etc/credstore/tty.serial.ttyS0.agetty.autologin",
        "etc/credstore.encrypted/login.noauth",
        "usr/local/lib/credstore/tmpfiles.extra",
        "usr/lib/credstore/sysusers.extra",
        "etc/credstore/home.create.ops",
        "etc/credstore/import.pull",
        "etc/credstore/userdb.user.ops",
        "boot/loader/credentials/systemd.extra-unit.a.service.cred",
        "boot/efi/EFI/Linux/a.efi.extra.d/passwd.hashed-password.root.cred",
    ],
)
def test_a_credential_that_lets_someone_in_is_named(path: str, tmp_path: Path) -> None:
    """agetty, login and services of systemd take logins and users from credentials."""
    write(tmp_path, path, "x")

    assert found(tmp_path) == [
        f"someone may be able to log in, because systemd has the credential {path}"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "usr/local/lib/credstore/passwd.hashed-password.root",
        "usr/local/lib/credstore.encrypted/ssh.authorized_keys.root",
        "boot/efi/loader/credentials/passwd.plaintext-password.root.cred",
    ],
)
def test_a_credential_with_a_password_or_keys_is_removed(path: str, tmp_path: Path) -> None:
    """Every folder of credentials that systemd searches is searched."""
    write(tmp_path, path, "x")
    (tmp_path / "usr/bin").mkdir(parents=True)

    assert azprov("deprovision", "--root", tmp_path, "--yes")[0] == 0

    assert not (tmp_path / path).exists()


@pytest.mark.parametrize(
    "line",
    [
        "f+ /root/.ssh/authorized_keys 0600 root root - ssh-ed25519 AAAA",
        '"f+~" "/root/.ssh/authorized_keys" 0600 root root - c3No',
        "w %h/.ssh/authorized_keys - - - - ssh-ed25519 AAAA",
        "C /root/.ssh - - - - /usr/share/keys",
        "L+ /etc/shadow - - - - /usr/share/shadow",
        "L /etc/ssh/sshd_config.d/a.conf - - - - /usr/lib/systemd/sshd_config.d/../../a.conf",
        "L /etc/ssh/sshd_config.d/a.conf - - - - /usr/share/a.conf",
        "f /etc/sudoers.d/a 0440 root root - x",
        'f "/root/\\x2essh/k" - - - - x',
    ],
)
def test_a_line_of_tmpfiles_that_writes_keys_or_users_is_named(line: str, tmp_path: Path) -> None:
    """systemd-tmpfiles would write the keys again after deprovision removed them."""
    write(tmp_path, "usr/lib/tmpfiles.d/k.conf", f"d /run/k\n{line}\n")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 2 of "
        "usr/lib/tmpfiles.d/k.conf writes keys or users at boot"
    ]


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("C /srv/ops - - - - /usr/share/ops", "usr/share/ops/.ssh/authorized_keys"),
        ("L+ /srv/ops - - - - /usr/share/ops", "usr/share/ops/.ssh/authorized_keys"),
        ("C+ /srv - - - - /usr/share/homes", "usr/share/homes/ops/.ssh/authorized_keys"),
        ("C /srv/ops", "usr/share/factory/srv/ops/.ssh/authorized_keys"),
    ],
)
def test_a_line_of_tmpfiles_that_copies_keys_is_named(line: str, keys: str, tmp_path: Path) -> None:
    """The home exists only after the boot, so deprovision finds no keys in it."""
    write(tmp_path, "etc/tmpfiles.d/a.conf", f"{line}\n")
    write(tmp_path, "usr/share/factory/etc/issue", "")
    assert found(tmp_path) == []

    write(tmp_path, keys, "ssh-ed25519 AAAA a\n")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 1 of "
        "etc/tmpfiles.d/a.conf writes keys or users at boot"
    ]


def test_settings_of_usual_boots_are_silent(tmp_path: Path) -> None:
    """Boot menus, tmpfiles.d and empty stores of distributions let no one in."""
    write(
        tmp_path,
        "boot/grub/grub.cfg",
        "### BEGIN ###\n linux /vmlinuz root=UUID=a ro single nomodeset console=ttyS0 "
        "init=/usr/lib/systemd/systemd systemd.debug_shell=0 rd.systemd.show_status=auto "
        "systemd.gpt_auto=no init=/nix/store/a-nixos/init rd.shell=0\n",
    )
    write(
        tmp_path,
        "etc/grub.d/10_linux",
        'SUPPORTED_INITS="sysvinit:/lib/sysvinit/init"\n for i in a; do\n  break\n done\n',
    )
    (tmp_path / "etc/grub.d/backup").mkdir()
    write(
        tmp_path,
        "usr/lib/tmpfiles.d/provision.conf",
        "f^ /root/.ssh/authorized_keys :0600 root :root - ssh.authorized_keys.root\n"
        "d- /root/.ssh :0700 root :root -\n"
        "C! /etc/pam.d - - - -\nC! /etc/nsswitch.conf - - - -\n"
        "L$ /etc/ssh/ssh_config.d/20-systemd-ssh-proxy.conf - - - - /usr/lib/systemd/a\n"
        "L /etc/ssh/sshd_config.d/20-systemd-userdb.conf - - - - "
        "/usr/lib/systemd/sshd_config.d/20-systemd-userdb.conf\n"
        "x /tmp/podman-run-*\nw /sys/module/a - - - - 1\n",
    )
    write(tmp_path, "usr/lib/credstore/network.network.50", "")

    assert found(tmp_path) == []


@pytest.mark.parametrize("folder", [".git", ".hg", ".bzr"])
def test_a_history_of_settings_is_named(folder: str, tmp_path: Path) -> None:
    """etckeeper's repository has shadow and the host keys of every day."""
    write(tmp_path, f"etc/{folder}/config", "")
    (tmp_path / "usr/bin").mkdir(parents=True)

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert code == 1
    assert (
        f"the history in {tmp_path}/etc/{folder} may have earlier passwords of users and private "
        "keys" in log
    )
