"""What is to be typed for each finding, by what the image has."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.openrc import WRONG_OPENRC
from check.trees import (
    EXTLINUX,
    LINUX,
    NETWORK,
    PYZ,
    ROOT_USER,
    UNIT,
    firewall,
    first_boot,
    found,
    grub,
    iptables,
    keys_for,
    nft,
    ufw,
    without_grub,
)
from check.wrong import WRONG
from pyz import PYZ as ARCHIVE
from sound_image import (
    INITRAMFS,
    KERNEL,
    OPENRC,
    SYSTEM,
    VMLINUZ,
    WANTS,
    Change,
    File,
    change,
    make_sound,
)

BY_LINKS = "linux /vmlinuz console=ttyS0\ninitrd /initrd.img\n"
OTHERS: Change = {
    f"boot/{name}-{version}": ""
    for name in ("vmlinuz", "initrd.img")
    for version in ("6.9", "6.10")
}
FROM_SETTINGS: Change = {
    "etc/default/grub": "GRUB_TIMEOUT=0\n",
    "usr/sbin/grub-mkconfig": "program",
}

#: What is done to a tree, and the mend for it; {image} is its root.
MENDS_OF_BOOT_FILES: Dict[str, Tuple[Change, str]] = {
    "a link": (
        {
            **grub(BY_LINKS),
            **OTHERS,
            "usr/lib/modules/6.10/modules.dep": "a.ko:\n",
            "initrd.img": None,
        },
        f"ln -sf boot/initrd.img-{KERNEL} {{image}}/initrd.img",
    ),
    "a link of no kernel's version": (
        {**grub(BY_LINKS), **OTHERS, "initrd.img": None, INITRAMFS: None, "vmlinuz": ""},
        "ln -sf boot/initrd.img-6.10 {image}/initrd.img",
    ),
    "a link of a partition": (
        {
            **grub(BY_LINKS),
            "boot/vmlinuz": f"-> vmlinuz-{KERNEL}",
            "vmlinuz": None,
            "initrd.img": None,
        },
        f"ln -sf initrd.img-{KERNEL} {{image}}/boot/initrd.img",
    ),
    "a link to a kernel": (
        {**grub(BY_LINKS), "vmlinuz": None},
        f"ln -sf boot/vmlinuz-{KERNEL} {{image}}/vmlinuz",
    ),
    "what a link points to": (
        {**grub(BY_LINKS), INITRAMFS: None, "etc/initramfs-tools/modules": "hv_storvsc\n"},
        f"chroot {{image}} update-initramfs -c -k {KERNEL}",
    ),
    "what is named": (
        {INITRAMFS: None, "etc/dracut.conf": ""},
        f"chroot {{image}} dracut --force --kver {KERNEL}",
    ),
    "what GRUB was told": (
        {**grub("linux /boot/vmlinuz-9 console=ttyS0\n"), **FROM_SETTINGS},
        "chroot {image} update-grub",
    ),
    "what somebody wrote": (
        {**grub("linux /boot/vmlinuz-9 console=ttyS0\n"), "etc/default/grub": None},
        "write a kernel and an initrd that are there into {image}/boot/grub/grub.cfg",
    ),
    "a path of the machine that made it": (
        {**grub(f"linux {{image}}/{VMLINUZ} console=ttyS0\n"), **FROM_SETTINGS},
        "take {image} out of the paths in {image}/boot/grub/grub.cfg",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_BOOT_FILES)
def test_what_is_not_there_is_mended_by_the_simplest(image: Path, case: str) -> None:
    """A link, an initrd, or what names them."""
    done, mend = MENDS_OF_BOOT_FILES[case]
    change(
        image,
        {
            path: content.replace("{image}", str(image)) if isinstance(content, str) else content
            for path, content in done.items()
        },
    )

    (mended,) = [
        one.fix for one in check(Image(Root(str(image)))) if one.rule == "boot-file-missing"
    ]

    assert mended == mend.format(image=image)


#: What is done to a tree that nothing starts, and the mend for it.
MENDS_OF_INIT: Dict[str, Tuple[Change, str]] = {
    "of Debian": (
        {"sbin/init": None},
        "chroot {image} sh -c 'apt-get update && apt-get install -y systemd-sysv'",
    ),
    "of Debian, with its package": (
        {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""},
        "ln -sf /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "of another distribution": (
        {"sbin/init": "ELF", "usr/lib/os-release": "ID=fedora\n"},
        "ln -sf /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "by openrc-init": (
        {**OPENRC, "sbin/init": None, "sbin/openrc-init": "program"},
        "ln -sf /sbin/openrc-init {image}/sbin/init",
    ),
    "by another for OpenRC": (
        {**OPENRC, "sbin/init": None},
        "make {image}/sbin/init a link to openrc-init, or to an init whose {image}/etc/inittab "
        "starts openrc",
    ),
    "by init=": (
        grub(f"{LINUX} init=/bin/bash\n"),
        "take init=/bin/bash out of {image}/boot/grub/grub.cfg",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_INIT)
def test_what_the_kernel_starts_is_mended_by_the_simplest(image: Path, case: str) -> None:
    """A package, a link, or a word that is too many."""
    done, mend = MENDS_OF_INIT[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == mend.format(image=image)


def test_a_link_is_made_where_the_image_has_its_folder(image: Path) -> None:
    """Not below the /sbin of the machine that the image is made on."""
    change(image, {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""})
    (image / "sbin").rmdir()
    (image / "sbin").symlink_to("/usr/sbin")

    (finding,) = check(Image(Root(str(image))))
    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert os.readlink(image / "usr/sbin/init") == "/usr/lib/systemd/systemd"
    assert found(image) == []


def test_the_service_of_another_init_keeps_its_options(image: Path) -> None:
    """`install` writes it for the init that the image starts by, as it was."""
    change(image, {**OPENRC, **WRONG_OPENRC["the service of systemd"].done})
    change(image, {"etc/sudoers.d/x": ""})
    (finding,) = check(Image(Root(str(image)), f"{sys.executable} -I {ARCHIVE}"))

    subprocess.run(["sh", "-c", finding.fix], check=True, stdout=subprocess.DEVNULL)

    assert found(image) == []
    assert "--admin-user" in (image / "etc/init.d/azure-provisioning").read_text()


def test_a_folder_that_only_root_enters_is_told(image: Path) -> None:
    """As umask 077 makes one; the file in it may have any mode."""
    (image / "etc/systemd/network").chmod(0o700)
    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.severity) == ("network-closed", "error")
    assert finding.fix == f"chmod 755 {image}/etc/systemd/network"


#: What is done to networkd's files, and how much is told and mended until nothing is found.
MENDS_OF_NETWORKD: Dict[str, Tuple[Change, List[str]]] = {
    "nothing": (
        {NETWORK: None},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one that says no": (
        {NETWORK: "[Match]\nName=eth0\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one before all": (
        {NETWORK: None, "usr/lib/systemd/network/00-a.network": "[Match]\nName=e*\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-a.network "
            "&& chmod 644 {folder}/00-a.network"
        ],
    ),
    "others before it": (
        {
            "etc/systemd/network/00-a.network": "[Match]\nName=e*\n",
            "etc/systemd/network/01-b.network": "[Match]\nName=e*\n[Network]\nAddress=10.1.1.1/8\n",
            "usr/lib/systemd/network/02-c.network": "[Match]\nName=e*\n",
        },
        [
            "rm {folder}/00-a.network",
            "rm {folder}/01-b.network",
            "mkdir -p -m 755 {folder} && ln -s /dev/null {folder}/02-c.network",
        ],
    ),
    "drop-ins": (
        {
            f"{NETWORK}.d/a.conf": "[Network]\nDHCP=no\n",
            "usr/lib/systemd/network/10-azure.network.d/b.conf": "[Link]\nUnmanaged=yes\n",
        },
        [
            "rm {folder}/10-azure.network.d/a.conf",
            "mkdir -p -m 755 {folder}/10-azure.network.d && "
            "ln -s /dev/null {folder}/10-azure.network.d/b.conf",
        ],
    ),
    "closed": (
        {NETWORK: File("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0o600)},
        ["chmod 644 {folder}/10-azure.network"],
    ),
    "links": (
        {
            "etc/systemd/network/a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
            "usr/lib/systemd/network/b.link": "[Match]\nType=ether\n[Link]\nName=lan1\n",
        },
        ["rm {folder}/a.link", "mkdir -p -m 755 {folder} && ln -s /dev/null {folder}/b.link"],
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_NETWORKD)
def test_what_networkd_takes_is_named_and_mended(image: Path, case: str) -> None:
    """Step by step, as it was pasted, until it uses DHCP."""
    done, mends = MENDS_OF_NETWORKD[case]
    change(image, done)
    folder = image / "etc/systemd/network"

    for mend in mends:
        (finding,) = check(Image(Root(str(image))))
        assert finding.fix == mend.format(folder=folder)
        subprocess.run(["sh", "-c", f"umask 077; {finding.fix}"], check=True)

    assert found(image) == []


def test_the_file_that_wins_is_named(image: Path) -> None:
    """Not only that nothing uses DHCP."""
    change(image, WRONG["networkd, another file first"].done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.what.startswith(
        f"{image}/etc/systemd/network/00-a.network is what systemd-networkd takes for the first"
    )


#: Firewalls whose mend is a command.
CLOSED: Dict[str, Change] = {
    "nftables": nft("oif lo accept"),
    "nftables by a file that it includes": WRONG["nftables by a file that it includes"].done,
    "nftables for users": WRONG["nftables to WireServer alone, with users"].done,
    "iptables": {
        **iptables(""),
        "etc/iptables/rules.v4": "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*filter\n"
        ":OUTPUT DROP [0:0]\n:x - [0:0]\n-A OUTPUT -j x\nCOMMIT\n",
    },
    "ufw": ufw(""),
}


@pytest.mark.parametrize("case", CLOSED)
def test_a_firewall_is_opened_by_what_is_said(image: Path, case: str) -> None:
    """As it was pasted: to both addresses, in the image's own file."""
    change(image, CLOSED[case])
    (finding,) = check(Image(Root(str(image))))

    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert found(image) == []


