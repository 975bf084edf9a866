"""Images that were made to keep azprov busy, to fill memory, or to mislead it, as data.

Each entry of TREES changes an image of linear_program.make_base. A string is the content
of a file, "-> x" a link; a function does what a table cannot say.
"""

import gzip
import io
import lzma
import os
import shutil
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Callable, Dict, Union

from hostility.linear_program import CASES
from sound_image import KERNEL, MODULES, SYSTEM, VENDOR, WANTS, Change, change, cpio

MIB = 1 << 20
PYZ = "usr/local/lib/azprov/azprov.pyz"
INITRD = f"boot/initrd.img-{KERNEL}"
UNIT = f"{SYSTEM}/azure-provisioning.service"
#: Sets a title, clears the screen, and turns the direction of text.
TITLE = "\x1b]0;owned\x07\x1b[2J\u202e"

#: Folders in which files of any name are read, each with a pattern of such names.
FOLDERS_OF_SETTINGS = (
    "etc/init.d/%d",
    "etc/cron.d/%d",
    "etc/sudoers.d/%d",
    "etc/doas.d/%d.conf",
    "etc/netplan/%d.yaml",
    "etc/udev/rules.d/%d.rules",
    "home/ops/.ssh/%d",
    f"{SYSTEM}/%d.service",
)

Tree = Union[Change, Callable[[Path], None]]


def _packed(kind: int, *names: str, content: bytes = b"") -> bytes:
    written = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(written, "w", kind) as archive:
            for name in ("azprov/__main__.py", *names):
                archive.writestr(name, content)
    return written.getvalue()


def _huge_dictionary() -> bytes:
    """An archive of LZMA that asks for 4 GB of memory before it is unpacked."""
    packed = lzma.compress(cpio("a"), lzma.FORMAT_ALONE)
    return packed[:1] + struct.pack("<L", 0xC000_0000) + packed[5:]


def _many_files(folder: str, pattern: str, count: int, text: str = "") -> Change:
    return {f"{folder}/{pattern % number}": text for number in range(count)}


def _drop_ins_by_links(root: Path) -> None:
    """A thousand networks whose drop-ins are the same thousand files."""
    change(root, _many_files("etc/systemd/network/all.d", "%d.conf", 1000, "[Match]\nName=a\n"))
    for number in range(1000):
        (root / f"etc/systemd/network/{number}.network").write_text("[Match]\nName=a\n")
        (root / f"etc/systemd/network/{number}.network.d").symlink_to("all.d")


def _folders_of_themselves(root: Path) -> None:
    for number in range(300):
        (root / f"boot/{number}").symlink_to("/boot")


def _many_kernels(root: Path) -> None:
    (root / INITRD).write_bytes(cpio("a") + gzip.compress(os.urandom(MIB) * 16))
    for number in range(60):
        folder = root / f"usr/lib/modules/6.1.{number}-cloud-amd64"
        shutil.copytree(root / MODULES, folder)
        os.link(root / INITRD, root / f"boot/initrd.img-6.1.{number}-cloud-amd64")


