"""The fix of each finding, by the tools and files of the image."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check import check
from azprov.check.facts import packages
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.fault_cases import WRONG_ANYWHERE
from check.image_changes import (
    ALIVE,
    LINUX,
    PYZ,
    ROOT_USER,
    UNIT,
    first_boot,
    found,
    found_by,
    grub,
    keys_for,
)
from check.openrc import WRONG_OPENRC
from images import azprov
from sound_image import (
    OPENRC,
    SYSTEM,
    WANTS,
    Change,
    Folder,
    change,
    make_sound,
)

#: A change after which nothing starts an image, and its fix.
FIXES_OF_INIT: Dict[str, Tuple[Change, str]] = {
    "of Debian": (
        {"sbin/init": None},
        "chroot {image} sh -c 'apt-get update && apt-get install -y systemd-sysv'",
    ),
    "of Debian, with its package": (
        {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""},
        "ln -sfn /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "of another distribution": (
        {"sbin/init": "ELF", "usr/lib/os-release": "ID=fedora\n"},
        "ln -sfn /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "by openrc-init": (
        {**OPENRC, "sbin/init": None, "sbin/openrc-init": "program"},
        "ln -sfn /sbin/openrc-init {image}/sbin/init",
    ),
    "by openrc-init in /usr/sbin": (
        {**OPENRC, "sbin/init": None, "usr/sbin/openrc-init": "program"},
        "ln -sfn /usr/sbin/openrc-init {image}/sbin/init",
    ),
    "by openrc-init in /usr/bin": (
        {**OPENRC, "sbin/init": None, "usr/bin/openrc-init": "program"},
        "ln -sfn /usr/bin/openrc-init {image}/sbin/init",
    ),
    "by another for OpenRC": (
        {**OPENRC, "sbin/init": None},
        "make {image}/sbin/init a link to /sbin/openrc-init, or to an init program that "
        "starts OpenRC",
    ),
    "by init=": (
        grub(f"{LINUX} init=/bin/bash\n"),
        "remove init=/bin/bash from {image}/boot/grub/grub.cfg",
    ),
}


@pytest.mark.parametrize("case", FIXES_OF_INIT)
def test_a_missing_init_has_the_simplest_fix(image: Path, case: str) -> None:
    """The fix installs a package, creates a link, or removes a word from the command line."""
    done, fix = FIXES_OF_INIT[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == fix.format(image=image)


def test_the_link_to_init_stays_inside_the_image(image: Path) -> None:
    """If /sbin is an absolute link, the fix does not follow it to this machine's /sbin."""
    change(image, {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""})
    (image / "sbin").rmdir()
    (image / "sbin").symlink_to("/usr/sbin")

    (finding,) = check(Image(Root(str(image))))
    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert os.readlink(image / "usr/sbin/init") == "/usr/lib/systemd/systemd"
    assert found(image) == []


def test_the_link_to_init_can_be_created_where_sbin_is_missing(image: Path) -> None:
    """The fix creates the folder first."""
    change(image, {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""})
    (image / "sbin").rmdir()

    (finding,) = check(Image(Root(str(image))))
    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert os.readlink(image / "sbin/init") == "/usr/lib/systemd/systemd"
    assert found(image) == []


@pytest.mark.needs("archive")
def test_the_fix_keeps_the_options_of_a_service_for_another_init(image: Path) -> None:
    """The fix installs the service for the image's own init system with the same options."""
    from pyz import PYZ as ARCHIVE

    change(image, {**OPENRC, **WRONG_OPENRC["the service of systemd"].done})
    change(image, {"etc/sudoers.d/x": "", "usr/bin/sudo": "program"})
    (finding,) = check(Image(Root(str(image)), f"{sys.executable} -I {ARCHIVE}"))

    subprocess.run(["sh", "-c", finding.fix], check=True, stdout=subprocess.DEVNULL)

    assert found(image) == []
    assert "--admin-user" in (image / "etc/init.d/azure-provisioning").read_text()


