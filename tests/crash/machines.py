"""The commands that are disturbed, and the root that each of them starts with."""

import os
from pathlib import Path
from typing import Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from azprov.image.install import install
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.init.lsb import SYSVINIT
from azprov.system.root import Root
from crash.simulated_azure import KEY, VM, Azure
from images import add_python
from sound_image import Change, change

SYSTEM = "etc/systemd/system"
UNIT = f"{SYSTEM}/azure-provisioning.service"
ENABLED = f"{SYSTEM}/multi-user.target.wants/azure-provisioning.service"
POOL = "var/lib/hyperv/.kvp_pool_1"
OPS, USED = 1001, 1002


class Command(NamedTuple):
    """A command line, and the root that it runs on."""

    name: str
    argv: Tuple[str, ...]
    prepare: Callable[[Path], None]
    #: The options with the platform's addresses.
    platform: Callable[[Azure], List[str]] = lambda _: []
    #: The public keys in the platform's metadata.
    keys: Tuple[str, ...] = (KEY,)
    exit_code: int = 0
    #: The exit code of another run after everything was done, if it differs.
    exit_code_when_done: Optional[int] = None
    #: Files that the command replaces several times, once for each changed line.
    changed_in_steps: FrozenSet[str] = frozenset()
    #: Files with mode 0600 that exist only during the run, with their content.
    temporary_files: Mapping[str, bytes] = {}


_ACCOUNTS: Change = {
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\nops:x:{OPS}:{OPS}::/home/ops:/bin/sh\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\nops:$y$hash:19000:0:99999:7:::\n",
    "etc/group": f"root:x:0:\nops:x:{OPS}:\n",
    "etc/gshadow": "root:*::\nops:!::\n",
    "etc/login.defs": "UID_MIN 2000\nGID_MIN 2000\n",
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
    "etc/ssh/sshd_config.d/README": "x\n",
    "etc/sudoers.d/README": "x\n",
    "home/ops/.profile": "# of ops\n",
}
_NAMED: Change = {
    "etc/hostname": "image\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\timage\n::1\tlocalhost\n",
}
_FRESH: Change = {
    **_ACCOUNTS,
    **_NAMED,
    # sshd before 8.2 has no Include, so azprov writes the main file as well as a drop-in.
    "etc/ssh/sshd_config": "Port 22\n",
    "etc/skel/.profile": "# new\n",
    "etc/skel/.config/settings": "x\n",
    "etc/skel/.link": "-> .profile",
    "sys/class/dmi/id/product_uuid": f"{VM}\n",
    UNIT: "[Service]\n",
    ENABLED: "-> /etc/systemd/system/azure-provisioning.service",
    POOL: "",
}
_USED: Change = {
    **_ACCOUNTS,
    **_NAMED,
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\nops:x:{OPS}:{OPS}::/home/ops:/bin/sh\n"
    f"used:x:{USED}:{USED}::/home/used:/bin/sh\n",
    "etc/shadow": "root:$y$hash:19000:0:99999:7:::\nops:$y$hash:19000:0:99999:7:::\n"
    "used:$y$hash:19000:0:99999:7:::\n",
    "etc/shadow-": "used:$y$hash:19000:0:99999:7:::\n",
    "etc/group": f"root:x:0:\nsudo:x:27:ops,used\nops:x:{OPS}:\nused:x:{USED}:\n",
    "etc/gshadow": "root:*::\nsudo:*::ops,used\nops:!::\nused:!::\n",
    "etc/subuid": "ops:100000:65536\nused:165536:65536\n",
    "etc/sudoers": "root ALL=(ALL:ALL) ALL\nused ALL=(ALL) NOPASSWD:ALL\n",
    "etc/sudoers.d/90-azprov": '"used" ALL=(ALL:ALL) NOPASSWD:ALL\n',
    "etc/ssh/sshd_config.d/00-azprov.conf": "PasswordAuthentication no\n",
    "etc/ssh/ssh_host_rsa_key": "x",
    "etc/ssh/ssh_host_rsa_key.pub": "x",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "var/lib/dbus/machine-id": "0123456789abcdef0123456789abcdef\n",
    "var/lib/azprov/state.json": f'{{"vm_id": "{VM}", "done": ["ready"]}}\n',
    "var/lib/systemd/random-seed": "x",
    "var/lib/dhcp/dhclient.eth0.leases": "x",
    "var/lib/waagent/certs/key.prv": "x",
    "var/lib/waagent/ovf-env.xml": "x",
    "var/log/journal/0123456789abcdef0123456789abcdef/system.journal": "x",
    "var/log/auth.log": "x",
    "var/log/wtmp": "x",
    "var/mail/used": "x",
    "var/spool/cron/crontabs/used": "x",
    "home/ops/.bash_history": "x",
    "home/ops/.ssh/authorized_keys": KEY,
    "home/ops/.ssh/id_ed25519": "x",
    "home/used/.profile": "x",
    "home/used/.ssh/authorized_keys": KEY,
    "usr/lib/systemd/systemd": "",
    UNIT: "[Service]\nExecStart=/usr/bin/python3 -I /usr/local/lib/azprov/azprov.pyz provision\n",
}


