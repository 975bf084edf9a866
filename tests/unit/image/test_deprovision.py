"""deprovision makes a used image generic: what it removes, keeps, and does after a failure."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Dict, List, Optional

import pytest

import needs
from azprov.errors import UsageError
from azprov.image.deprovision import carry_out, plan
from azprov.image.leftovers.apply import apply
from azprov.image.leftovers.leftover import EXAMINE
from azprov.image.leftovers.open_logins import find_open_logins
from azprov.image.leftovers.search import find_leftovers
from azprov.system.root import Root
from azprov.system.sshd.passwords import forbid_passwords
from check.image_changes import ALIVE
from images import azprov, deep_tree, tree
from person import UID
from ports import NoCommands
from project import ROOT
from silent_mount import NO_FUSE
from sound_image import make_sound

ME = f"{os.geteuid()}:{os.getegid()}"
VM = '{"vm_id": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "done": ["ready"]}\n'

# The number of the user who runs the tests counts as a person's, even if it is a daemon's.
OF_PERSON = {"etc/login.defs": f"UID_MIN {UID}\n"}
# Files that deprovision keeps byte for byte.
KEPT = {
    "etc/passwd": f"root:x:{ME}:root:/root:/bin/sh\nnobody:x:65534:65534::/nowhere:/bin/false\n",
    "etc/group": "root:x:0:\nsudo:x:27:ops\n",
    "etc/gshadow": "root:*::\nsudo:*::ops\n",
    "etc/sudoers": "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n",
    "etc/sudoers.d/README": "# deploy may look here\n",
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
    "usr/lib/systemd/systemd": "",
    "root/.bashrc": "x\n",
    "root/.aws/config": "x\n",
    "root/.azure/azureProfile.json": "x\n",
    "var/lib/dhcp/README": "x\n",
}
# Leftovers of a used machine, by rule.
LEFT: Dict[str, Dict[str, str]] = {
    "state": {
        "var/lib/azprov/state.json": VM,
        "etc/ssh/sshd_config.d/00-azprov.conf": "PasswordAuthentication no\n",
    },
    "host-keys": {
        "etc/ssh/ssh_host_rsa_key": "x",
        "etc/ssh/ssh_host_rsa_key.pub": "x",
        "etc/ssh/ssh_host_ed25519_key": "x",
        "etc/ssh/ssh_host_ed25519_key-cert.pub": "x",
        "etc/ssh/ssh_host_new_keys/0": "x",
    },
    "machine-id": {
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "var/lib/dbus/machine-id": "0123456789abcdef0123456789abcdef\n",
    },
    "random-seed": {
        "var/lib/systemd/random-seed": "x",
        "var/lib/urandom/random-seed": "x",
        "var/lib/seedrng/seed.credit": "x",
        "boot/loader/random-seed": "x",
    },
    "credential-secret": {"var/lib/systemd/credential.secret": "x"},
    "leases": {
        "var/lib/dhcp/dhclient.eth0.leases": "x",
        "var/lib/dhcpcd/eth0.lease": "x",
        "var/lib/dhcpcd/duid": "x",
        "var/lib/NetworkManager/internal-x-eth0.lease": "x",
        "var/lib/NetworkManager/secret_key": "x",
    },
    "lvm-devices": {
        "etc/lvm/devices/system.devices": "IDTYPE=sys_wwid IDNAME=naa.5000 DEVNAME=/dev/sda3\n",
        "etc/lvm/devices/backup/system.devices-20261127.101010.0001": "x",
    },
    "net-rules": {
        "etc/udev/rules.d/70-persistent-net.rules": 'SUBSYSTEM=="net", ACTION=="add", '
        'ATTR{address}=="00:0d:3a:12:34:56", NAME="eth0"\n'
    },
    "container-mark": {".dockerenv": "", "run/.containerenv": ""},
    "agent-data": {"var/lib/waagent/key.prv": "x", "var/lib/cloud/instance/user-data.txt": "x"},
    "authorized-keys": {
        "root/.ssh/authorized_keys": "x",
        "root/.ssh/authorized_keys2": "x",
        "etc/skel/.ssh/authorized_keys": "x",
        "usr/etc/skel/.ssh/authorized_keys2": "x",
    },
    "trusted-hosts": {
        "root/.rhosts": "x",
        "etc/skel/.rhosts": "x",
        "etc/skel/.shosts": "x",
        "etc/skel/.k5login": "x",
        "etc/skel/.k5users": "x",
    },
    "private-keys": {
        "root/.ssh/id_ed25519": "x",
        "root/.ssh/id_ed25519.pub": "x",
        "root/.ssh/known_hosts": "x",
        "root/.ssh/vm.pem": "x",
        "root/.netrc": "x",
        "root/.git-credentials": "x",
        "root/.pgpass": "x",
        "root/.aws/credentials": "x",
        "root/.azure/msal_token_cache.json": "x",
        "root/.azure/service_principal_entries.bin": "x",
        "root/.azure/accessTokens.json": "x",
        "root/.docker/config.json": '{"auths": {"r.example": {"auth": "dTpw"}}}',
        "root/.config/containers/auth.json": '{"auths": {"r.example": {"auth" : "dTpw"}}}',
        "root/.ssh/deploy": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
        "root/.ssh/old.ppk": "PuTTY-User-Key-File-3: ssh-ed25519\n",
        "root/.gnupg/private-keys-v1.d/0A.key": "x",
        "root/.npmrc": "//registry.example/:_authToken=x\n",
        "root/.pypirc": "[pypi]\npassword = x\n",
        "root/.my.cnf": "[client]\npassword=x\n",
        "root/.config/pip/pip.conf": "index-url = https://me:x@pypi.example/simple\n",
        "root/.config/gh/hosts.yml": "x",
        "root/.config/rclone/rclone.conf": "x",
        "root/.aws/sso/cache/0a.json": "x",
        "root/.kube/config": "x",
        "etc/skel/.ssh/id_ed25519": "x",
        "etc/skel/.netrc": "x",
    },
    "installer-files": {
        "root/anaconda-ks.cfg": "x",
        "root/install.log.syslog": "x",
        "var/log/anaconda/ks-script.log": "x",
        "var/log/installer/cdebconf/questions.dat": "x",
        "var/adm/autoinstall/cache/installedSystem.xml": "x",
    },
    "machine-identity": {
        "etc/pki/consumer/key.pem": "x",
        "etc/pki/entitlement/1-key.pem": "x",
        "etc/krb5.keytab": "x",
        "etc/nvme/hostid": "x",
        "etc/nvme/hostnqn": "x",
        "etc/zypp/credentials.d/SCCcredentials": "x",
        "var/lib/sss/db/cache_example.ldb": "x",
        "var/lib/samba/private/secrets.tdb": "x",
        "var/lib/ubuntu-advantage/private/machine-token.json": "x",
        "var/lib/tailscale/tailscaled.state": "x",
    },
    "spools": {
        "var/mail/ops": "x",
        "var/crash/202611270000/vmcore": "x",
        "var/lib/systemd/coredump/core.x.zst": "x",
        "tmp/build/notes": "x",
        "var/tmp/x": "x",
    },
    "logs": {
        "var/log/kern.log": "x",
        "var/log/mail.log.1": "x",
        "var/log/cron-20260101": "x",
        "var/log/sudo.log": "x",
        "var/log/dpkg.log": "x",
        "var/log/apt/history.log": "x",
        "var/log/azure/custom-script/handler.log": "x",
        "var/log/journal/0123456789abcdef0123456789abcdef/system.journal": "x",
        "var/log/auth.log": "x",
        "var/log/auth.log.1": "x",
        "var/log/azure-provisioning.log": "x",
        "var/log/wtmp.1": "x",
        "var/log/btmp-20260101.gz": "x",
        "var/log/audit/audit.log": "x",
        "var/log/audit/audit.log.1": "x",
        "var/lib/wtmpdb/wtmp.db": "x",
        "var/lib/lastlog/lastlog2.db": "x",
    },
    "histories": {
        "root/.bash_history": "x",
        "root/.python_history": "x",
        "root/.viminfo": "x",
        "etc/skel/.bash_history": "x",
        "root/.local/share/fish/fish_history": "x",
    },
    "passwords": {"etc/shadow": "root:$y$hash:19000:0:99999:7:::\n"},
}
UNIT = "etc/systemd/system/azure-provisioning.service"
LINK = "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"


def lay(root: Path, files: Dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def files(root: Path) -> Dict[str, str]:
    return {name: what for name, what in tree(root).items() if not what.startswith("folder")}


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """An image without leftovers."""
    root = tmp_path / "image"
    root.mkdir(mode=0o755)
    lay(root, KEPT)
    lay(root, {"etc/hostname": "localhost\n", "etc/hosts": "127.0.1.1\tlocalhost\n"})
    lay(root, {"etc/shadow": "root:*:19000:0:99999:7:::\n", "etc/machine-id": ""})
    (root / "etc/ssh/sshd_config.d").mkdir()
    return root


def test_an_image_without_leftovers_is_not_changed(clean: Path) -> None:
    """deprovision finds nothing, asks nothing and changes nothing."""
    before = tree(clean)

    assert find_leftovers(Root(str(clean))) == []
    assert azprov("deprovision", "--root", clean) == (0, "Nothing is left to do.\n", "")
    assert tree(clean) == before


def test_slash_run_is_not_searched_on_a_live_machine(clean: Path) -> None:
    """A container manager mounts its mark in /run, and deprovision could not remove the mount."""
    lay(clean, LEFT["container-mark"])
    machine = Root(str(clean))
    machine.is_live = True

    assert [leftover.path for leftover in find_leftovers(machine)] == ["/.dockerenv"]


def test_an_empty_state_folder_is_removed(clean: Path) -> None:
    """A power cut can leave the folder of the state without its file."""
    before = tree(clean)
    (clean / "var/lib/azprov").mkdir()

    assert azprov("deprovision", "--root", clean, "--yes")[0] == 0

    assert tree(clean) == before


def test_the_folder_of_an_agent_is_emptied(clean: Path) -> None:
    """The folder itself stays, so the result is the same after a power cut."""
    lay(clean, LEFT["agent-data"])

    for _ in range(2):
        assert azprov("deprovision", "--root", clean, "--yes")[0] == 0
        assert list((clean / "var/lib/waagent").iterdir()) == []


SETTINGS = {
    "root/.docker/config.json": '{"credsStore": "pass", "auths": {"r.example": {}}}',
    "root/.config/containers/auth.json": '{"auths": {"r.example": {"auth": ""}}}',
    "root/.npmrc": "registry=https://registry.example/\n",
    "root/.my.cnf": "[client]\nhost=db\n",
    "root/.config/pip/pip.conf": "index-url = https://pypi.example/simple\n",
    "root/.ssh/config": "Host x\n",
    "var/lib/cloud/seed/nocloud/meta-data": "instance-id: x\n",
    "etc/iscsi/initiatorname.iscsi": "GenerateName=yes\n",
    "var/log/README": "x",
}


def test_settings_without_secrets_stay(clean: Path) -> None:
    """cloud-init's seed, which an image maker wrote, and an iSCSI name still to be made stay."""
    lay(clean, SETTINGS)

    assert find_leftovers(Root(str(clean))) == []


