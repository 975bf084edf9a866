"""Changes to a sound image, and the findings that `check` has in one."""

import io
import struct
import zipfile
from pathlib import Path
from typing import List, NamedTuple, Tuple

from azprov.check import CHECKS, apply, check
from azprov.check.facts.image import Image
from azprov.check.finding import UNREAD, Finding
from azprov.system.root import Root
from project import ROOT, SMALL_ARCHIVE
from sound_image import GRUB, INITRAMFS, SYSTEM, VENDOR, VMLINUZ, WANTS, Change

UNIT = "azure-provisioning.service"
NETWORK = "etc/systemd/network/10-azure.network"
PYZ = "usr/local/lib/azprov/azprov.pyz"
NM = "etc/NetworkManager/system-connections"
MAC = "00:15:5d:01:02:03"


def _other_archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other.py", "")
    return packed.getvalue()


OTHER_ARCHIVE = _other_archive()
_MIDDLE = len(SMALL_ARCHIVE) // 2
DAMAGED = SMALL_ARCHIVE[:_MIDDLE] + b"xxxx" + SMALL_ARCHIVE[_MIDDLE + 4 :]


class Wrong(NamedTuple):
    """A fault: the change that makes it, and the one finding that it gives."""

    rule: str
    severity: str
    done: Change


def enabled(service: str) -> Change:
    """A service of the distribution, installed and enabled at boot."""
    return {
        f"{VENDOR}/{service}": "[Unit]\n",
        f"{WANTS}/{service}": f"-> /{VENDOR}/{service}",
    }


def instead_of_networkd(service: str, files: Change) -> Change:
    return {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        **enabled(service),
        **files,
    }


def connman(files: Change) -> Change:
    return instead_of_networkd("connman.service", files)


def networkd(text: str) -> Change:
    return {NETWORK: text}


def ifupdown(text: str) -> Change:
    files: Change = {"etc/network/interfaces": text, "usr/sbin/dhclient": "program"}
    return instead_of_networkd("networking.service", files)


def network_manager(files: Change) -> Change:
    return instead_of_networkd("NetworkManager.service", files)


def ifcfg(text: str) -> Change:
    return instead_of_networkd("wicked.service", {"etc/sysconfig/network/ifcfg-eth0": text})


def netplan(text: str) -> Change:
    return {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        "usr/sbin/netplan": "program",
        "etc/netplan/50-cloud.yaml": text,
    }


def dhcpcd(text: str) -> Change:
    return instead_of_networkd("dhcpcd.service", {"etc/dhcpcd.conf": text})


def firewall(service: str, path: str, text: str) -> Change:
    return {**enabled(service), path: text}


def nft(rules: str, policy: str = "drop") -> Change:
    chain = f"chain output {{\n type filter hook output priority 0; policy {policy};\n{rules}\n}}"
    return firewall("nftables.service", "etc/nftables.conf", f"table inet filter {{\n{chain}\n}}\n")


def iptables(rules: str, policy: str = "DROP") -> Change:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT {policy} [0:0]\n{rules}\nCOMMIT\n"
    return firewall("netfilter-persistent.service", "etc/iptables/rules.v4", text)


def ufw(rules: str, policy: str = "DROP") -> Change:
    return {
        **firewall("ufw.service", "etc/ufw/ufw.conf", "ENABLED=yes\n"),
        "etc/default/ufw": f'DEFAULT_OUTPUT_POLICY="{policy}"\n',
        "etc/ufw/user.rules": rules,
        "etc/ufw/before.rules": "-A ufw-before-output -o lo -j ACCEPT\n"
        "-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
    }


def firewalld(name: str, text: str) -> Change:
    """A file of firewalld, which starts at boot."""
    return firewall("firewalld.service", f"etc/firewalld/{name}", text)


def direct(*rules: str) -> Change:
    """Direct rules of the chain OUTPUT, as firewall-offline-cmd writes them."""
    lines = [
        f'  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="{number}">{rule}</rule>\n'
        for number, rule in enumerate(rules)
    ]
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return firewalld("direct.xml", f"{head}<direct>\n{''.join(lines)}</direct>\n")