def _prepare(root: Path, changes: Change, owners: Dict[str, int]) -> None:
    change(root, changes)
    root.chmod(0o755)
    (root / "etc/shadow").chmod(0o640)
    for top, number in owners.items():
        for path in (root / top, *(root / top).rglob("*")):
            os.chown(path, number, number, follow_symlinks=False)


def _prepare_fresh(root: Path) -> None:
    _prepare(root, _FRESH, {"home/ops": OPS})
    (root / "var/lib").chmod(0o755)


def _prepare_used(root: Path) -> None:
    _prepare(root, _USED, {"home/ops": OPS, "home/used": USED})


def _prepare_image(root: Path, init: str, folder: str) -> None:
    """Prepare an image that has the init system's service folder, but not azprov's folders."""
    add_python(root)
    change(root, {init: "program", f"{folder}/README": "x\n"})
    root.chmod(0o755)


#: Files of images with other init systems, and of insserv.
_SYSVINIT: Change = {
    "sbin/init": "ELF",
    "etc/inittab": "si::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/.depend.boot": "TARGETS = mountall.sh networking\nnetworking: mountall.sh\n",
    "etc/rcS.d/S01mountall.sh": "-> ../init.d/mountall.sh",
}
_S6: Change = {
    "sbin/init": '#!/bin/execlineb -S0\ns6-linux-init -c "/etc/s6-linux-init/current" -- "$@"\n',
    "etc/s6-linux-init/current/run-image/service/s6-svscan-log/run": "program",
    "etc/sv/README": "",
}
_DINIT: Change = {
    "sbin/init": "-> dinit",
    "sbin/dinit": "ELF",
    "etc/dinit.d/boot": "type = internal\nwaits-for.d: boot.d\n",
}
_OSTREE: Change = {
    "usr/lib/systemd/systemd": "program",
    "usr/local": "-> ../var/usrlocal",
    "var/README": "",
    f"{SYSTEM}/README": "",
}


def _prepare_files(root: Path, files: Change) -> None:
    add_python(root)
    change(root, files)
    root.chmod(0o755)


def _prepare_installed_with_sysvinit(root: Path) -> None:
    _prepare_files(root, _SYSVINIT)
    unit = render_unit("/usr/bin/python3", [], init=SYSVINIT)
    install(Root(str(root)), b"archive", unit, [], init=SYSVINIT, enable=True, force=False)


def _prepare_installed(root: Path) -> None:
    _prepare_image(root, "usr/lib/systemd/systemd", SYSTEM)
    unit = render_unit("/usr/bin/python3", [])
    install(Root(str(root)), b"archive", unit, [], init=SYSTEMD, enable=True, force=False)


def _prepare_with_service_account(root: Path) -> None:
    """Prepare a machine on which the admin user is a service, which is final without a wait."""
    _prepare_fresh(root)
    with (root / "etc/passwd").open("a") as passwd:
        passwd.write("azureuser:x:33:33::/var/www:/usr/sbin/nologin\n")


COMMANDS = (
    Command(
        "provision",
        ("provision", "--admin-user", "--ssh-keys", "ops"),
        _prepare_fresh,
        lambda azure: azure.options,
        temporary_files={
            "etc/ssh/sshd_config.d/00-azprov.conf": b"# azprov: the platform asked for a VM "
            b"without password logins.\nPasswordAuthentication no\n"
            b"KbdInteractiveAuthentication no\nChallengeResponseAuthentication no\n"
        },
    ),
    Command(
        "provision-failing",
        ("provision", "--admin-user"),
        _prepare_with_service_account,
        lambda azure: azure.options,
        exit_code=78,
    ),
    Command(
        "install-systemd",
        ("install",),
        lambda root: _prepare_image(root, "usr/lib/systemd/systemd", SYSTEM),
    ),
    Command(
        "install-openrc",
        ("install",),
        lambda root: _prepare_image(root, "sbin/openrc-run", "etc/init.d"),
    ),
    Command("install-sysvinit", ("install",), lambda root: _prepare_files(root, _SYSVINIT)),
    Command("install-s6", ("install",), lambda root: _prepare_files(root, _S6)),
    Command("install-dinit", ("install",), lambda root: _prepare_files(root, _DINIT)),
    Command("install-ostree", ("install",), lambda root: _prepare_files(root, _OSTREE)),
    Command("uninstall", ("uninstall",), _prepare_installed),
    Command("uninstall-sysvinit", ("uninstall",), _prepare_installed_with_sysvinit),
    Command(
        "deprovision",
        ("deprovision", "--user", "used", "--yes"),
        _prepare_used,
        exit_code_when_done=2,
        changed_in_steps=frozenset(["etc/shadow", "etc/group", "etc/gshadow"]),
    ),
    Command(
        "ssh-keys", ("ssh-keys", "--user", "ops"), _prepare_fresh, lambda azure: azure.imds_option
    ),
    Command("set-hostname", ("set-hostname", "web01"), _prepare_fresh),
)