def test_the_data_beside_cloud_inits_seed_goes(clean: Path) -> None:
    """Each file and link beside the seed is removed by itself."""
    lay(clean, {**SETTINGS, "var/lib/cloud/data/instance-id": "x"})
    (clean / "var/lib/cloud/instance").symlink_to("instances/x")

    assert azprov("deprovision", "--root", clean, "--yes")[0] == 0

    assert [path.name for path in (clean / "var/lib/cloud").iterdir()] == ["seed"]
    assert (clean / "var/lib/cloud/seed/nocloud/meta-data").read_text() == "instance-id: x\n"


@pytest.mark.parametrize(("unit", "left"), [("", "GenerateName=yes\n"), ("iscsi-init", None)])
def test_the_iscsi_name_is_made_again(clean: Path, unit: str, left: Optional[str]) -> None:
    """A service makes a new name: Debian 12's for this line, and others if the file is missing."""
    file = clean / "etc/iscsi/initiatorname.iscsi"
    lay(
        clean,
        {"etc/iscsi/initiatorname.iscsi": "## x\nInitiatorName=iqn.1993-08.org.debian:01:1\n"},
    )
    if unit:
        lay(clean, {f"usr/lib/systemd/system/{unit}.service": "[Unit]\n"})

    assert azprov("deprovision", "--root", clean, "--yes")[0] == 0

    assert (file.read_text() if file.exists() else None) == left
    assert find_leftovers(Root(str(clean))) == []


def test_temporary_files_of_a_running_machine_stay(clean: Path) -> None:
    """Its programs use them, and azprov.pyz itself may be there."""
    lay(clean, LEFT["spools"])
    machine = Root(str(clean))
    machine.is_live = True

    found = [leftover.path for leftover in find_leftovers(machine)]

    assert found == ["/var/mail", "/var/crash", "/var/lib/systemd/coredump"]


def test_a_fixed_name_for_the_dhcp_server_is_removed(clean: Path) -> None:
    """Every VM would announce it in place of its own; the rest of each file stays."""
    lay(
        clean,
        {
            "etc/sysconfig/network-scripts/ifcfg-eth0": "BOOTPROTO=dhcp\nDHCP_HOSTNAME=base\n",
            "etc/sysconfig/network/dhcp": 'DHCLIENT_HOSTNAME_OPTION="base"\n',
            "etc/dhcp/dhclient.conf": 'send host-name "base";\n',
            "etc/dhcpcd.conf": "hostname base\n",
            "etc/network/interfaces": "iface eth0 inet dhcp\n  hostname base\n",
            "etc/systemd/network/eth0.network": "[DHCPv4]\nHostname=base\n",
            "etc/NetworkManager/system-connections/a": "[ipv4]\ndhcp-hostname=base\n",
            "etc/netplan/a.yaml": "eth0:\n  dhcp4-overrides:\n    hostname: base\n",
        },
    )
    root = Root(str(clean))

    found = find_leftovers(root)
    for leftover in found:
        apply(root, leftover)

    assert {leftover.rule for leftover in found} == {"sent-hostname"}
    assert {leftover.path: root.read(leftover.path) for leftover in found} == {
        "/etc/sysconfig/network-scripts/ifcfg-eth0": b"BOOTPROTO=dhcp\n",
        "/etc/sysconfig/network/dhcp": b'DHCLIENT_HOSTNAME_OPTION="AUTO"\n',
        "/etc/dhcp/dhclient.conf": b"send host-name = gethostname();\n",
        "/etc/dhcpcd.conf": b"hostname\n",
        "/etc/network/interfaces": b"iface eth0 inet dhcp\n",
        "/etc/systemd/network/eth0.network": b"[DHCPv4]\n",
        "/etc/NetworkManager/system-connections/a": b"[ipv4]\n",
        "/etc/netplan/a.yaml": b"eth0:\n",
    }
    assert find_leftovers(root) == []


def test_mail_is_found_once(clean: Path) -> None:
    """One of the two folders is a link to the other one."""
    lay(clean, {"var/mail/ops": "x", "var/spool/x": "x"})
    (clean / "var/spool/mail").symlink_to("../mail")

    assert [leftover.path for leftover in find_leftovers(Root(str(clean)))] == ["/var/mail"]


