"""Settings with which the next boot lets someone in are named."""

import struct
from pathlib import Path
from typing import List

import pytest

from azprov.errors import HostError
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
        "break",
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
        "boot/limine/limine.conf",
        "etc/kernel/uki.conf",
        "etc/dracut.conf.d/a.conf",
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


@pytest.mark.parametrize(
    "word", ["init=/bin/sh", "init=/usr/bin/fish", "init=/bin/bash-static", "rdinit=/bin/busybox"]
)
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


@pytest.mark.parametrize(
    "line",
    [
        'GRUB_CMDLINE_LINUX="autoinstall ds=nocloud-net\\;s=http://10.0.2.2:8100/"',
        'GRUB_CMDLINE_LINUX="ds=nocloud;seedfrom=http://10.0.2.2/"',
        'GRUB_CMDLINE_LINUX="ds=nocloud;h=a;s=http://10.0.2.2/"',
        "GRUB_CMDLINE_LINUX='quiet cloud-config-url=http://10.0.2.2/'",
        'GRUB_CMDLINE_LINUX="cc:%20runcmd"',
        "GRUB_CMDLINE_LINUX=ignition.config.url=http://10.0.2.2/a.ign",
        'GRUB_CMDLINE_LINUX="flatcar.config.url=http://10.0.2.2/a.ign"',
        'GRUB_CMDLINE_LINUX="systemd.run=/boot/firstrun.sh"',
    ],
)
def test_commands_of_the_kernel_command_line_are_named(line: str, tmp_path: Path) -> None:
    """systemd, cloud-init and Ignition run commands from there, also from a server."""
    write(tmp_path, "etc/default/grub", f"{line}\n")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 1 of etc/default/grub "
        "runs commands at boot"
    ]


def uki(*command_lines: bytes, sections: int = 0) -> bytes:
    """A unified kernel: a PE file with these .cmdline sections after `sections` others."""
    names = [b".linux"] * sections + [b".cmdline"] * len(command_lines)
    contents = [b"kernel"] * sections + list(command_lines)
    header = b"MZ".ljust(0x3C, b"\0") + struct.pack("<L", 0x80)
    coff = struct.pack("<4sHHLLLHH", b"PE\0\0", 0x8664, len(names), 0, 0, 0, 240, 0x22E)
    head = header.ljust(0x80, b"\0") + coff + struct.pack("<H", 0x20B) + bytes(238)
    start = len(head) + 40 * len(names)
    table, data = b"", b""
    for name, content in zip(names, contents):
        raw = content + bytes(-len(content) % 512)
        offset = start + len(data)
        table += struct.pack("<8sLLLL12xL", name, len(content), 0x1000, len(raw), offset, 0x40)
        data += raw
    return head + table + data


@pytest.mark.parametrize(
    "path",
    [
        "boot/efi/EFI/Linux/arch.efi",
        "efi/EFI/LINUX/ARCH.EFI",
        "boot/EFI/BOOT/BOOTX64.EFI",
        "boot/efi/EFI/Linux/arch.efi.extra.d/debug.addon.efi",
        "boot/loader/addons/debug.addon.efi",
        "boot/vmlinuz-unified",
        "usr/lib/modules/6.12/vmlinuz-virt.efi",
        "usr/lib/modules/6.12/vmlinuz-virt.efi.extra.d/debug.addon.efi",
    ],
)
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"root=/dev/sda1 init=/bin/sh quiet", "starts a shell in place of init"),
        (b"quiet systemd.debug_shell\0", "opens a shell at boot"),
        (b"rd.break", "opens a shell at boot"),
        (b"systemd.wants=debug-shell.service", "opens a shell at boot"),
        (b"systemd.set_credential=passwd.hashed-password.root:x", "sets a credential of systemd"),
    ],
)
def test_the_command_line_inside_a_unified_kernel_is_read(
    path: str, words: bytes, reason: str, tmp_path: Path
) -> None:
    """systemd-stub boots with the .cmdline section, of a kernel or of an add-on."""
    write(tmp_path, path, "")
    (tmp_path / path).write_bytes(uki(words, sections=5))

    assert [one.what.replace(f"{tmp_path}/", "") for one in find_at_boot(Root(str(tmp_path)))] == [
        "someone may be able to log in without a password, because the kernel command line in "
        f"{path} {reason}"
    ]


def test_every_profile_of_a_unified_kernel_is_read(tmp_path: Path) -> None:
    """A unified kernel may have a command line for each profile, and anyone can choose one."""
    write(tmp_path, "efi/EFI/Linux/a.efi", "")
    (tmp_path / "efi/EFI/Linux/a.efi").write_bytes(uki(b"quiet", b"quiet rd.break"))

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because the kernel command line in "
        "efi/EFI/Linux/a.efi opens a shell at boot"
    ]


@pytest.mark.parametrize(
    "content",
    [
        uki(b"root=UUID=a ro quiet console=ttyS0 init=/usr/lib/systemd/systemd"),
        uki(sections=3),
        b"MZ".ljust(0x3C, b"\0") + b"\0\xff\xff\xff" + bytes(4096),
        uki(b"rd.break")[:100],
        uki(b"rd.break")[:350],
        b"MZ",
        b"MZ" + bytes(70_000),
        b"rd.break",
        b"",
    ],
)
def test_other_files_of_a_boot_partition_are_silent(content: bytes, tmp_path: Path) -> None:
    """A kernel, a boot loader, a file that is cut off and one of another kind have no such line."""
    write(tmp_path, "efi/EFI/Linux/a.efi", "")
    (tmp_path / "efi/EFI/Linux/a.efi").write_bytes(content)

    assert found(tmp_path) == []


def test_a_command_line_without_end_is_not_read(tmp_path: Path) -> None:
    """A section of 4 GB in a small file costs no memory, and deprovision does not trust it."""
    write(tmp_path, "efi/EFI/Linux/a.efi", "")
    content = uki(b"x" * 70_000)
    (tmp_path / "efi/EFI/Linux/a.efi").write_bytes(content)

    with pytest.raises(HostError) as error:
        found(tmp_path)

    assert error.value.summary == (
        f"the command line in {tmp_path}/efi/EFI/Linux/a.efi is larger than 65536 bytes"
    )


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("C /srv - - - - /usr/share/a", "usr/share/a/b/c/d/e/f/.ssh/authorized_keys"),
        ("C+ /var/home", "usr/share/factory/var/home/a/b/c/.ssh/authorized_keys"),
        ("L /srv - - - - /usr/share/a", "usr/share/a/b/c/.ssh/id"),
        ("C /srv - - - - /usr/share/a", "usr/share/a/" + "b/" * 22 + "x"),
    ],
)
def test_a_copied_folder_is_searched_at_any_depth(line: str, keys: str, tmp_path: Path) -> None:
    """tmpfiles.d copies everything below a folder; what is not examined counts as keys."""
    write(tmp_path, "etc/tmpfiles.d/a.conf", f"{line}\n")
    write(tmp_path, "usr/share/a/b/c/x", "")
    (tmp_path / "usr/share/a/b/loop").symlink_to("/usr/share/a")
    assert found(tmp_path) == []

    write(tmp_path, keys, "ssh-ed25519 AAAA a\n")

    assert found(tmp_path) == [
        "someone may be able to log in without a password, because line 1 of "
        "etc/tmpfiles.d/a.conf writes keys or users at boot"
    ]