def test_ufw_is_opened_by_itself_on_its_own_machine(image: Path) -> None:
    """Below a root it would change the firewall of the machine that the image is made on."""
    change(image, ufw(""))
    machine = Root(str(image))
    machine.is_live = True

    (mend,) = [one.fix for one in check(Image(machine)) if one.rule == "firewall-output"]

    assert mend == (
        "ufw allow out to 168.63.129.16 port 80 proto tcp && "
        "ufw allow out to 169.254.169.254 port 80 proto tcp"
    )


#: Firewalls that are none of the usual forms, and how the mend begins.
CLOSED_OTHERWISE: Dict[str, Tuple[Change, str]] = {
    "nftables on one line": (
        firewall(
            "nftables.service",
            "etc/nftables.conf",
            "table ip f { chain o { type filter hook output priority 0; policy drop; }; }\n",
        ),
        "add to the chain with hook output in {image}/etc/nftables.conf: ip daddr ",
    ),
    "iptables without a policy": (
        firewall(
            "netfilter-persistent.service",
            "etc/iptables/rules.v4",
            "*filter\n-A OUTPUT -j DROP\nCOMMIT\n",
        ),
        "add to {image}/etc/iptables/rules.v4, below *filter and before its other rules: -A OUTPUT",
    ),
    "ufw with rules of its own": (
        {**ufw(""), "etc/ufw/before.rules": "*filter\nCOMMIT\n"},
        "add to {image}/etc/ufw/before.rules, below *filter and before its COMMIT: -A ufw-before-",
    ),
}