@pytest.mark.parametrize("rule", LEFT)
def test_each_kind_of_leftover_is_found_and_removed(clean: Path, rule: str) -> None:
    """A leftover is found under its own rule, and its removal restores the image."""
    lay(clean, OF_PERSON)
    before = files(clean)
    lay(clean, LEFT[rule])
    root = Root(str(clean))

    found = find_leftovers(root)
    for leftover in found:
        apply(root, leftover)

    assert {leftover.rule for leftover in found} == {rule}
    paths = {f"/{name}" for name in LEFT[rule]}
    assert len(found) == len(paths)
    assert all(any(path.startswith(leftover.path) for path in paths) for leftover in found)
    assert find_leftovers(root) == []
    assert files(clean) == before


def findings(out: str) -> List[Dict[str, str]]:
    """The findings of `check`, without the one that no one can log in to such an image."""
    return [found for found in json.loads(out)["findings"] if found["rule"] != "no-login"]


SEVERITIES = {
    "logs": "note",
    "spools": "note",
    "host-keys": "error",
    "machine-id": "error",
    "net-rules": "error",
}


@pytest.mark.parametrize("rule", LEFT)
def test_check_finds_what_deprovision_removes(tmp_path: Path, rule: str) -> None:
    """Each kind of leftover gives one finding in a sound image, and none after deprovision."""
    image = make_sound(tmp_path / "image")
    lay(image, {**OF_PERSON, "etc/passwd": KEPT["etc/passwd"], **LEFT[rule]})

    _, out, _ = azprov("check", "--json", "--root", image)
    (finding,) = findings(out)

    assert finding["severity"] == SEVERITIES.get(rule, "warning")
    assert finding["rule"] == {"net-rules": "network-mac"}.get(rule, rule)
    assert str(image) in finding["what"]
    assert azprov("deprovision", "--root", image, "--yes")[0] == 0
    assert findings(azprov("check", "--json", "--root", image)[1]) == []


def test_a_used_image_is_made_generic(clean: Path) -> None:
    """deprovision removes all kinds of leftovers at once, and a second run finds nothing."""
    for left in LEFT.values():
        lay(clean, left)
    lay(clean, {"etc/hostname": "base\n", "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tbase\n"})

    code, out, err = azprov("deprovision", "--root", clean, "--yes")

    assert (code, out) == (0, "")
    assert f"{clean}/etc/machine-id: machine ID, emptied" in err
    assert (clean / "etc/machine-id").read_text() == ""
    assert (clean / "etc/shadow").read_text() == "root:*:19000:0:99999:7:::\n"
    assert (clean / "etc/hostname").read_text() == "localhost\n"
    assert (clean / "etc/hosts").read_text() == "127.0.0.1\tlocalhost\n127.0.1.1\tlocalhost\n"
    for name, content in KEPT.items():
        assert (clean / name).read_text() == content
    again = azprov("deprovision", "--root", clean, "--yes")
    assert again == (0, "Nothing is left to do.\n", "")


def test_without_systemd_the_machine_id_file_is_removed(clean: Path) -> None:
    """Only systemd fills an empty file at the next boot."""
    (clean / "usr/lib/systemd/systemd").unlink()
    lay(clean, {"etc/machine-id": "0123456789abcdef0123456789abcdef\n", "sbin/openrc-run": ""})

    azprov("deprovision", "--root", clean, "--yes")

    assert not (clean / "etc/machine-id").exists()


def test_a_placeholder_is_not_a_machine_id(clean: Path) -> None:
    """Image builders write `uninitialized`, or a link to the machine ID of systemd."""
    lay(clean, {"etc/machine-id": "uninitialized\n"})
    (clean / "var/lib/dbus").mkdir(parents=True)
    (clean / "var/lib/dbus/machine-id").symlink_to("/etc/machine-id")

    assert find_leftovers(Root(str(clean))) == []


def test_an_installed_service_is_enabled(clean: Path) -> None:
    """A first boot disables the service, so deprovision enables it again."""
    text = "ExecStart=/usr/bin/python3 -I /usr/local/lib/azprov/azprov.pyz provision\n"
    lay(clean, {UNIT: "[Service]\n" + text})

    assert azprov("deprovision", "--root", clean, "--yes")[0] == 0

    assert os.readlink(clean / LINK) == "/" + UNIT
    assert azprov("deprovision", "--root", clean, "--yes")[1] == "Nothing is left to do.\n"


@pytest.mark.parametrize("other", ["[Service]\nExecStart=/bin/other\n", None])
def test_a_foreign_or_masked_service_is_not_enabled(clean: Path, other: object) -> None:
    """deprovision enables only a service that starts azprov."""
    if other is None:
        (clean / UNIT).parent.mkdir(parents=True)
        (clean / UNIT).symlink_to("/dev/null")
    else:
        lay(clean, {UNIT: str(other)})

    assert azprov("deprovision", "--root", clean)[1] == "Nothing is left to do.\n"


USER = {
    "etc/passwd": KEPT["etc/passwd"] + f"deploy:x:{UID}:{UID}::/home/deploy:/bin/sh\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\ndeploy:$y$hash:19000:0:99999:7:::\n",
    "etc/group": f"root:x:0:\nsudo:x:27:ops,deploy\ndeploy:x:{UID}:\ndeployers:x:1001:deploy\n",
    "etc/gshadow": "root:*::\nsudo:*::ops,deploy\ndeploy:!::\n",
    "etc/subuid": "deploy:100000:65536\n",
    "etc/sudoers": KEPT["etc/sudoers"] + "deploy ALL=(ALL) NOPASSWD:ALL\n",
    "etc/sudoers.d/90-azprov": '"deploy" ALL=(ALL:ALL) NOPASSWD:ALL\n',
    "etc/sudoers.d/two": "deploy ALL=(ALL) ALL\nroot ALL=(ALL) ALL\n",
    "etc/sudoers.d/three": "Defaults:deploy !requiretty\ndeploy ALL=(ALL) ALL\n",
    "etc/doas.d/90-azprov.conf": "permit nopass deploy\n",
    "etc/doas.d/two.conf": "permit persist keepenv deploy\npermit nopass :wheel\n",
    "var/spool/cron/crontabs/deploy": "x",
    "var/mail/deploy": "x",
    "home/deploy/.ssh/authorized_keys": "x",
    "home/deploy/.bash_history": "x",
    "home/deploy/deep/er/file": "x",
}


def with_user(root: Path) -> None:
    lay(root, USER)
    for path in (root / "home/deploy", *(root / "home/deploy").rglob("*")):
        os.chown(path, UID, -1)


@pytest.mark.needs("root")  # the image has several users
def test_user_removes_everything_of_that_user(clean: Path) -> None:
    """Files of others are kept byte for byte, and a second run does not find the user."""
    before = {name: what.partition(" ")[2] for name, what in files(clean).items()}
    with_user(clean)
    (clean / "home/deploy/out").symlink_to("/etc")

    code, _, _ = azprov("deprovision", "--root", clean, "--user", "deploy", "--yes")

    assert code == 0
    left = {name: what.partition(" ")[2] for name, what in files(clean).items()}
    assert left == {
        **before,
        "etc/group": r"b'root:x:0:\nsudo:x:27:ops\ndeployers:x:1001:\n'",
        "etc/subuid": "b''",
        "etc/sudoers.d/two": r"b'root ALL=(ALL) ALL\n'",
        "etc/doas.d/two.conf": r"b'permit nopass :wheel\n'",
        "var/lib/azprov/former-ids": r"b'1000\n'",
    }
    again = azprov("deprovision", "--root", clean, "--user", "deploy", "--yes")
    assert again == (
        2,
        "",
        f"azprov: there is no user 'deploy' in {clean}/etc/passwd; "
        "correct the name, or leave out --user\n",
    )