def _names_of_one_file(root: Path) -> None:
    """Each folder of settings has many links to the same megabyte."""
    (root / "srv").mkdir()
    (root / "srv/large").write_text("a a\n" * (MIB // 4))
    for name in FOLDERS_OF_SETTINGS:
        folder, _, pattern = name.rpartition("/")
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(600):
            (root / folder / (pattern % number)).symlink_to("/srv/large")


def _homes_with_one_folder(root: Path) -> None:
    """The keys of each of many users are in the same folder of many files."""
    (root / "srv/keys").mkdir(parents=True)
    for number in range(1000):
        (root / f"srv/keys/{number}").touch()
        (root / f"home/u{number}").mkdir(parents=True)
        (root / f"home/u{number}/.ssh").symlink_to("/srv/keys")
    users = [f"u{number}:x:{number + 2000}:1::/home/u{number}:/bin/sh\n" for number in range(1000)]
    with (root / "etc/passwd").open("a") as file:
        file.writelines(users)


def _links_to_long_paths(root: Path) -> None:
    """Each of 39 links leads to the next one by a path of 2,000 names."""
    (root / "etc/fstab").unlink()
    for number in range(39):
        target = "./" * 1000 + "../etc/" * 100 + f"hop{number + 1}"
        (root / f"etc/hop{number}").symlink_to(target)
    (root / "etc/fstab").symlink_to("hop0")


def _every_file(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def hostile(root: Path) -> None:
        # Two cases may read the same file.
        for name in sorted({case.path for case in CASES}):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or path.exists():
                path.unlink()
            make(path)

    return hostile


def _write_crlf(path: Path) -> None:
    path.write_bytes(b"\r\n" * 200_000)


def _write_nuls(path: Path) -> None:
    path.write_bytes(bytes(MIB))


def _write_sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def _deep_folders(root: Path) -> None:
    path = root / "home/ops"
    for _ in range(300):
        path = path / "d"
    path.mkdir(parents=True)


def _many_wants(root: Path) -> None:
    folder = root / SYSTEM / "multi-user.target.wants"
    for unit in range(12_000):
        (folder / f"u@{unit}.service").symlink_to("/dev/zero")


TREES: Dict[str, Tree] = {
    "sshd_config includes itself": {"etc/ssh/sshd_config": "Include sshd_config\n" * 3},
    "sshd_config includes itself and all others": {
        **_many_files("etc/ssh", "%d.conf", 200, "Include *.conf\nMatch User a\nInclude *.conf\n"),
        "etc/ssh/sshd_config": "Include *.conf\n",
    },
    "sshd_config has one long word": {"etc/ssh/sshd_config": "AllowUsers " + "a" * (MIB - 99)},
    "sshd_config has a Match of many words": {
        "etc/ssh/sshd_config": "Match " + "User a " * 50_000 + "\n" + "Include x\n" * 9000
    },
    "sshd_config names many files of keys": {
        "etc/ssh/sshd_config": "AuthorizedKeysFile " + "a%u " * 9000,
        "etc/passwd": "".join(f"u{n}:x:{n}:0::/h{n}:/bin/sh\n" for n in range(1000, 9000)),
    },
    "sshd_config has many short lines": {"etc/ssh/sshd_config": "a b\n" * 262_000},
    "sshd_config has a line of empty words": {"etc/ssh/sshd_config": "a " + '"" ' * 340_000},
    "sshd_config is nothing but comments": {"etc/ssh/sshd_config": "#\n" * 520_000},
    "sshd_config includes large comments": {
        **_many_files("etc/ssh", "%d.conf", 100, "#\n" * 130_000),
        "etc/ssh/sshd_config": "Include *.conf\n",
    },
    "sshd_config has patterns of folders": {
        "etc/ssh/sshd_config": "Include " + "/*" * 12 + "\n",
        "a/b/c/d": "",
        "a/l": "-> /a",
        "a/m": "-> /a",
        "a/n": "-> /",
    },
    "grub.cfg is empty lines": {"boot/grub/grub.cfg": "\n" * (MIB - 1)},
    "grub.cfg has many entries": {
        "boot/grub/grub.cfg": "".join(
            f"menuentry a {{\nlinux /a/b/c/d{n} init=/i{n}\n}}\n" for n in range(20_000)
        )
    },
    "grub.cfg names a path of many folders": {
        "boot/grub/grub.cfg": "menuentry a {\nlinux " + "/boot/.." * 400 + "/x\n}\n" * 2000
    },
    "loader entries are many": _many_files("boot/loader/entries", "%d.conf", 2000, "linux /a\n"),
    "an nftables chain is not closed": {"etc/nftables.conf": "chain a {\n" * 90_000},
    "nftables includes itself": {"etc/nftables.conf": 'include "/etc/nft*"\n' * 9000},
    "nftables has one line of rules": {
        "etc/nftables.conf": "chain output { type filter hook output priority 0; policy drop; "
        + "rule " * 100_000
        + "}"
    },
    "nftables has many chains": {
        "etc/nftables.conf": "chain a { type filter hook output priority 0; jump b; }\n" * 9000
    },
    "netplan has a line of blanks": {"etc/netplan/a.yaml": "a" + " " * (MIB - 99) + "b"},
    "netplan is nested deeply": {
        "etc/netplan/a.yaml": "".join(" " * n + "ethernets:\n" for n in range(1400))
    },
    "os-release has one long value": {"usr/lib/os-release": 'ID="' + "a" * (MIB - 99) + '"'},
    "os-release has many quotes": {"usr/lib/os-release": "ID=" + "'" * (MIB - 99)},
    "os-release is continued": {"usr/lib/os-release": "ID=a\\\n" * 150_000},
    "fstab has many lines": {"etc/fstab": "/dev/sdb1 none swap sw\n" * 40_000},
    "an ifcfg file is continued": {
        "etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE+=\\\n" * 90_000
    },
    "a keyfile is one line": {
        "etc/NetworkManager/system-connections/a": "[connection]" + "=a" * 400_000
    },
    "networks share their drop-ins": _drop_ins_by_links,
    "udev has one line of rules": {
        "etc/udev/rules.d/70.rules": 'ATTR{address}=="00:11:22:33:44:55" ' * 28_000
    },
    "interfaces has many patterns": {
        "etc/network/interfaces": "".join(
            f"auto a{n}*\niface b{n}* inet dhcp\n" for n in range(20_000)
        )
    },
    "dhcpcd.conf names many interfaces": {
        "etc/dhcpcd.conf": "".join(f"interface e{n}\nstatic ip_address=1\n" for n in range(20_000)),
        **{f"{WANTS}/dhcpcd@{n}.service": f"-> /{VENDOR}/dhcpcd@.service" for n in range(900)},
        f"{VENDOR}/dhcpcd@.service": "x",
    },
    "azprov's unit is slashes": {UNIT: "azprov.pyz provision " + "/" * (MIB - 99)},
    "azprov's unit has paths that almost match": {UNIT: "/+" * 500_000},
    "azprov's unit names many users": {
        UNIT: "[Service]\nExecStart=/usr/bin/python3 -I /a/azprov.pyz provision"
        + " --ssh-keys ops" * 50_000
    },
    "presets have many stars": {
        "etc/machine-id": "",
        "usr/lib/systemd/system-preset/1.preset": "".join(
            f"disable {'*?' * 20}{n}\n" for n in range(20_000)
        ),
    },
    "modprobe.d forbids a driver often": {
        "etc/modprobe.d/a.conf": "blacklist hv_netvsc\n" * 50_000
    },
    "modules.dep is larger than any": {f"{MODULES}/modules.dep": "a" * (5 * MIB)},
    "an initramfs expands a thousandfold": {INITRD: gzip.compress(bytes(200 * MIB), 1)},
    "an initramfs wants a large dictionary": {INITRD: _huge_dictionary()},
    "an initramfs has many parts": {INITRD: gzip.compress(b"") * 50_000},
    "kernels share a large initramfs": _many_kernels,
    "accounts share a home with many files": {
        "etc/passwd": "ops:x:1000:1000::/home/ops:/bin/sh\n"
        + "".join(f"u{n}:x:{n}:1000::/home/./ops:/bin/sh\n" for n in range(1001, 9000)),
        **_many_files("home/ops", ".%d_history", 2000, "x"),
    },
    "accounts have passwords of their own": {
        "etc/passwd": "ops:x:1000:1000::/home/ops:/bin/sh\n"
        + "".join(f"u{n}:x:1:1::/:/bin/sh\n" for n in range(9000)),
        "etc/shadow": "".join(f"u{n}:!::::::\n" for n in range(9000)),
    },
    "the group of a user is long": {"etc/group": "g:x:1000:" + "ops,a," * 100_000},
    "hosts has many own names": {
        "etc/hosts": "127.0.1.1 " + " ".join(f"old.{n}" for n in range(90_000)) + "\n"
    },
    "homes of deleted users are many": {f"home/gone{n}/x": "" for n in range(1500)},
    "sudoers is one rule": {"etc/sudoers": "ops ALL \\\n" * 90_000},
    "doas.conf has open braces": {"etc/doas.conf": "permit" + " setenv {" * 90_000 + " ops\n"},
    "nsswitch.conf has open brackets": {"etc/nsswitch.conf": "passwd: " + "[" * (MIB - 99)},
    "a PAM file has an open bracket": {"etc/pam.d/sshd": "auth [" + "success=1 " * 90_000},
    "a getty has many options": {f"{VENDOR}/getty@.service": "ExecStart=" + "getty " * 150_000},
    "inittab starts many scripts": {
        "sbin/init": "-> /bin/init",
        "bin/init": "program",
        "etc/inittab": "".join(f"a:1:r:/etc/s{n % 300}\n" for n in range(3000)),
        **_many_files("etc", "s%d", 300, "x" * 60_000),
    },
    "azprov.pyz has an entry of bzip2": {PYZ: _packed(zipfile.ZIP_BZIP2, "a", content=bytes(MIB))},
    "azprov.pyz has an entry of LZMA": {PYZ: _packed(zipfile.ZIP_LZMA, "a", content=bytes(MIB))},
    "azprov.pyz has many entries": {
        PYZ: _packed(zipfile.ZIP_STORED, *(f"{n}" for n in range(30_000)))
    },
    "azprov.pyz has the same name twice": {PYZ: _packed(zipfile.ZIP_DEFLATED, "a", "a")},
    "azprov.pyz expands a thousandfold": {
        PYZ: _packed(zipfile.ZIP_DEFLATED, "a", "b", content=bytes(60 * MIB))
    },
    "dpkg has many file lists": _many_files("var/lib/dpkg/info", "python3.%d.list", 9000),
    "folders contain themselves": _folders_of_themselves,
    "links lead to long paths": _links_to_long_paths,
    "many links lead to one large file": _names_of_one_file,
    "targets want more units than a rule may look up": _many_wants,
    "homes share a folder of keys": _homes_with_one_folder,
    "folders are deep": _deep_folders,
    "every file has only CRLF": _every_file(_write_crlf),
    "every file is NULs": _every_file(_write_nuls),
    "every file is larger than it may be": _every_file(_write_sparse),
    "every file is a folder": _every_file(lambda path: path.mkdir()),
    "every file is a link to itself": _every_file(lambda path: path.symlink_to(path.name)),
    "every file is a link out of the image": _every_file(
        lambda path: path.symlink_to("/../" * 9 + "etc/passwd")
    ),
    "names have escape sequences": {
        f"etc/netplan/{TITLE}\n.yaml": "network:\n ethernets:\n  eth0:\n   addresses: [1.1.1.1]\n",
        f"etc/NetworkManager/system-connections/{TITLE}\n": "[connection]\ntype=ethernet\n",
        f"etc/systemd/network/{TITLE}.network": "[Match]\nName=eth0\n",
        f"{WANTS}/{TITLE}.service": "-> /dev/null",
        f"home/{TITLE}\n/.ssh/authorized_keys": "x",
        "etc/passwd": f"root:x:0:0::/root:{TITLE}\nops:x:1000:1000::/home/ops:/bin/sh\n"
        f"{TITLE}:$6$a:1001:0::/home/{TITLE}:/bin/sh\n",
        "etc/shadow": f"{TITLE}:$6$x:1:2:3:4:::\n",
        f"etc/modprobe.d/{TITLE}.conf": "blacklist hv_netvsc\n",
        "boot/grub/grub.cfg": f"menuentry a\nlinux /{TITLE} root=/dev/sda{TITLE} init=/{TITLE}\n",
        f"{UNIT}.d/{TITLE}.conf": "[Service]\nExecStart=/x\n",
        f"etc/ssh/ssh_host_{TITLE}_key": "x",
        f"var/log/auth.log{TITLE}": "x",
        "etc/fstab": f"/dev/sdb{TITLE} /{TITLE} {TITLE} defaults\nLABEL={TITLE} /{TITLE} ext4 a\n",
    },
}


def make_hostile(name: str, root: Path) -> None:
    """Apply a tree to an image that linear_program.make_base made."""
    tree = TREES[name]
    if callable(tree):
        tree(root)
    else:
        change(root, tree)