def policy(rules: str, *, target: str = "DROP", egress: str = "ANY") -> Change:
    """A policy for the traffic that the machine sends."""
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<policy target="{target}">\n'
    zones = f'  <ingress-zone name="HOST"/>\n  <egress-zone name="{egress}"/>\n'
    return firewalld("policies/out.xml", f"{head}{rules}{zones}</policy>\n")


def zstd_initramfs(path: str, text: str) -> Change:
    """Settings, and an initramfs that is not older."""
    return {path: text, INITRAMFS: b"\x28\xb5\x2f\xfd and compressed data"}


#: The usual line of a menu entry, for the kernel in the image.
LINUX = f"linux /{VMLINUZ} root=UUID=1 ro console=ttyS0"
EXTLINUX = "boot/extlinux/extlinux.conf"
ENTRY = "boot/loader/entries/a.conf"


def pe(
    *, signed: bool, section: str = ".text", content: bytes = b"", machine: int = 0x8664
) -> bytes:
    """A program for UEFI firmware, with one section and perhaps a certificate."""
    certificate = (4096, 8) if signed else (0, 0)
    optional = struct.pack("<H106xI32xII88x", 0x20B, 16, *certificate)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), 0) + optional
    head += struct.pack("<8s4I16x", section.encode(), len(content), 0, len(content), 512)
    return head.ljust(512, b"\0") + content


def shim() -> bytes:
    """A shim that starts fallback or grubx64.efi, with the names as Debian's shim 16.1 has them."""
    names = ("\\fbx64.efi", "\\EFI\\BOOT\\fbx64.efi", "\\mmx64.efi", "\\\\grubx64.efi")
    return pe(signed=True) + b"".join(f"{name}\0".encode("utf-16-le") for name in names)


def elf(machine: int) -> bytes:
    """The head of a program for one architecture, by its number in elf(5)."""
    return b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 2, machine)


def grub(text: str) -> Change:
    return {GRUB: text}


def without_grub(files: Change) -> Change:
    return {GRUB: None, **files}


ROOT_USER = "root:x:0:0::/root:/bin/sh\n"


def first_boot(options: str) -> Change:
    """The service that `install` writes with these options."""
    shipped = (ROOT / "unit" / UNIT).read_text()
    command = f"ExecStart=/usr/bin/python3 -I /{PYZ} provision"
    text = shipped.replace(command, f"{command} {options}")
    for line, other in (
        ("ProtectSystem=strict", "ProtectSystem=yes"),
        ("ProtectHome=yes", "ProtectHome=no"),
        (
            "Conflicts=shutdown.target\n",
            "# A home may be on a disk that is mounted later, and a user in another database.\n"
            "After=home.mount var-home.mount nss-user-lookup.target\nConflicts=shutdown.target\n",
        ),
        ("CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_AUDIT_WRITE "),
    ):
        text = text.replace(line, other)
    return {f"{SYSTEM}/{UNIT}": text}


#: A setting without which there is a note.
ALIVE = "ClientAliveInterval 180\n"


def keys_for(user: str, sshd_config: str) -> Change:
    """A first boot that adds keys to a user of the image, and the settings of its sshd."""
    return {
        **first_boot(f"--ssh-keys {user}"),
        "etc/passwd": f"{ROOT_USER}ops:x:1000:1000::/home/ops:/bin/sh\n",
        "etc/ssh/sshd_config": f"{ALIVE}{sshd_config}",
    }


def found_by(root: Path, rule: str) -> List[Finding]:
    """The findings of the checks that name a rule; the others would take most of the time."""
    image = Image(Root(str(root)))
    if rule == UNREAD.id:
        return check(image)
    checks = [one for one in CHECKS if rule in [known.id for known in one.rules]]
    return [finding for one in checks for finding in apply(one, image)]


def found(root: Path) -> List[Tuple[str, str]]:
    """The rule and the severity of each finding."""
    return [(one.rule, one.severity) for one in check(Image(Root(str(root))))]