@pytest.mark.parametrize(
    ("passwd", "group", "left"),
    [
        ("d:x:1000:1000::/n:/bin/sh\n", "d:x:1000:d\n", ""),
        ("d:x:1000:100::/n:/bin/sh\n", "d:x:999:d\n", "d:x:999:\n"),
        (
            "d:x:1000:1000::/n:/bin/sh\ne:x:1001:1000::/n:/bin/sh\n",
            "d:x:1000:d\n",
            "d:x:1000:\n",
        ),
        ("d:x:1000:1000::/n:/bin/sh\n", "d:x:1000:d,e\n", "d:x:1000:e\n"),
        ("", "d:x:1000:d,e\n", "d:x:1000:e\n"),
    ],
)
def test_only_a_group_of_the_users_own_is_removed(
    clean: Path, passwd: str, group: str, left: str
) -> None:
    """A group such as docker is kept even if a user has that name, as userdel does."""
    gshadow = "d:!::d\n"
    lay(clean, {"etc/passwd": passwd, "etc/group": group, "etc/gshadow": gshadow})
    root = Root(str(clean))

    assert carry_out(root, plan(root, "d")) == []

    assert (clean / "etc/group").read_text() == left
    assert (clean / "etc/gshadow").read_text() == ("d:!::\n" if left else "")
    assert (clean / "etc/passwd").read_text() == passwd.partition("\n")[2]
    with pytest.raises(UsageError, match="there is no user 'd'"):
        plan(root, "d")


@pytest.mark.needs("root")  # the image has several users
@pytest.mark.parametrize("path", ["etc/group", "etc/gshadow"])
def test_the_passwd_entry_is_kept_if_the_group_cannot_be_removed(clean: Path, path: str) -> None:
    """Without the entry, a second run could not find the owner of the group."""
    with_user(clean)
    in_its_way = clean / "etc" / f".{path[4:]}.azprov-new"
    (in_its_way / "x").mkdir(parents=True)
    root = Root(str(clean))

    failures = [str(failure) for failure in carry_out(root, plan(root, "deploy"))]

    assert failures[-1] == (
        f"other changes failed, so the entry of deploy stays in {clean}/etc/passwd"
    )
    assert "deploy:x:" in (clean / "etc/passwd").read_text()
    (in_its_way / "x").rmdir()
    assert carry_out(root, plan(root, "deploy")) == []
    for name in ("etc/passwd", path):
        assert "deploy:" not in (clean / name).read_text()


PEOPLE = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n"
    "builder:x:1000:1000::/nowhere:/bin/bash\nold:x:500:500::/nowhere:/bin/sh\n"
    "sync:x:1001:1001::/nowhere:/usr/sbin/nologin\nnobody:x:65534:65534::/:/bin/sh\n"
    "guest:x:1002:1002::/nowhere:\n",
}


@pytest.mark.parametrize(
    ("more", "listed"),
    [
        ({}, " (its users are builder, guest)"),
        ({"etc/login.defs": "UID_MIN 500\nUID_MAX 600\n"}, " (its users are builder, old, guest)"),
        ({"etc/passwd": "root:x:0:0::/root:/bin/sh\n"}, ""),
        ({"etc/passwd-": "fizz:x:1000:1000::/:/bin/sh\n"}, " (its users are builder, guest)"),
    ],
    ids=["users", "login.defs", "no-users", "backup"],
)
def test_an_unknown_user_is_a_usage_error(clean: Path, more: Dict[str, str], listed: str) -> None:
    """With a mistyped name nothing is changed, and the message lists the users of the image."""
    lay(clean, {**PEOPLE, **LEFT["leases"], **more})
    before = tree(clean)

    assert azprov("deprovision", "--root", clean, "--user", "zz", "--yes") == (
        2,
        "",
        f"azprov: there is no user 'zz' in {clean}/etc/passwd{listed}; "
        "correct the name, or leave out --user\n",
    )
    assert tree(clean) == before


def test_the_passwd_entry_is_removed_last(clean: Path) -> None:
    """After a power cut, the same command still finds the user and makes the other changes."""
    with_user(clean)
    lay(clean, {**LEFT["leases"], "etc/hostname": "base\n"})
    root = Root(str(clean))

    paths = [change.path for change in plan(root, "deploy")]

    assert "/home/deploy" in paths
    assert paths[-1] == "/etc/passwd"


def test_a_missing_host_name_is_not_created(clean: Path) -> None:
    """The first boot sets the host name of an image without /etc/hostname."""
    (clean / "etc/hostname").unlink()

    assert plan(Root(str(clean)), "") == []


def test_without_user_all_accounts_are_kept(clean: Path) -> None:
    """deprovision without --user removes only passwords and keys that let someone log in."""
    with_user(clean)

    assert azprov("deprovision", "--root", clean, "--yes")[0] == 0

    assert "deploy:*:" in (clean / "etc/shadow").read_text()
    assert not (clean / "home/deploy/.ssh/authorized_keys").exists()
    assert (clean / "home/deploy/deep/er/file").exists()
    for rights in ("etc/sudoers.d/90-azprov", "etc/doas.d/90-azprov.conf", "etc/sudoers.d/two"):
        assert (clean / rights).read_text() == USER[rights]


SYSTEM_UID = os.geteuid() or 998
SERVICE = f"svc:x:{SYSTEM_UID}:{SYSTEM_UID}::/srv/svc:/bin/sh\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINf5 old\n"
# Paths for each user and for all users, and paths that are not files of keys.
KEYS_FILES = (
    "AuthorizedKeysFile .ssh/keys2 /etc/ssh/keys/%u /dev/null\n"
    "Match User git\nAuthorizedKeysFile none\n"
    "Match Group sftp\nAuthorizedKeysFile /etc/ssh/%U.keys /etc/ssh/common%%keys /etc/ssh/folder\n"
)


@pytest.mark.needs("root")  # the image has several users
def test_keys_are_removed_from_every_path_that_sshd_reads(clean: Path) -> None:
    """Every AuthorizedKeysFile counts, also for system users; other files there are kept."""
    passwd = f"{KEPT['etc/passwd']}{SERVICE}app:x:54321:54321::/:/bin/sh\n"
    lay(clean, {"etc/passwd": passwd, "etc/ssh/sshd_config": KEYS_FILES})
    stays = {"etc/ssh/keys/README": "x", "etc/ssh/folder/x": "x", "srv/svc/.ssh/config": "x"}
    lay(clean, stays)
    keys = {
        "/srv/svc/.ssh/authorized_keys": "svc",
        "/srv/svc/.ssh/authorized_keys2": "svc",
        "/srv/svc/.ssh/keys2": "svc",
        "/etc/ssh/keys/app": "app",
        "/etc/ssh/keys/svc": "svc",
        f"/etc/ssh/{SYSTEM_UID}.keys": "svc",
        "/etc/ssh/common%keys": "",
    }
    lay(clean, {path[1:]: KEY for path in keys})
    (clean / "etc/ssh/keys/nobody").symlink_to("app")
    keys["/etc/ssh/keys/nobody"] = "nobody"
    (clean / "dev").mkdir()
    os.mkfifo(clean / "dev/null")
    for path in (clean / "srv/svc", *(clean / "srv/svc").rglob("*")):
        os.chown(path, SYSTEM_UID, -1)
    root = Root(str(clean))

    found = find_leftovers(root)

    assert {(left.rule, left.path, left.user) for left in found} == {
        ("authorized-keys", path, user) for path, user in keys.items()
    }
    assert carry_out(root, plan(root, "")) == []
    assert find_leftovers(root) == []
    assert [(clean / name).read_text() for name in stays] == ["x", "x", "x"]
    assert (clean / "dev/null").exists()