def test_the_fix_for_a_service_that_trusts_any_platform_keeps_its_other_options(
    image: Path,
) -> None:
    """A user of the name "any" is no such option."""
    sudo: Change = {"etc/sudoers.d/x": "", "usr/bin/sudo": "program"}
    change(image, {**first_boot("--admin-user --platform any --keep-enabled"), **sudo})

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == (
        "if the image is for Azure only: "
        f"python3 azprov.pyz install --force --admin-user --keep-enabled --root {image}"
    )
    change(
        image,
        {
            **first_boot("--ssh-keys any"),
            "etc/passwd": f"{ROOT_USER}any:x:1000:1000::/home/any:/bin/sh\n",
        },
    )
    assert found(image) == []


def test_a_service_that_no_package_has_is_removed_as_a_file(image: Path) -> None:
    """A package tool refuses to remove a package that is not installed."""
    unit = f"{SYSTEM}/walinuxagent.service"
    change(
        image,
        {
            "var/lib/dpkg/info/dpkg.list": "",
            unit: "[Service]\n",
            f"{WANTS}/walinuxagent.service": f"-> /{unit}",
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.fix) == ("agent-enabled", f"rm {image}/{unit}")
    subprocess.run(finding.fix, shell=True, check=True)  # noqa: S602 - a command to paste
    assert check(Image(Root(str(image)))) == []


#: os-release, and the command that removes the package of waagent.
REMOVALS = {
    "ID=ubuntu": "apt-get purge -y walinuxagent",
    "ID=debian": "apt-get purge -y waagent",
    "ID=rocky\nID_LIKE='rhel centos fedora'": "dnf remove -y WALinuxAgent",
    "ID=azurelinux": "tdnf remove -y WALinuxAgent",
    "ID=opensuse-leap\nID_LIKE='suse opensuse'": "zypper --non-interactive remove "
    "python-azure-agent",
    "ID=alpine": "apk del walinuxagent",
    "ID=arch": "pacman -Rs --noconfirm walinuxagent",
}


@pytest.mark.parametrize("release", REMOVALS)
def test_a_package_is_removed_with_the_tool_of_the_distribution(image: Path, release: str) -> None:
    """The package also has the name that the distribution gives it."""
    change(image, {"usr/lib/os-release": release, "usr/sbin/waagent": "program"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == f"chroot {image} {REMOVALS[release]}"


#: The beginning of a fix that is a command.
COMMAND = re.compile(
    r"(?:chroot|unshare|systemctl|python3|printf|cp|rm|ln|mkdir|chown|chmod|sed|ufw|echo) "
)


@pytest.mark.parametrize("case", WRONG_ANYWHERE)
def test_a_fix_can_be_pasted(tmp_path: Path, case: str) -> None:
    """A fix is a command, or a sentence with a command after its last colon and nowhere else.

    A root with a blank in its name is one word of the command.
    """
    rule, _, done = WRONG_ANYWHERE[case]
    image = make_sound(tmp_path / "sp ace")
    change(image, {**done, "etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"})

    findings = found_by(image, rule)

    assert rule in [finding.rule for finding in findings]
    for finding in findings:
        sentence, _, command = finding.fix.rpartition(": ")
        if COMMAND.match(finding.fix) or not COMMAND.match(command):
            sentence, command = ("", finding.fix) if COMMAND.match(finding.fix) else (command, "")
        unquoted = re.sub(r"'[^']*'", "", command)
        assert not re.search(r"[,;]|\bthen\b|sp ace", unquoted), finding.fix
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
        assert not re.search(rf"\b{COMMAND.pattern}", sentence), finding.fix


#: A change to an image without Python, and the fix; the lists are those of dpkg in Debian 12.
PYTHON_FIXES: Dict[str, Tuple[Change, str]] = {
    "never installed": (
        {},
        "chroot {image} sh -c 'apt-get update && apt-get install -y python3'",
    ),
    "installed": (
        {
            f"var/lib/dpkg/info/{name}.list": ""
            for name in (
                "libpython3-stdlib:amd64",
                "libpython3.11-minimal:amd64",
                "python3-apt",
                "python3",
                "python3-minimal",
                "python3.11",
                "libpython3.11:amd64",
            )
        },
        "chroot {image} sh -c 'apt-get update && apt-get install -y --reinstall "
        "libpython3-stdlib libpython3.11-minimal libpython3.11 python3-minimal python3.11 python3'",
    ),
    "of Alpine": ({"usr/lib/os-release": "ID=alpine\n"}, "chroot {image} apk add python3"),
}


@pytest.mark.parametrize("case", PYTHON_FIXES)
def test_a_missing_python_is_installed_again(image: Path, case: str) -> None:
    """The fix reinstalls each package of Python, and then the service with its options."""
    done, fix = PYTHON_FIXES[case]
    change(
        image,
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "usr/bin/python3": None,
        },
    )
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    again = f"python3 azprov.pyz install --force --admin-user --root {image}"
    assert finding.fix == f"{fix.format(image=image)} && {again}"


#: The resolv.conf of an image, and the commands that a package tool needs before it.
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
    "a link to an existing file": (
        {"etc/resolv.conf": "-> ../run/a", "run/a": "nameserver 127.0.0.1\n"},
        "",
    ),
    "a link into the image": ({"etc/resolv.conf": "-> /var/a"}, ""),
}


@pytest.mark.parametrize("case", RESOLVERS)
def test_a_package_tool_can_resolve_names_in_a_chroot(image: Path, case: str) -> None:
    """The resolv.conf of this machine is copied if systemd-resolved would write the image's."""
    done, before = RESOLVERS[case]
    change(image, {f"{WANTS}/chrony.service": None, **done})

    (finding,) = check(Image(Root(str(image))))

    command = f"chroot {image} sh -c 'apt-get update && apt-get install -y chrony'"
    assert finding.fix == before.format(image=image) + command


def test_text_from_an_image_is_quoted_in_a_fix(image: Path) -> None:
    """A name in an image is never executed by the person who pastes the fix."""
    change(image, {f"{SYSTEM}/{UNIT}": f"ExecStart=/x /{PYZ} provision --ssh-keys $(id)\n"})

    fixes = [one.fix for one in check(Image(Root(str(image)))) if "$(id)" in one.fix]

    assert len(fixes) > 1
    assert not [fix for fix in fixes if "$(id)" in fix.replace("'$(id)'", "")]


@pytest.mark.parametrize(
    ("done", "fix"),
    [
        ({"usr/sbin/waagent": "program"}, "remove the Azure Linux agent (waagent)"),
        ({"usr/sbin/sshd": None}, "install an SSH server (sshd)"),
    ],
)
def test_the_fix_on_an_unknown_distribution_is_a_sentence(
    image: Path, done: Change, fix: str
) -> None:
    """Without a known package tool the fix names the program: its package may have any name."""
    change(image, {"usr/lib/os-release": None, **done})

    assert fix in [finding.fix for finding in check(Image(Root(str(image))))]


def test_every_package_has_a_name_for_unknown_distributions() -> None:
    """The program is named in words that need no distribution."""
    named = [value for value in vars(packages).values() if isinstance(value, packages.Package)]

    assert len(named) > 14
    assert all(package.program for package in named)


#: Settings of sshd, and the text and the fix of the finding.
REFUSALS = {
    "PermitRootLogin no\n": (
        "sshd is configured with PermitRootLogin no, so the VM is Ready but no one can log in "
        "with the keys that the first boot adds to root",
        "remove that setting from {image}/etc/ssh/sshd_config",
    ),
    "PubkeyAuthentication no\nMatch Group a\nPubkeyAuthentication yes\n": (
        "sshd is configured with PubkeyAuthentication no, so the VM is Ready but no one can log "
        "in with the keys that the first boot adds to root, unless a Match block says otherwise",
        "remove that setting from {image}/etc/ssh/sshd_config",
    ),
    "Include a.conf\nDenyUsers ro*\n": (
        "sshd is configured with DenyUsers a ro*, so the VM is Ready but no one can log in with "
        "the keys that the first boot adds to root",
        "remove that setting from {image}/etc/ssh/a.conf and {image}/etc/ssh/sshd_config",
    ),
    "AllowUsers a\nAllowUsers b\n": (
        "sshd is configured with AllowUsers a b, so the VM is Ready but no one can log in with "
        "the keys that the first boot adds to root",
        "add root to AllowUsers in {image}/etc/ssh/sshd_config",
    ),
    "AuthenticationMethods publickey,keyboard-interactive\n": (
        "sshd is configured with AuthenticationMethods publickey,keyboard-interactive, so one key "
        "may not be enough to log in",
        "check that root can log in, or remove that setting from {image}/etc/ssh/sshd_config",
    ),
    "DenyGroups a b\n": (
        "sshd is configured with DenyGroups a b, so no one in these groups can log in",
        "check that root can log in, or remove that setting from {image}/etc/ssh/sshd_config",
    ),
}


@pytest.mark.parametrize("config", REFUSALS)
def test_a_refusal_by_sshd_names_setting_file_and_user(image: Path, config: str) -> None:
    """The setting is quoted as it is written, so that it can be found in the file."""
    what, fix = REFUSALS[config]
    change(image, {**keys_for("root", config), "etc/ssh/a.conf": "DenyUsers a\n"})

    (finding,) = check(Image(Root(str(image))))

    assert (finding.what, finding.fix) == (what, fix.format(image=image))


#: Settings of sshd, and the finding if the admin user and root both get keys.
REFUSALS_OF_TWO = {
    "PermitRootLogin no\n": (
        "sshd is configured with PermitRootLogin no, so root cannot log in with the keys that the "
        "first boot adds",
        "remove that setting from {image}/usr/etc/ssh/sshd_config",
    ),
    "AllowGroups a\n": (
        "sshd is configured with AllowGroups a, so no one outside these groups can log in",
        "check that the deployed user and root can log in, or remove that setting from "
        "{image}/usr/etc/ssh/sshd_config",
    ),
    "AllowUsers root\n": (
        "sshd is configured with AllowUsers root, so no one else can log in",
        "check that the deployed user can log in, or remove that setting from "
        "{image}/usr/etc/ssh/sshd_config",
    ),
    "PubkeyAuthentication no\n": (
        "sshd is configured with PubkeyAuthentication no, so the VM is Ready but no one can log "
        "in with the keys that the first boot adds",
        "remove that setting from {image}/usr/etc/ssh/sshd_config",
    ),
}


@pytest.mark.parametrize("config", REFUSALS_OF_TWO)
def test_a_refusal_of_one_of_two_users_names_that_user(image: Path, config: str) -> None:
    """The settings are read from the folder that SUSE uses, too."""
    what, fix = REFUSALS_OF_TWO[config]
    change(
        image,
        {
            **first_boot("--admin-user --ssh-keys root"),
            "etc/passwd": ROOT_USER,
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "usr/etc/ssh/sshd_config": ALIVE + config,
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert (finding.what, finding.fix) == (what, fix.format(image=image))


def test_a_locked_user_is_unlocked_without_a_password(image: Path) -> None:
    """The fix sets '*', which neither restores the old password nor allows an empty one."""
    change(image, {**keys_for("ops", ""), "etc/shadow": "ops:!$6$a:19000:0:99999:7:::\n"})

    finding, hash_behind_lock = check(Image(Root(str(image))))

    assert hash_behind_lock.rule == "passwords"

    assert finding.what == (
        f"ops is locked by a '!' in {image}/etc/shadow, and sshd without PAM refuses locked users, "
        "so the VM is Ready but no one can log in with the keys that the first boot adds to ops"
    )
    assert finding.fix == f"echo 'ops:*' | chroot {image} chpasswd -e"


#: The command that creates a user who can log in with a key, also if sshd has no PAM.
USER_COMMANDS = {
    "debian": "chroot {image} useradd --create-home --password '*' carol",
    "alpine": "chroot {image} adduser -D carol && echo 'carol:*' | chroot {image} chpasswd -e",
}


@pytest.mark.parametrize("name", USER_COMMANDS)
def test_a_missing_user_is_created(image: Path, name: str) -> None:
    """The fix uses the tools of the distribution."""
    change(
        image,
        {
            **first_boot("--ssh-keys carol"),
            "etc/passwd": ROOT_USER,
            "usr/lib/os-release": f"ID={name}\n",
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == USER_COMMANDS[name].format(image=image)


NEW_KEYS = "remove them and let the image create new ones at its first boot"
# Beside a usual one, which deprovision removes, and one that does not exist.
BY_HOSTKEY: Change = {
    "etc/ssh/sshd_config": "ClientAliveInterval 180\nHostKey /etc/ssh/ssh_host_rsa_key\n"
    "HostKey /none\nHostKey /etc/ssh/key\n",
    **dict.fromkeys(("etc/ssh/key", "etc/ssh/ssh_host_rsa_key"), "x"),
}
BY_DROPBEAR: Change = {"etc/dropbear/dropbear_rsa_host_key": "x", "etc/dropbear/config": "x"}
#: Host keys that deprovision keeps, their paths, and the fix.
OTHER_HOST_KEYS: Dict[str, Tuple[Change, List[str], str]] = {
    "a HostKey line": (
        BY_HOSTKEY,
        ["/etc/ssh/key"],
        f"{NEW_KEYS}, or remove the HostKey lines so that sshd uses its usual keys",
    ),
    "another server": (BY_DROPBEAR, ["/etc/dropbear/dropbear_rsa_host_key"], NEW_KEYS),
    "servers in an initramfs": (
        {
            "etc/dropbear/initramfs/dropbear_rsa_host_key": "x",
            "etc/dropbear-initramfs/dropbear_ecdsa_host_key": "x",
            "etc/ssh/dracut_ssh_host_ed25519_key": "x",
        },
        [
            "/etc/dropbear/initramfs/dropbear_rsa_host_key",
            "/etc/dropbear-initramfs/dropbear_ecdsa_host_key",
            "/etc/ssh/dracut_ssh_host_ed25519_key",
        ],
        f"{NEW_KEYS}; the initramfs has copies, so rebuild it",
    ),
    "both": (
        {**BY_HOSTKEY, **BY_DROPBEAR},
        ["/etc/ssh/key", "/etc/dropbear/dropbear_rsa_host_key"],
        f"{NEW_KEYS}, or remove the HostKey lines so that sshd uses its usual keys",
    ),
}


@pytest.mark.parametrize("case", OTHER_HOST_KEYS)
def test_host_keys_that_deprovision_keeps_are_named(image: Path, case: str) -> None:
    """deprovision keeps each of the host keys that check finds, and says so."""
    done, keys, fix = OTHER_HOST_KEYS[case]
    change(image, done)

    _, _, log = azprov("deprovision", "--root", image, "--yes")

    paths = ", ".join(f"{image}{key}" for key in keys)
    assert (
        f"SSH host keys stay in the image ({paths}): every VM would share them and could be "
        f"impersonated; {fix}\n"
    ) in log
    assert [key for key in keys if not (image / key[1:]).exists()] == []


@pytest.mark.parametrize("case", OTHER_HOST_KEYS)
def test_host_keys_that_deprovision_keeps_are_found(image: Path, case: str) -> None:
    """Host keys are an error in an image, and a note on a running machine."""
    done, keys, fix = OTHER_HOST_KEYS[case]
    change(image, done)
    machine = Root(str(image))
    machine.is_live = True

    findings = [
        (one.severity, one.what[one.what.index("(") + 1 : one.what.index(")")], one.fix)
        for root in (Root(str(image)), machine)
        for one in check(Image(root))
        if one.rule == "host-keys-elsewhere"
    ]

    assert findings == [
        ("error", ", ".join(f"{image}{key}" for key in keys), fix),
        ("note", ", ".join(keys), f"before you make an image of this VM: {fix}"),
    ]


def test_a_home_among_temporary_files_is_moved(image: Path) -> None:
    """Everyone has to be able to write to /tmp, so its mode must not be changed."""
    change(
        image,
        {
            **keys_for("ops", ""),
            "etc/passwd": f"{ROOT_USER}ops:x:1000:1000::/tmp/ops:/bin/sh\n",
            "tmp": Folder(0o1777),
        },
    )

    assert [one.fix for one in found_by(image, "homes-writable")] == [
        "give that user a home in a folder that is not for temporary files"
    ]