@pytest.mark.parametrize("case", CLOSED_OTHERWISE)
def test_a_firewall_of_another_form_is_opened_by_hand(image: Path, case: str) -> None:
    """The file is named, and the line."""
    done, mend = CLOSED_OTHERWISE[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix.startswith(mend.format(image=image))


MENDS = {
    "ID=ubuntu": "apt-get purge -y walinuxagent",
    "ID=debian": "apt-get purge -y waagent",
    "ID=rocky\nID_LIKE='rhel centos fedora'": "dnf remove -y WALinuxAgent",
    "ID=azurelinux": "tdnf remove -y WALinuxAgent",
    "ID=opensuse-leap\nID_LIKE='suse opensuse'": "zypper --non-interactive remove "
    "python-azure-agent",
    "ID=alpine": "apk del walinuxagent",
    "ID=arch": "pacman -Rs --noconfirm walinuxagent",
}


@pytest.mark.parametrize("release", MENDS)
def test_the_mend_is_that_of_the_distribution(image: Path, release: str) -> None:
    """A command to type, for the tool that the image has."""
    change(image, {"usr/lib/os-release": release, "usr/sbin/waagent": "program"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == f"chroot {image} {MENDS[release]}"


#: What a mend that is a command begins with.
COMMAND = re.compile(
    r"(?:chroot|systemctl|python3|printf|cp|rm|ln|mkdir|chown|chmod|sed|ufw|echo) "
)
TREES = {
    **{f"systemd, {case}": wrong.done for case, wrong in WRONG.items()},
    **{f"OpenRC, {case}": {**OPENRC, **wrong.done} for case, wrong in WRONG_OPENRC.items()},
}


@pytest.mark.parametrize("case", TREES)
def test_a_mend_can_be_pasted(tmp_path: Path, case: str) -> None:
    """A command whole, or a sentence that has one behind its last colon and nowhere else.

    A root whose name has a blank is one word of it.
    """
    image = make_sound(tmp_path / "sp ace")
    change(image, {**TREES[case], "etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"})

    for finding in check(Image(Root(str(image)))):
        sentence, _, command = finding.fix.rpartition(": ")
        if COMMAND.match(finding.fix) or not COMMAND.match(command):
            sentence, command = ("", finding.fix) if COMMAND.match(finding.fix) else (command, "")
        unquoted = re.sub(r"'[^']*'", "", command)
        assert not re.search(r"[,;]|\bthen\b|sp ace", unquoted), finding.fix
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
        assert not re.search(rf"\b{COMMAND.pattern}", sentence), finding.fix


MADE = "#\n# DO NOT EDIT THIS FILE\n#\n"
QUIET = f"linux /{VMLINUZ} root=UUID=1 ro quiet\n"

#: What lacks a word for the kernel, and the mend; on a machine, then below a root.
MENDS_OF_LINES: Dict[str, Tuple[Change, str, str]] = {
    "written": (
        {**grub(QUIET), "etc/default/grub": None},
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg",
        "add console=ttyS0 to the kernel's lines of /boot/grub/grub.cfg",
    ),
    "written, beside settings": (
        grub(QUIET),
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg",
        "add console=ttyS0 to the kernel's lines of /boot/grub/grub.cfg",
    ),
    "made": (
        grub(MADE + QUIET),
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg, and "
        "GRUB_CMDLINE_LINUX of {image}/etc/default/grub, from which they are made again",
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of /etc/default/grub, then: update-grub",
    ),
    "to be made": (
        {**grub("blscfg\n"), "etc/default/grub": "GRUB_CMDLINE_LINUX=quiet\n"},
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of {image}/etc/default/grub",
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of /etc/default/grub, then: update-grub",
    ),
    "of extlinux": (
        without_grub({EXTLINUX: f"LABEL l\n LINUX /{VMLINUZ}\n APPEND quiet\n"}),
        "add console=ttyS0 to the kernel's lines of {image}/boot/extlinux/extlinux.conf",
        "add console=ttyS0 to the kernel's lines of /boot/extlinux/extlinux.conf",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_LINES)
def test_the_file_that_was_read_is_to_be_edited(image: Path, case: str) -> None:
    """And what it is made of; it is made where GRUB finds the disk."""
    done, below, live = MENDS_OF_LINES[case]
    change(image, done)
    machine = Root(str(image))
    machine.is_live = True

    mends = [
        one.fix
        for root in (Root(str(image)), machine)
        for one in check(Image(root))
        if one.rule == "console-missing"
    ]

    assert mends == [below.format(image=image), live]


#: What brings an image's Python back; dpkg's lists are of Debian 12.
PYTHON_MENDS: Dict[str, Tuple[Change, str]] = {
    "never installed": (
        {},
        "chroot {image} sh -c 'apt-get update && apt-get install -y python3'",
    ),
    "installed": (
        {
            f"var/lib/dpkg/info/{name}.list": ""
            for name in (
                *("libpython3-stdlib:amd64", "libpython3.11-minimal:amd64", "python3-apt"),
                *("python3", "python3-minimal", "python3.11", "libpython3.11:amd64"),
            )
        },
        "chroot {image} sh -c 'apt-get update && apt-get install -y --reinstall "
        "libpython3-stdlib libpython3.11-minimal libpython3.11 python3-minimal python3.11 python3'",
    ),
    "of Alpine": ({"usr/lib/os-release": "ID=alpine\n"}, "chroot {image} apk add python3"),
}


@pytest.mark.parametrize("case", PYTHON_MENDS)
def test_a_python_is_brought_back(image: Path, case: str) -> None:
    """With each package that its files are of; then the service, with its options."""
    done, mend = PYTHON_MENDS[case]
    change(image, {**first_boot("--admin-user"), "etc/sudoers.d/x": "", "usr/bin/python3": None})
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    again = f"python3 azprov.pyz install --force --admin-user --root {image}"
    assert finding.fix == f"{mend.format(image=image)} && {again}"


#: What a root has for names, and what is to be done before a package tool asks for one.
RESOLVERS: Dict[str, Tuple[Change, str]] = {
    "none": ({}, ""),
    "systemd-resolved's": (
        {"etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"},
        "mkdir -p {image}/run/systemd/resolve && "
        "cp /etc/resolv.conf {image}/run/systemd/resolve/stub-resolv.conf && ",
    ),
    "systemd-resolved's, absolute": (
        {"etc/resolv.conf": "-> /run/systemd/resolve/resolv.conf"},
        "mkdir -p {image}/run/systemd/resolve && "
        "cp /etc/resolv.conf {image}/run/systemd/resolve/resolv.conf && ",
    ),
    "a link that leads somewhere": (
        {"etc/resolv.conf": "-> ../run/a", "run/a": "nameserver 127.0.0.1\n"},
        "",
    ),
    "a link to a place of the image": ({"etc/resolv.conf": "-> /var/a"}, ""),
}


@pytest.mark.parametrize("case", RESOLVERS)
def test_a_package_tool_gets_a_resolver(image: Path, case: str) -> None:
    """That of the machine that the image is made on, where a running VM would have its own."""
    done, before = RESOLVERS[case]
    change(image, {f"{WANTS}/chrony.service": None, **done})

    (finding,) = check(Image(Root(str(image))))

    command = f"chroot {image} sh -c 'apt-get update && apt-get install -y chrony'"
    assert finding.fix == before.format(image=image) + command


def test_what_an_image_says_is_quoted_in_a_mend(image: Path) -> None:
    """No name in an image becomes a command of whoever pastes one."""
    change(image, {f"{SYSTEM}/{UNIT}": f"ExecStart=/x /{PYZ} provision --ssh-keys $(id)\n"})

    mends = [one.fix for one in check(Image(Root(str(image)))) if "$(id)" in one.fix]

    assert len(mends) > 1
    assert not [mend for mend in mends if "$(id)" in mend.replace("'$(id)'", "")]


def test_the_mend_of_an_unknown_distribution(image: Path) -> None:
    """A sentence instead of a command."""
    change(image, {"usr/lib/os-release": None, "usr/sbin/waagent": "program"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == "remove the package walinuxagent"


#: What sshd's settings are, what is said of it, and the mend.
TOLD_OF_SSHD = {
    "PermitRootLogin no\n": (
        "sshd's settings say PermitRootLogin no, so the VM is Ready and nobody gets in by the "
        "keys that the first boot adds to root",
        "take that out of {image}/etc/ssh/sshd_config",
    ),
    "PubkeyAuthentication no\nMatch Group a\nPubkeyAuthentication yes\n": (
        "sshd's settings say PubkeyAuthentication no, so the VM is Ready and nobody gets in by "
        "the keys that the first boot adds to root, unless a Match says otherwise",
        "take that out of {image}/etc/ssh/sshd_config",
    ),
    "Include a.conf\nDenyUsers ro*\n": (
        "sshd's settings say DenyUsers a ro*, so the VM is Ready and nobody gets in by the keys "
        "that the first boot adds to root",
        "take that out of {image}/etc/ssh/a.conf and {image}/etc/ssh/sshd_config",
    ),
    "AllowUsers a\nAllowUsers b\n": (
        "sshd's settings say AllowUsers a b, so the VM is Ready and nobody gets in by the keys "
        "that the first boot adds to root",
        "add root to it in {image}/etc/ssh/sshd_config",
    ),
    "AuthenticationMethods publickey,keyboard-interactive\n": (
        "sshd's settings say AuthenticationMethods publickey,keyboard-interactive, with which one "
        "key may not be enough",
        "see that root can log in all the same, or take it out of {image}/etc/ssh/sshd_config",
    ),
    "DenyGroups a b\n": (
        "sshd's settings say DenyGroups a b, and nobody in these gets in",
        "see that root can log in all the same, or take it out of {image}/etc/ssh/sshd_config",
    ),
}


@pytest.mark.parametrize("config", TOLD_OF_SSHD)
def test_what_sshd_refuses_is_told_with_who(image: Path, config: str) -> None:
    """In its own words, and with the file, as they are to be looked for."""
    what, mend = TOLD_OF_SSHD[config]
    change(image, {**keys_for("root", config), "etc/ssh/a.conf": "DenyUsers a\n"})

    (finding,) = check(Image(Root(str(image))))

    assert (finding.what, finding.fix) == (what, mend.format(image=image))


#: What is said of the admin user and root together, and the end of the mend.
TOLD_OF_BOTH = {
    "PermitRootLogin no\n": (
        "sshd's settings say PermitRootLogin no, so root does not get in by the keys that the "
        "first boot adds",
        "take that out of {image}/usr/etc/ssh/sshd_config",
    ),
    "AllowGroups a\n": (
        "sshd's settings say AllowGroups a, and nobody else gets in",
        "see that the deployed user and root can log in all the same, or take it out of "
        "{image}/usr/etc/ssh/sshd_config",
    ),
    "AllowUsers root\n": (
        "sshd's settings say AllowUsers root, and nobody else gets in",
        "see that the deployed user can log in all the same, or take it out of "
        "{image}/usr/etc/ssh/sshd_config",
    ),
    "PubkeyAuthentication no\n": (
        "sshd's settings say PubkeyAuthentication no, so the VM is Ready and nobody gets in by "
        "the keys that the first boot adds",
        "take that out of {image}/usr/etc/ssh/sshd_config",
    ),
}


@pytest.mark.parametrize("config", TOLD_OF_BOTH)
def test_what_sshd_refuses_of_two_users(image: Path, config: str) -> None:
    """Each by what is known of the one; in SUSE's place."""
    what, mend = TOLD_OF_BOTH[config]
    change(
        image,
        {
            **first_boot("--admin-user --ssh-keys root"),
            "etc/passwd": ROOT_USER,
            "etc/sudoers.d/x": "",
            "usr/etc/ssh/sshd_config": config,
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert (finding.what, finding.fix) == (what, mend.format(image=image))


def test_a_locked_user_gets_a_password_that_none_matches(image: Path) -> None:
    """Neither the old one back nor an empty one."""
    change(image, {**keys_for("ops", ""), "etc/shadow": "ops:!$6$a:19000:0:99999:7:::\n"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        f"ops is locked by a '!' in {image}/etc/shadow, which counts for an sshd without PAM, so "
        "the VM is Ready and nobody gets in by the keys that the first boot adds to ops"
    )
    assert finding.fix == f"echo 'ops:*' | chroot {image} chpasswd -e"


#: How a user is made that gets in by a key, also by an sshd without PAM.
MADE_USERS = {
    "debian": "chroot {image} useradd --create-home --password '*' carol",
    "alpine": "chroot {image} adduser -D carol && echo 'carol:*' | chroot {image} chpasswd -e",
}


@pytest.mark.parametrize("name", MADE_USERS)
def test_a_user_who_is_missing_is_made(image: Path, name: str) -> None:
    """By what the distribution has."""
    change(
        image,
        {
            **first_boot("--ssh-keys carol"),
            "etc/passwd": ROOT_USER,
            "usr/lib/os-release": f"ID={name}\n",
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == MADE_USERS[name].format(image=image)


ANEW = "remove them, and have the image make new ones at its first boot"
# Beside a usual one, which deprovision removes, and one that is not there.
BY_HOSTKEY: Change = {
    "etc/ssh/sshd_config": "HostKey /etc/ssh/ssh_host_rsa_key\nHostKey /none\n"
    "HostKey /etc/ssh/key\n",
    **dict.fromkeys(("etc/ssh/key", "etc/ssh/ssh_host_rsa_key"), "x"),
}
BY_DROPBEAR: Change = {"etc/dropbear/dropbear_rsa_host_key": "x", "etc/dropbear/config": "x"}
#: Host keys that deprovision leaves, which they are, and the mend.
OTHER_HOST_KEYS: Dict[str, Tuple[Change, List[str], str]] = {
    "a HostKey line": (
        BY_HOSTKEY,
        ["/etc/ssh/key"],
        f"{ANEW} or take the HostKey lines out, so that the usual ones are made",
    ),
    "another server": (BY_DROPBEAR, ["/etc/dropbear/dropbear_rsa_host_key"], ANEW),
    "both": (
        {**BY_HOSTKEY, **BY_DROPBEAR},
        ["/etc/ssh/key", "/etc/dropbear/dropbear_rsa_host_key"],
        f"{ANEW} or take the HostKey lines out, so that the usual ones are made",
    ),
}


@pytest.mark.parametrize("case", OTHER_HOST_KEYS)
def test_other_host_keys_are_told_with_what_would_make_new_ones(image: Path, case: str) -> None:
    """Of a machine that runs only as something to think of."""
    done, keys, mend = OTHER_HOST_KEYS[case]
    change(image, done)
    machine = Root(str(image))
    machine.is_live = True

    told = [
        (one.severity, one.what.rpartition(": ")[2], one.fix)
        for root in (Root(str(image)), machine)
        for one in check(Image(root))
        if one.rule == "host-keys-elsewhere"
    ]

    assert told == [
        ("error", ", ".join(f"{image}{key}" for key in keys), mend),
        ("note", ", ".join(keys), f"before an image is made of this VM: {mend}"),
    ]