def test_check_finds_keys_outside_homes(tmp_path: Path) -> None:
    """`check` reads the same settings of sshd as deprovision."""
    image = make_sound(tmp_path / "image")
    lay(image, {"etc/passwd": KEPT["etc/passwd"], "etc/ssh/sshd_config": ALIVE + KEYS_FILES})
    lay(image, {"etc/ssh/common%keys": KEY})

    _, out, _ = azprov("check", "--json", "--root", image)

    (finding,) = json.loads(out)["findings"]
    assert finding["rule"] == "authorized-keys"
    assert f"{image}/etc/ssh/common%keys" in finding["what"]


def test_a_shared_home_belongs_to_its_first_account(clean: Path) -> None:
    """On Fedora the account operator shares the home of root, and has no rights in it."""
    lay(clean, {"etc/passwd": KEPT["etc/passwd"] + "operator:x:11:0::/root:/sbin/nologin\n"})
    lay(clean, {"root/.ssh/authorized_keys": "x", "root/.ssh/authorized_keys2": "x"})
    root = Root(str(clean))

    assert [left.user for left in find_leftovers(root)] == ["root", "root"]
    assert carry_out(root, plan(root, "")) == []


def test_keys_outside_the_home_are_removed_before_the_entry(clean: Path) -> None:
    """The keys could not be found without the user's entry in passwd."""
    with_user(clean)
    lay(clean, {"etc/ssh/sshd_config": KEYS_FILES, "etc/ssh/keys/deploy": KEY})
    root = Root(str(clean))

    changes = plan(root, "deploy")

    paths = [change.path for change in changes]
    assert paths.count("/etc/ssh/keys/deploy") == 1
    assert paths.index("/etc/ssh/keys/deploy") < paths.index("/etc/passwd")
    assert "/home/deploy/.ssh/authorized_keys" not in paths
    assert carry_out(root, changes) == []
    assert list((clean / "etc/ssh/keys").iterdir()) == []
    assert plan(root, "") == []


@pytest.mark.needs("root")
def test_keys_are_removed_from_a_home_that_is_kept(clean: Path) -> None:
    """Keys in a kept home could be inherited by the next user of that name."""
    with_user(clean)
    (clean / "home/deploy/.bash_history").unlink()
    os.chown(clean / "home/deploy", 0, -1)
    root = Root(str(clean))

    assert carry_out(root, plan(root, "deploy")) == []

    assert list(files(clean / "home/deploy")) == ["deep/er/file"]
    assert "deploy" not in (clean / "etc/passwd").read_text()


@pytest.mark.needs("root")
def test_the_passwd_entry_is_kept_if_keys_cannot_be_removed(clean: Path) -> None:
    """Without the entry, a second run could not find the keys."""
    with_user(clean)
    os.chown(clean / "home/deploy", 54321, -1)
    os.chown(clean / "home/deploy/.ssh", 0, -1)
    root = Root(str(clean))

    failures = [str(failure) for failure in carry_out(root, plan(root, "deploy"))]

    keys = clean / "home/deploy/.ssh/authorized_keys"
    assert f"could not remove {keys} (Permission denied)" in failures[0]
    assert "so the entry of deploy stays in" in failures[-1]
    assert "deploy:x:" in (clean / "etc/passwd").read_text()


@pytest.mark.parametrize("before", ["", "Port 22\n"])
def test_azprovs_lines_in_sshd_config_are_removed(clean: Path, before: str) -> None:
    """azprov writes into the main file if there is no folder for drop-ins."""
    config = clean / "etc/ssh/sshd_config"
    config.write_text("PasswordAuthentication yes\n")
    root = Root(str(clean))
    forbid_passwords(root, NoCommands())
    config.write_text(before + config.read_text())
    config.chmod(0o600)

    code, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert code == 0
    assert f"{config}: azprov's sshd settings, removed" in err
    assert config.read_text() == before + "PasswordAuthentication yes\n"
    assert config.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "config",
    [
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n",
        "# azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication yes\n"
        "ChallengeResponseAuthentication no\n",
        "Port 22 # azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "ChallengeResponseAuthentication no\n",
    ],
)
def test_other_lines_in_sshd_config_are_kept(clean: Path, config: str) -> None:
    """Similar lines of others, and lines that were edited since, are kept."""
    lay(clean, {"etc/ssh/sshd_config": config})

    assert plan(Root(str(clean)), "") == []


def test_the_passwd_entry_is_kept_if_the_home_cannot_be_removed(clean: Path) -> None:
    """Without the entry, a second run could not find the home."""
    with_user(clean)
    root = Root(str(clean))
    changes = plan(root, "deploy")
    (home,) = (change for change in changes if change.what == "home of deploy")
    # What makes the removal of the home fail needs root, such as an attribute of a file.
    failing = home._replace(action=EXAMINE, what="could not remove the home")
    changes[changes.index(home)] = failing

    failures = carry_out(root, changes)

    err = "\n".join(map(str, failures))
    assert f"other changes failed, so the entry of deploy stays in {clean}/etc/passwd" in err
    assert "deploy:x:" in (clean / "etc/passwd").read_text()


def test_a_home_with_very_many_nested_folders_is_removed(clean: Path) -> None:
    """A user can nest thousands of folders."""
    with_user(clean)
    with deep_tree(clean / "home/deploy"):
        code, _, err = azprov("deprovision", "--root", clean, "--user", "deploy", "--yes")

        assert (code, (clean / "home/deploy").exists()) == (0, False), err


@pytest.mark.needs("root", "unshare", "mount")  # the image has several users
@pytest.mark.parametrize("place", ["home/deploy", "home/deploy/deep"])
def test_a_mount_in_the_home_is_refused_before_any_change(clean: Path, place: str) -> None:
    """A bind mount of another folder keeps its files, and the user stays complete."""
    with_user(clean)
    (clean / "srv/data").mkdir(parents=True)
    (clean / "srv/data/file").write_text("")
    os.chown(clean / "srv/data", UID, -1)
    before = tree(clean)
    script = 'mount --bind "$1/srv/data" "$1/$2" && shift 2 && exec "$@"'
    azprov_command = [sys.executable, "-m", "azprov", "deprovision", "--root", str(clean)]

    done = subprocess.run(
        [*needs.unshare("-m"), "sh", "-c", script, "sh", str(clean), place, *azprov_command]
        + ["--user", "deploy", "--yes"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 73
    assert done.stderr == (
        f"azprov: a file system is mounted at {clean}/{place}, in the home of deploy, so nothing "
        "was changed; unmount the file system that is mounted inside\n"
    )
    assert tree(clean) == before


def deprovision_after(
    script: str, clean: Path, outside: Path
) -> "subprocess.CompletedProcess[str]":
    """Run deprovision in a mount namespace, after a script with the root and a folder as $1, $2."""
    azprov_command = [sys.executable, "-m", "azprov", "deprovision", "--root", str(clean), "--yes"]
    return subprocess.run(
        [*needs.unshare("-m"), "sh", "-ec", f'{script}; shift 2; exec "$@"', "sh"]
        + [str(clean), str(outside), *azprov_command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=False,
    )


def run_beside(
    point: Path, options: str, clean: Path, *words: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command while a file system is mounted whose program never answers."""
    command = [sys.executable, "-m", "azprov", *words, "--root", str(clean)]
    done = subprocess.run(
        [*needs.unshare("-m"), sys.executable, str(ROOT / "tests/silent_mount.py")]
        + [str(point), options, *command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == NO_FUSE:
        pytest.skip("the machine does not allow FUSE")
    return done


@pytest.mark.needs("root", "unshare")
@pytest.mark.parametrize("place", ["home/deploy/mnt", "home/deploy/.ssh", "srv/data"])
def test_a_file_system_that_a_user_serves_is_refused(clean: Path, place: str) -> None:
    """A user's program that never answers would keep deprovision waiting forever."""
    with_user(clean)
    (clean / place).mkdir(parents=True, exist_ok=True)
    before = tree(clean)

    done = run_beside(clean / place, ",allow_other", clean, "deprovision", "--yes")

    assert done.stderr == (
        f"azprov: another user's program serves the FUSE file system at {clean}/{place}, and could "
        "keep deprovision waiting forever, so nothing was changed; unmount the file system that "
        "is mounted inside\n"
    )
    assert done.returncode == 73
    assert tree(clean) == before


@pytest.mark.needs("root", "unshare")
def test_a_file_system_that_a_user_serves_is_not_checked(clean: Path) -> None:
    """check reads homes, too, and would wait for the user's program."""
    with_user(clean)
    (clean / "home/deploy/.ssh").mkdir(parents=True, exist_ok=True)

    done = run_beside(clean / "home/deploy/.ssh", ",allow_other", clean, "check")

    assert done.stderr == (
        f"azprov: another user's program serves the FUSE file system at {clean}/home/deploy/.ssh, "
        "and could keep check waiting forever, so nothing was checked; unmount the file system "
        "that is mounted inside\n"
    )
    assert done.returncode == 73


@pytest.mark.needs("root", "unshare")
def test_a_file_system_that_is_for_its_user_alone_is_passed_by(clean: Path) -> None:
    """The kernel keeps root out of it without asking the user's program."""
    with_user(clean)
    (clean / "home/deploy/mnt").mkdir()

    done = run_beside(clean / "home/deploy/mnt", "", clean, "deprovision", "--yes")

    assert done.returncode == 0, done.stderr


@pytest.mark.needs("root", "unshare", "mount")
@pytest.mark.parametrize(
    ("script", "point", "changed"),
    [
        pytest.param(
            'mount --bind "$2" "$1/root"',
            "root",
            "root/.bash_history",
            id="a folder",
        ),
        pytest.param(
            'mount -t tmpfs none "$2"; echo ls >"$2/.bash_history"; mount --bind "$2" "$1/root"',
            "root",
            "root/.bash_history",
            id="another file system",
        ),
        pytest.param(
            'mount --bind "$2/machine-id" "$1/etc/machine-id"',
            "etc/machine-id",
            "etc/machine-id",
            id="a file",
        ),
    ],
)
def test_files_of_the_machine_that_are_mounted_in_the_image_stay(
    clean: Path, tmp_path_factory: pytest.TempPathFactory, script: str, point: str, changed: str
) -> None:
    """A chroot often has such mounts, and they are refused before any change."""
    outside = tmp_path_factory.mktemp("outside")
    lay(outside, {".bash_history": "ls\n", "machine-id": "0123456789abcdef0123456789abcdef\n"})
    lay(clean, {"etc/machine-id": "abcdef0123456789abcdef0123456789\n"})
    before = tree(outside)

    done = deprovision_after(script, clean, outside)

    assert done.stderr == (
        f"azprov: files from outside the image are mounted at {clean}/{point}, and "
        f"deprovision would change {clean}/{changed}, so nothing was changed; "
        "unmount the file system that is mounted inside\n"
    )
    assert done.returncode == 73
    assert tree(outside) == before
    assert (clean / "etc/machine-id").read_text() == "abcdef0123456789abcdef0123456789\n"


@pytest.mark.needs("root", "unshare", "mount")
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            'for f in proc sys dev; do mkdir -p "$1/$f"; mount --rbind /$f "$1/$f"; done',
            id="a chroot",
        ),
        pytest.param('mount --bind "$1" "$1"', id="the image itself"),
        pytest.param('mkdir "$1/a"; mount --bind "$1/a" "$1/root"', id="its own folder"),
        pytest.param('mount -t tmpfs none "$1/root"', id="its own file system"),
    ],
)
def test_other_mounts_in_an_image_are_no_hindrance(
    clean: Path, tmp_path_factory: pytest.TempPathFactory, script: str
) -> None:
    """Partitions of the image are mounted in it, and /proc, /sys and /dev for a chroot."""
    lay(clean, {"etc/machine-id": "abcdef0123456789abcdef0123456789\n"})
    fill = '; if [ -d "$1/root" ]; then echo ls >"$1/root/.bash_history"; fi'

    done = deprovision_after(script + fill, clean, tmp_path_factory.mktemp("outside"))

    assert done.returncode == 0, done.stderr
    assert (clean / "etc/machine-id").read_text() == ""


def test_after_any_failure_the_same_command_still_finds_the_user(clean: Path) -> None:
    """The passwd entry is kept until all other changes were made."""
    lay(clean, {"etc/passwd": "d:x:1000:1000::/n:/bin/sh\n"})
    (clean / "boot/loader/random-seed/x").mkdir(parents=True)
    root = Root(str(clean))

    failures = carry_out(root, plan(root, "d"))

    assert len(failures) == 2
    assert failures[1].summary == (
        f"other changes failed, so the entry of d stays in {clean}/etc/passwd"
    )
    (clean / "boot/loader/random-seed/x").rmdir()
    (clean / "boot/loader/random-seed").rmdir()
    assert carry_out(root, plan(root, "d")) == []
    assert (clean / "etc/passwd").read_text() == ""


def test_backups_with_passwords_are_removed(clean: Path) -> None:
    """useradd and passwd keep the previous version of shadow, with the old passwords."""
    lay(clean, {"etc/shadow-": "root:$y$hash:1::::::\n", "etc/passwd-": "old"})

    azprov("deprovision", "--root", clean, "--yes")

    assert not (clean / "etc/shadow-").exists()
    assert (clean / "etc/passwd-").exists()


def test_records_of_logins_are_emptied(clean: Path) -> None:
    """The files are kept, because logins are recorded only if they exist."""
    lay(clean, {"var/log/wtmp": "x", "var/log/lastlog": "x", "var/log/btmp": ""})

    _, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert f"{clean}/var/log/wtmp: record of logins, emptied" in err
    assert [(clean / "var/log" / name).read_text() for name in ("wtmp", "lastlog", "btmp")] == [
        "",
        "",
        "",
    ]


@pytest.mark.needs("archive", "root", "mount", "unshare")
def test_a_root_on_overlayfs(clean: Path, tmp_path: Path) -> None:
    """Homes are removed although overlayfs may give a file another device than its folder."""
    from pyz import PYZ

    with_user(clean)
    merged, other = tmp_path / "merged", tmp_path / "other"
    merged.mkdir()
    other.mkdir()
    # Two layers on different file systems, as containers usually have.
    script = (
        'mount -t tmpfs none "$2" && mkdir "$2/upper" "$2/work" && mount -t overlay none '
        '-o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$3" || exit 99; shift 3; exec "$@"'
    )
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(clean), str(other), str(merged)]
    command += [sys.executable, "-I", str(PYZ), "deprovision", "--user", "deploy", "--yes"]
    done = subprocess.run(
        [*command, "--root", str(merged)], capture_output=True, text=True, check=False
    )
    if done.returncode == 99:
        pytest.skip("needs a kernel with overlayfs")

    assert done.returncode == 0, done.stderr


@pytest.mark.needs("root")
def test_the_logs_of_ubuntu_are_removed(clean: Path) -> None:
    """The group syslog may write to /var/log, but not to the files of root in it."""
    lay(clean, {"var/log/journal/abc/system.journal": "x", "var/log/auth.log": "x"})
    lay(clean, {"var/log/wtmp": "x"})
    os.chown(clean / "var/log", 0, 104)
    (clean / "var/log").chmod(0o775)
    (clean / "var/log/journal").chmod(0o2755)
    os.chown(clean / "var/log/auth.log", 104, 4)
    (clean / "var/log/auth.log").chmod(0o640)

    code, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert code == 0, err
    assert not list((clean / "var/log/journal").iterdir())
    assert (clean / "var/log/wtmp").read_text() == ""


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", ["journal", "wtmp"])
def test_a_link_of_a_group_is_not_followed(clean: Path, name: str) -> None:
    """A member of the group syslog may replace a name in Ubuntu's /var/log by a link."""
    lay(clean, {"victim/abc/x": "kept", "var/log/x": "x", "victim/file": "kept"})
    os.chown(clean / "var/log", 0, 104)
    (clean / "var/log").chmod(0o775)
    (clean / "var/log" / name).symlink_to("/victim" if name == "journal" else "/victim/file")

    azprov("deprovision", "--root", clean, "--yes")

    assert (clean / "victim/abc/x").read_text() == "kept"
    assert (clean / "victim/file").read_text() == "kept"


@pytest.mark.parametrize("name", ["root", "toor"])
def test_accounts_with_the_number_0_are_refused(clean: Path, name: str) -> None:
    """The number decides, so an account of another name cannot be removed either."""
    lay(clean, {"etc/passwd": "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n"})

    with pytest.raises(UsageError, match="has UID 0 and cannot be removed"):
        plan(Root(str(clean)), name)


@pytest.mark.parametrize(
    "entry",
    [
        "sshd:x:104:65534::/run/sshd:/usr/sbin/nologin",
        "www-data:x:33:33::/var/www:/bin/false",
        "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin",
    ],
)
def test_the_account_of_a_service_is_refused(clean: Path, entry: str) -> None:
    """Without its own user, sshd does not start."""
    lay(clean, {"etc/passwd": f"root:x:0:0::/root:/bin/sh\n{entry}\n"})

    with pytest.raises(UsageError, match="is a system account, with UID"):
        plan(Root(str(clean)), entry.partition(":")[0])


def test_without_a_terminal_the_changes_are_only_listed(clean: Path) -> None:
    """The exit code is 2, and the image is not changed."""
    lay(clean, LEFT["leases"])
    before = tree(clean)

    code, out, err = azprov("deprovision", "--root", clean)

    assert code == 2
    assert (
        f"{clean}/var/lib/dhcpcd/duid: DHCP lease or client ID; will be removed" in out.splitlines()
    )
    assert err == (
        "azprov: nothing was changed, because there is no terminal to ask on; "
        "--yes makes the changes without asking\n"
    )
    assert tree(clean) == before


def test_json_without_yes_changes_nothing(clean: Path) -> None:
    """deprovision asks no question with --json, and prints one object with the planned changes."""
    lay(clean, LEFT["net-rules"])
    before = tree(clean)

    code, out, _ = azprov("deprovision", "--root", clean, "--json")

    assert code == 2
    assert json.loads(out)["planned"] == [
        {
            "path": "/etc/udev/rules.d/70-persistent-net.rules",
            "what": "network names by MAC address",
        }
    ]
    assert tree(clean) == before


@pytest.mark.parametrize("name", ["../etc", "a/b", "..", ""])
def test_an_invalid_user_name_is_refused(clean: Path, name: str) -> None:
    """The name becomes a part of paths that are removed."""
    before = tree(clean)

    code, _, err = azprov("deprovision", "--root", clean, "--user", name, "--yes")

    assert code == 2
    assert f"argument --user: the user name '{name}' cannot be used" in err
    assert tree(clean) == before


@pytest.mark.needs("archive")
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("YES", 0), ("n", 2), ("", 2)])
def test_a_terminal_is_asked_for_confirmation(clean: Path, answer: str, code: int) -> None:
    """The default answer is no."""
    from pyz import PYZ

    lay(clean, LEFT["leases"])
    master, slave = pty.openpty()
    command: List[str] = [sys.executable, "-I", str(PYZ), "deprovision", "--root", str(clean)]
    with subprocess.Popen(
        command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as p:
        os.write(master, answer.encode() + b"\n")
        _, err = p.communicate(timeout=60)
    os.close(slave)
    os.close(master)

    assert p.returncode == code
    assert b"Make these changes? [y/N] " in err
    assert (b"azprov: cancelled; nothing was changed\n" in err) == (code == 2)
    assert (clean / "var/lib/dhcpcd/duid").exists() == (code == 2)


def test_a_failure_of_the_only_change_is_not_counted(clean: Path) -> None:
    """A plan of one change is not counted: "1 of 1 changes" would be wrong English."""
    (clean / "boot/loader/random-seed/x").mkdir(parents=True)

    _, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert err.splitlines()[-1] == (
        "azprov: the change failed; fix the causes above and run it again"
    )


def test_all_other_changes_are_made_after_a_failure(clean: Path) -> None:
    """The failure is logged and counted in the last line, and the exit code is 73."""
    lay(clean, LEFT["leases"])
    lay(clean, LEFT["random-seed"])
    seed = clean / "var/lib/urandom/random-seed"
    seed.unlink()
    seed.mkdir()
    (seed / "x").write_text("")

    code, out, err = azprov("deprovision", "--root", clean, "--yes", "--json")

    assert code == 73
    answer = json.loads(out)
    assert len(answer["planned"]) == 9
    (failed,) = answer["failed"]
    assert failed.startswith(f"could not remove {seed}")
    assert err.splitlines()[-1] == (
        "azprov: 1 of 9 changes failed; fix the causes above and run it again"
    )
    assert not (clean / "boot/loader/random-seed").exists()
    assert not (clean / "var/lib/dhcpcd/duid").exists()


@pytest.mark.needs("archive", "root")
def test_an_ordinary_user_gets_exit_code_77(clean: Path) -> None:
    """The user owns only a part of the image, and so cannot make all changes."""
    from pyz import azprov_without_root

    with_user(clean)
    lay(clean, LEFT["leases"])
    os.chown(clean / "etc", 65534, 65534)

    code, out, err = azprov_without_root(
        "deprovision", "--user", "deploy", "--yes", "--json", "--root", ".", folder=clean
    )

    assert code == 77
    answer = json.loads(out)
    assert [line for line in answer["failed"] if line.startswith("other changes failed")]
    assert err.splitlines()[-1].endswith(" changes failed; run it as root")
    assert "deploy:x:" in (clean / "etc/passwd").read_text()


def test_a_file_that_cannot_be_examined_is_reported(clean: Path) -> None:
    """deprovision reports the file and makes all other changes."""
    lay(clean, LEFT["random-seed"])
    (clean / "etc/shadow").unlink()
    os.mkfifo(clean / "etc/shadow")

    code, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert code == 73
    assert f"{clean}/etc/shadow is not a regular file" in err
    assert not (clean / "boot/loader/random-seed").exists()


@pytest.mark.needs("root")
def test_a_link_in_a_home_gives_no_rights_of_root(clean: Path) -> None:
    """Files in a home are removed with the rights of its user."""
    lay(clean, {"etc/passwd": "eve:x:54321:54321::/home/eve:/bin/sh\n", "etc/authorized_keys": "x"})
    (clean / "home/eve").mkdir(parents=True)
    (clean / "home/eve/.ssh").symlink_to("/etc")
    os.chown(clean / "home/eve", 54321, 54321)

    code, _, err = azprov("deprovision", "--root", clean, "--yes")

    assert code == 73
    assert "Permission denied" in err
    assert (clean / "etc/authorized_keys").exists()


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/../etc/shadow", "/link/shadow"])
def test_a_file_of_accounts_is_kept_whatever_sshd_reads_it_as(clean: Path, path: str) -> None:
    """A setting of an image may name it as the file of authorized keys."""
    lay(clean, {"etc/ssh/sshd_config": f"AuthorizedKeysFile {path}\n"})
    (clean / "link").symlink_to("etc")

    azprov("deprovision", "--root", clean, "--yes")

    assert (clean / "etc/shadow").exists()


@pytest.mark.parametrize("home", ["/", "", "//.", "/usr/sbin", "/var/shared"])
def test_a_home_of_another_owner_is_kept(
    clean: Path, home: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The home of a system user may be /usr/sbin, or / as on Alpine and Fedora."""
    lay(clean, {"etc/passwd": f"daemon:x:54321:54321::{home}:/bin/false\n"})
    lay(clean, {"usr/sbin/sshd": "x", "var/shared/data": "x"})
    if os.geteuid() == 0:
        os.chown(clean, 54321, -1)  # even if the user owns /
    root = Root(str(clean))

    assert carry_out(root, plan(root, "daemon")) == []

    assert (clean / "etc/passwd").read_text() == ""
    assert (clean / "usr/sbin/sshd").exists()
    assert (clean / "var/shared/data").exists()
    assert (
        f"{root.outside(home or '/')}, the home of daemon, does not belong to that user and is kept"
        in caplog.messages
    )


@pytest.mark.needs("root")  # the image has several users
@pytest.mark.parametrize(
    "other", ["/home/deploy", "/home/deploy/", "/home/deploy/sub", "/home/link/sub"]
)
def test_a_home_that_another_account_uses_is_kept(
    clean: Path, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The user's keys are removed, and the other account keeps its files."""
    with_user(clean)
    lay(clean, {"home/deploy/sub/data": "x"})
    (clean / "home/link").symlink_to("deploy")
    with (clean / "etc/passwd").open("a") as passwd:
        passwd.write(f"zoe:x:2345:2345::{other}:/bin/sh\n")
    root = Root(str(clean))

    assert carry_out(root, plan(root, "deploy")) == []

    assert (clean / "home/deploy/sub/data").exists()
    assert not (clean / "home/deploy/.ssh/authorized_keys").exists()
    assert "deploy:x:" not in (clean / "etc/passwd").read_text()
    assert (
        f"{clean}/home/deploy, the home of deploy, is used by zoe too and is kept"
        in caplog.messages
    )


def test_a_sudo_rule_of_several_lines_is_removed_completely(clean: Path) -> None:
    """sudo rejects a file with a part of a rule."""
    rules = "deploy ALL=(ALL) \\\n  NOPASSWD: \\\n  ALL\nops ALL=(ALL) \\\n  ALL\n"
    lay(clean, {"etc/sudoers": rules})
    root = Root(str(clean))

    carry_out(root, plan(root, "deploy"))

    assert (clean / "etc/sudoers").read_text() == "ops ALL=(ALL) \\\n  ALL\n"


@pytest.mark.parametrize(
    ("path", "rules", "left"),
    [
        ("sudoers", "#1000 ALL=(ALL) ALL\n#1001 ALL=(ALL) ALL\n", "#1001 ALL=(ALL) ALL\n"),
        ("sudoers.d/a", "#1000 ALL=(ALL) ALL\n# who built it\n", None),
        ("sudoers.d/a", "d ALL=(ALL) ALL\n#1001 ALL=ALL\n", "#1001 ALL=ALL\n"),
        ("sudoers.d/a", "d ALL=(ALL) ALL\n#include /etc/b\n", "#include /etc/b\n"),
        ("doas.conf", "permit nopass d\npermit persist e as d\n", "permit persist e as d\n"),
        ("doas.conf", "permit nolog setenv { A=b -C } d cmd ls\npermit :d\n", "permit :d\n"),
        ("doas.conf", "permit nopass d\n", ""),
        ("doas.d/a.conf", "permit setenv { d } e\n", "permit setenv { d } e\n"),
    ],
)
def test_sudo_and_doas_rules_of_the_user_are_removed(
    clean: Path, path: str, rules: str, left: Optional[str]
) -> None:
    """Rules may name the user by number; rules for other users are kept."""
    lay(clean, {"etc/passwd": "d:x:1000:1000::/n:/bin/sh\n", f"etc/{path}": rules})
    root = Root(str(clean))

    assert carry_out(root, plan(root, "d")) == []

    file = clean / "etc" / path
    assert (file.read_text() if file.exists() else None) == left


def test_rules_for_a_shared_number_are_kept(clean: Path) -> None:
    """Another account has the same number, and the rule still applies to it."""
    lay(clean, {"etc/passwd": "d:x:1000:1000::/n:/bin/sh\ne:x:1000:1000::/n:/bin/sh\n"})
    lay(clean, {"etc/sudoers": "#1000 ALL=(ALL) ALL\n"})
    root = Root(str(clean))

    assert carry_out(root, plan(root, "d")) == []

    assert (clean / "etc/sudoers").read_text() == "#1000 ALL=(ALL) ALL\n"


def test_a_home_that_cannot_be_examined_does_not_hide_others(clean: Path) -> None:
    """Leftovers in the other homes, and those found before the error, are removed."""
    lay(
        clean,
        {
            **OF_PERSON,
            "etc/passwd": f"eve:x:{UID}:{UID}::/home/eve:/bin/sh\n"
            f"zoë:x:{UID}:{UID}::/home/zoe:/bin/sh\n",
            "etc/shadow": "zoë:$y$hash:19000::::::\n",
            "home/eve/.bash_history": "x",
            "home/zoe/.ssh/authorized_keys": "x",
        },
    )
    (clean / "home/eve/.ssh").symlink_to(".ssh")
    for path in (clean / "home").rglob("*"):
        os.chown(path, UID, -1, follow_symlinks=False)
    root = Root(str(clean))

    failures = carry_out(root, plan(root, ""))

    by_names, by_keys = map(str, failures)
    assert "could not list" in by_names
    assert "home/eve/.ssh (Too many levels of symbolic links)" in by_names
    assert "could not examine" in by_keys
    assert "home/eve/.ssh/authorized_keys (Too many levels of symbolic links)" in by_keys
    assert not (clean / "home/eve/.bash_history").exists()
    assert not (clean / "home/zoe/.ssh/authorized_keys").exists()
    assert (clean / "etc/shadow").read_text() == "zoë:*:19000::::::\n"


def test_host_keys_that_are_kept_are_in_the_json(tmp_path: Path) -> None:
    """A pipeline that reads the JSON learns that every VM will share these keys."""
    image = make_sound(tmp_path / "image")
    keys = ("etc/dropbear/dropbear_rsa_host_key", "etc/keys/host")
    for name in keys:
        (image / name).parent.mkdir(parents=True)
        (image / name).write_text("x")
    (image / "etc/ssh").mkdir()
    (image / "etc/ssh/sshd_config").write_text("HostKey /etc/keys/host\n")

    code, out, _ = azprov("deprovision", "--root", image, "--yes", "--json")

    assert code == 0
    assert json.loads(out)["kept"] == [
        {"path": "/etc/keys/host", "what": "SSH host key"},
        {"path": "/etc/dropbear/dropbear_rsa_host_key", "what": "SSH host key"},
    ]
    assert all((image / name).exists() for name in keys)


def test_a_file_of_accounts_is_parsed_once(tmp_path: Path) -> None:
    """A passwd of 4 MB has 60,000 users, and twenty searches need them."""
    image = make_sound(tmp_path / "image")
    (image / "etc/passwd").write_text(f"root:x:0:0::/root:/bin/sh\nonce:x:{UID}:1::/once:/bin/sh\n")
    parsed = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal parsed
        if event == "call" and frame.f_code.co_name == "_accounts_in":
            parsed += b"once" in frame.f_locals["passwd"]

    sys.setprofile(count)
    try:
        plan(Root(str(image)), "")
        find_open_logins(Root(str(image)))
    finally:
        sys.setprofile(None)

    assert parsed == 1
