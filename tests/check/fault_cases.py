"""Faults: one change to a sound image a row, and the one finding that it gives."""

import os
from typing import Dict

from check.boot_cases import WRONG_BOOT
from check.firewall_cases import WRONG_FIREWALL
from check.image_changes import (
    DAMAGED,
    LINUX,
    OTHER_ARCHIVE,
    PYZ,
    ROOT_USER,
    UNIT,
    Wrong,
    enabled,
    first_boot,
    grub,
    keys_for,
)
from check.network_cases import WRONG_NETWORK
from check.openrc import WRONG_OPENRC
from sound_image import (
    OPENRC,
    SYSTEM,
    VENDOR,
    WANTS,
    Folder,
)

#: An image whose first boot gives keys to root, so that someone can log in.
KEYLESS = {**first_boot("--ssh-keys root"), "etc/passwd": ROOT_USER}
ROOT_AND_ADMIN = {
    **first_boot("--ssh-keys root --admin-user"),
    "etc/sudoers.d/x": "",
    "usr/bin/sudo": "program",
}

OTHER_UID = 1001 if os.geteuid() == 1000 else 1000

WRONG: Dict[str, Wrong] = {
    "homes on a disk that the boot does not wait for": Wrong(
        "fstab-users-late",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/fstab": "LABEL=home /home ext4 nofail 0 2\n",
        },
    ),
    "homes behind a link to a disk that the boot does not wait for": Wrong(
        "fstab-users-late",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": "-> /data/home",
            "data/home/README": "",
            "etc/fstab": "LABEL=data /data ext4 nofail 0 2\n",
        },
    ),
    "keys on a disk that the boot does not wait for": Wrong(
        "fstab-users-late",
        "warning",
        {
            **keys_for("ops", "AuthorizedKeysFile /keys/%u/keys\n"),
            "etc/fstab": "LABEL=keys /keys ext4 nofail 0 2\n",
        },
    ),
    "a service that trusts any platform": Wrong(
        "service-trusting",
        "note",
        {
            **first_boot("--admin-user --platform any"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
        },
    ),
    "no service": Wrong(
        "service-missing", "error", {f"{SYSTEM}/{UNIT}": None, f"{WANTS}/{UNIT}": None}
    ),
    "not enabled": Wrong("service-disabled", "error", {f"{WANTS}/{UNIT}": None}),
    "masked": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": "-> /dev/null"}),
    "masked by an empty file": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": ""}),
    "the service of the sample script": Wrong(
        "service-foreign",
        "error",
        {f"{SYSTEM}/{UNIT}": "[Service]\nExecStart=/usr/bin/python3 /usr/local/provision.py\n"},
    ),
    "another timeout": Wrong(
        "service-altered",
        "warning",
        {
            f"{SYSTEM}/{UNIT}": "[Service]\nTimeoutStartSec=10\n"
            f"ExecStart=/usr/bin/python3 -I /{PYZ} provision\n"
        },
    ),
    "a drop-in": Wrong(
        "service-drop-in", "note", {f"{SYSTEM}/{UNIT}.d/x.conf": "[Service]\nNice=1\n"}
    ),
    "no archive": Wrong("program-unusable", "error", {PYZ: None}),
    "a truncated archive": Wrong(
        "program-unusable", "error", {PYZ: b"#!/usr/bin/python3\nPK\3\4half"}
    ),
    "an archive with a wrong byte": Wrong("program-unusable", "error", {PYZ: DAMAGED}),
    "another archive": Wrong("program-unusable", "error", {PYZ: OTHER_ARCHIVE}),
    "a broken link as the archive": Wrong("program-unusable", "error", {PYZ: "-> /none"}),
    "no Python": Wrong("python-unusable", "error", {"usr/bin/python3": None}),
    "no init": Wrong("init-unknown", "error", {"usr/lib/systemd/systemd": None}),
    "no /sbin/init": Wrong("init-missing", "error", {"sbin/init": None}),
    "a broken link as /sbin/init": Wrong(
        "init-missing", "error", {"sbin/init": "-> /lib/systemd/systemd"}
    ),
    "no /sbin/init, with dracut": Wrong(
        "init-missing", "warning", {"sbin/init": None, "etc/dracut.conf": ""}
    ),
    "no /sbin/init, with a part of dracut": Wrong(
        "init-missing",
        "error",
        {"sbin/init": None, "usr/lib/dracut/dracut-install": "program"},
    ),
    "an init= that does not exist": Wrong(
        "init-missing", "error", grub(f"{LINUX} init=/lib/sysvinit/init\n")
    ),
    "a shell as init=": Wrong(
        "init-other", "error", {**grub(f"{LINUX} init=/bin/bash rw\n"), "bin/bash": "ELF"}
    ),
    "sysvinit beside systemd": Wrong(
        "init-other", "error", {"sbin/init": "ELF", "etc/inittab": "si::sysinit:/etc/init.d/rcS\n"}
    ),
    "busybox beside systemd": Wrong(
        "init-other", "error", {"sbin/init": "-> ../bin/busybox", "bin/busybox": "ELF"}
    ),
    "busybox beside systemd, with a unified kernel": Wrong(
        "init-other",
        "warning",
        {
            "sbin/init": "-> ../bin/busybox",
            "bin/busybox": "ELF",
            "boot/EFI/Linux/a.efi": "MZ",
        },
    ),
    "an unknown init": Wrong(
        "init-other", "warning", {"sbin/init": "-> /opt/nyx", "opt/nyx": "ELF"}
    ),
    "keys for a missing user": Wrong(
        "keys-user-missing", "error", {**first_boot("--ssh-keys ops"), "etc/passwd": ROOT_USER}
    ),
    "an admin without sudo": Wrong("admin-without-rights", "warning", first_boot("--admin-user")),
    "keys that sshd refuses": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nPubkeyAuthentication no\n",
        },
    ),
    "keys that sshd does not look for": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/passwd": ROOT_USER,
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nAuthorizedKeysFile none\n",
        },
    ),
    "root's keys, root denied": Wrong(
        "keys-refused", "error", keys_for("root", "PermitRootLogin No\n")
    ),
    "keys of another user with UID 0, root denied": Wrong(
        "keys-refused",
        "error",
        {
            **keys_for("toor", "PermitRootLogin forced-commands-only\n"),
            "etc/passwd": "toor:x:0:0::/toor:/bin/sh\n",
        },
    ),
    "root's keys, root allowed from some addresses": Wrong(
        "keys-refused",
        "warning",
        keys_for(
            "root",
            "PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin prohibit-password\n",
        ),
    ),
    "root's keys, PermitRootLogin set twice": Wrong(
        "keys-refused", "error", keys_for("root", "PermitRootLogin no\nPermitRootLogin yes\n")
    ),
    "keys of a denied user": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyUsers a b\nDenyUsers o?s\n")
    ),
    "keys of a user who is denied from everywhere": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyUsers ops@*\n")
    ),
    "keys of a user who is not allowed": Wrong(
        "keys-refused", "error", keys_for("ops", "AllowUsers a\nAllowUsers b@10.0.0.*\n")
    ),
    "keys of a user who is allowed from some hosts": Wrong(
        "logins-restricted", "warning", keys_for("ops", "AllowUsers a ops@10.0.0.*\n")
    ),
    "every group denied": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyGroups a\nDenyGroups *\n")
    ),
    "public keys switched off, in capitals": Wrong(
        "keys-refused", "error", keys_for("ops", "PubkeyAuthentication NO\n")
    ),
    "public keys switched off by Match all": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nMatch all\nPubkeyAuthentication no\n",
        },
    ),
    "root denied by a Match of root": Wrong(
        "keys-refused",
        "error",
        keys_for("root", "PermitRootLogin yes\nMatch User a,r??t\nPermitRootLogin no\n"),
    ),
    "root denied by a Match with an equals sign": Wrong(
        "keys-refused", "error", keys_for("root", "Match User=root\nPermitRootLogin no\n")
    ),
    "root denied by a Match of all users except others": Wrong(
        "keys-refused", "error", keys_for("root", "Match User *,!ops\nPermitRootLogin no\n")
    ),
    "root denied, and a Match of others": Wrong(
        "keys-refused",
        "error",
        keys_for(
            "root",
            "PermitRootLogin no\nMatch User sftp,!root Address 10.0.0.0/8\nPermitRootLogin yes\n"
            "Match User *,!root\nPermitRootLogin yes\n",
        ),
    ),
    "public keys switched off except for some users": Wrong(
        "keys-refused",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nPubkeyAuthentication no\n"
            "Match User *,!git\nPubkeyAuthentication yes\n",
        },
    ),
    "root denied, the admin user allowed": Wrong(
        "keys-refused",
        "warning",
        {**keys_for("root", "PermitRootLogin no\n"), **ROOT_AND_ADMIN},
    ),
    "root allowed, the admin user denied": Wrong(
        "logins-restricted", "warning", {**keys_for("root", "AllowUsers root\n"), **ROOT_AND_ADMIN}
    ),
    "two keys required": Wrong(
        "logins-restricted",
        "warning",
        keys_for("ops", "AuthenticationMethods publickey,publickey\n"),
    ),
    "keys of a user without a login shell": Wrong(
        "keys-user-without-shell",
        "error",
        {
            **keys_for("ops", ""),
            "etc/passwd": f"{ROOT_USER}ops:x:1000:1000::/home/ops:/usr/sbin/nologin\n",
        },
    ),
    "homes in a folder that everyone can write to": Wrong(
        "homes-writable",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": Folder(0o1777),
        },
    ),
    "homes in a folder that users cannot enter": Wrong(
        "homes-unusable",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": Folder(0o700),
        },
    ),
    "homes in a folder that systemd-tmpfiles may open": Wrong(
        "homes-unusable",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": Folder(0o700),
            "usr/lib/tmpfiles.d/home.conf": "# See tmpfiles.d(5)\nQ /home 0755 - - -\n",
        },
    ),
    "homes behind a link to a folder that users cannot enter": Wrong(
        "homes-unusable",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": "-> data",
            "data": Folder(0o750),
        },
    ),
    "a file in place of the folder of homes": Wrong(
        "homes-unusable",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": "a file",
        },
    ),
    "homes behind a link that leads nowhere": Wrong(
        "homes-unusable",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "home": "-> data/homes",
        },
    ),
    "a user of the image whose home is in a closed folder": Wrong(
        "homes-unusable",
        "error",
        {
            **keys_for("ops", ""),
            # Not the user who runs the tests, who can open the folder.
            "etc/passwd": f"{ROOT_USER}ops:x:{OTHER_UID}:1000::/home/ops:/bin/sh\n",
            "home": Folder(0o700),
        },
    ),
    "keys of a service account": Wrong(
        "keys-user-service",
        "error",
        {
            **keys_for("daemon", ""),
            "etc/passwd": f"{ROOT_USER}daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n",
        },
    ),
    "keys of a locked user": Wrong(
        "keys-user-locked",
        "error",
        {**keys_for("ops", "UsePAM no\n"), "etc/shadow": "ops:!:19000:0:99999:7:::\n"},
    ),
    "keys of a locked user, and the admin user": Wrong(
        "keys-user-locked",
        "warning",
        {
            **keys_for("ops", ""),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            **first_boot("--ssh-keys ops --admin-user"),
            "etc/shadow": "ops:!:19000:0:99999:7:::\n",
        },
    ),
    "keys of a locked user on Alpine": Wrong(
        "keys-user-locked",
        "error",
        {
            **keys_for("ops", "UsePAM yes\n"),
            "usr/lib/os-release": "ID=alpine\n",
            "etc/shadow": "ops:!:19000:0:99999:7:::\n",
        },
    ),
    "every user denied": Wrong(
        "keys-refused",
        "error",
        {
            **keys_for("ops", "DenyUsers *\n"),
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
        },
    ),
    "a denied group": Wrong("logins-restricted", "warning", keys_for("ops", "DenyGroups guests\n")),
    "passwords only": Wrong(
        "keys-refused",
        "error",
        keys_for("ops", "AuthenticationMethods password keyboard-interactive:pam\n"),
    ),
    "a password beside the key": Wrong(
        "keys-refused",
        "error",
        keys_for("ops", "AuthenticationMethods publickey,password hostbased,publickey\n"),
    ),
    "a second factor beside the key": Wrong(
        "logins-restricted",
        "warning",
        keys_for("ops", "AuthenticationMethods password publickey,keyboard-interactive:pam\n"),
    ),
    "logins of others": Wrong(
        "logins-restricted",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nAllowUsers alice\n",
        },
    ),
    "no one can log in": Wrong(
        "no-login",
        "note",
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
    ),
    "another command": Wrong(
        "service-altered",
        "error",
        {f"{SYSTEM}/{UNIT}": f"[Service]\nExecStart=/usr/bin/python3 -I /{PYZ} provison\n"},
    ),
    "a drop-in that may keep azprov from Azure": Wrong(
        "service-drop-in",
        "warning",
        {f"{SYSTEM}/{UNIT}.d/x.conf": "[Service]\nPrivateNetwork=yes\n"},
    ),
    "cloud-init": Wrong("agent-enabled", "error", enabled("cloud-init.service")),
    "cloud-init enabled in its own target": Wrong(
        "agent-enabled",
        "error",
        {
            f"{VENDOR}/cloud-init-local.service": "[Unit]\n",
            f"{SYSTEM}/cloud-init.target.wants/cloud-init-local.service": "-> x",
        },
    ),
    "cloud-init enabled in the rescue target": Wrong(
        "agent-installed",
        "warning",
        {
            f"{VENDOR}/cloud-init.service": "[Unit]\n",
            f"{VENDOR}/rescue.target.wants/cloud-init.service": "-> ../cloud-init.service",
        },
    ),
    "cloud-init removed from its target": Wrong(
        "agent-installed",
        "warning",
        {**enabled("cloud-init.service"), f"{WANTS}/cloud-init.service": "-> /dev/null"},
    ),
    "cloud-init switched off": Wrong(
        "agent-installed",
        "warning",
        {**enabled("cloud-init.service"), "etc/cloud/cloud-init.disabled": ""},
    ),
    "cloud-init for other platforms": Wrong(
        "agent-installed",
        "warning",
        {
            **enabled("cloud-init.service"),
            "etc/cloud/cloud.cfg.d/90.cfg": "datasource_list: [ NoCloud, None ]\n",
        },
    ),
    "cloud-init not enabled": Wrong(
        "agent-installed", "warning", {"usr/bin/cloud-init": "program"}
    ),
    "waagent": Wrong("agent-enabled", "error", enabled("walinuxagent.service")),
    "waagent masked": Wrong(
        "agent-installed",
        "warning",
        {
            **enabled("waagent.service"),
            f"{SYSTEM}/waagent.service": "-> /dev/null",
            "usr/sbin/waagent": "program",
        },
    ),
    "azure-init": Wrong("agent-enabled", "error", enabled("azure-init.service")),
    "afterburn": Wrong("agent-enabled", "error", enabled("afterburn-checkin.service")),
    "tiny-azagent": Wrong("agent-enabled", "error", enabled("tiny-azagent.service")),
    "sshd_not_to_be_run": Wrong("ssh-forbidden", "warning", {"etc/ssh/sshd_not_to_be_run": ""}),
    "no sshd": Wrong("ssh-missing", "warning", {"usr/sbin/sshd": None}),
    "sshd not enabled": Wrong("ssh-disabled", "warning", {f"{WANTS}/ssh.service": None}),
    "no host keys and no ssh-keygen": Wrong("ssh-host-keys", "error", {"usr/bin/ssh-keygen": None}),
    "a unit for host keys and no ssh-keygen": Wrong(
        "ssh-host-keys",
        "error",
        {"usr/bin/ssh-keygen": None, f"{VENDOR}/sshd-keygen@.service": "[Unit]\n"},
    ),
    "host keys by another name": Wrong(
        "host-keys-elsewhere",
        "error",
        {
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nHostKey\n"
            "HostKey /etc/ssh/ssh_host_rsa_key\n"
            "HostKey /none\nHostKey /srv/ssh_host_rsa_key\n",
            "srv/ssh_host_rsa_key": "x",
        },
    ),
    "host keys of dropbear": Wrong(
        "host-keys-elsewhere", "error", {"etc/dropbear/dropbear_ed25519_host_key": "x"}
    ),
    "host keys of tinysshd": Wrong(
        "host-keys-elsewhere", "error", {"etc/tinyssh/sshkeydir/.ed25519.sk": "x"}
    ),
    "no clock": Wrong("clock-unsynchronised", "note", {f"{WANTS}/chrony.service": None}),
    "a mark of Docker": Wrong("container-mark", "warning", {".dockerenv": ""}),
    "a mark of Podman": Wrong(
        "container-mark", "warning", {"run/.containerenv": "engine=podman\n"}
    ),
    "LVM: the disks of the build machine, and a root by UUID": Wrong(
        "lvm-devices", "warning", {"etc/lvm/devices/system.devices": "IDTYPE=devname\n"}
    ),
    "LVM: the disks of the build machine, and a root on LVM": Wrong(
        "lvm-devices",
        "error",
        {
            "etc/lvm/devices/system.devices": "IDTYPE=devname\n",
            "etc/fstab": "/dev/mapper/rhel-root / xfs defaults 0 0\n",
        },
    ),
    "LVM: the disks of the build machine, and a root on LVM in the boot menu": Wrong(
        "lvm-devices",
        "error",
        {
            "etc/lvm/devices/system.devices": "IDTYPE=devname\n",
            **grub(f"{LINUX} rd.lvm.lv=rhel/root\n"),
        },
    ),
    "sshd: no ClientAliveInterval": Wrong(
        "ssh-keepalive", "note", {"etc/ssh/sshd_config": "Match all\nClientAliveInterval 180\n"}
    ),
    "sshd: a ClientAliveInterval that is too long": Wrong(
        "ssh-keepalive",
        "note",
        {"etc/ssh/sshd_config": "clientaliveinterval=5m\nClientAliveInterval 60\n"},
    ),
    "the log of an installer": Wrong(
        "installer-files", "warning", {"root/anaconda-ks.cfg": "rootpw --iscrypted $6$x\n"}
    ),
    "a fixed name for the DHCP server": Wrong(
        "sent-hostname", "warning", {"etc/dhcpcd.conf": "hostname base\n"}
    ),
    "a keytab": Wrong("machine-identity", "warning", {"etc/krb5.keytab": "x"}),
    "mail": Wrong("spools", "note", {"var/mail/root": "x"}),
    "SSH host keys": Wrong("host-keys", "error", {"etc/ssh/ssh_host_rsa_key": "x"}),
    "a machine ID": Wrong("machine-id", "error", {"etc/machine-id": "0" * 32 + "\n"}),
    "the key of credentials": Wrong(
        "credential-secret", "warning", {"var/lib/systemd/credential.secret": "x"}
    ),
    "root's password": Wrong(
        "passwords",
        "warning",
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:$6$x$y:19000:0:99999:7:::\n"},
    ),
    "root's authorized keys": Wrong(
        "authorized-keys",
        "warning",
        {"etc/passwd": ROOT_USER, "root/.ssh/authorized_keys": "ssh-ed25519 AAAA\n"},
    ),
    "a hash behind a lock": Wrong(
        "passwords",
        "warning",
        {**KEYLESS, "etc/shadow": "root:!$6$x$y:19000:0:99999:7:::\n"},
    ),
    "a list of trusted hosts": Wrong("trusted-hosts", "warning", {"etc/hosts.equiv": "host\n"}),
    "users of a directory": Wrong(
        "open-login", "warning", {"etc/nsswitch.conf": "passwd: files ldap\n"}
    ),
    "data of waagent": Wrong("agent-data", "warning", {"var/lib/waagent/Certificates.xml": "x"}),
    "a DHCP lease": Wrong("leases", "warning", {"var/lib/dhcp/dhclient.leases": "x"}),
    "a random seed": Wrong("random-seed", "warning", {"var/lib/systemd/random-seed": "x"}),
    "the state of azprov": Wrong("state", "warning", {"var/lib/azprov/state.json": "{}"}),
    "a private key": Wrong(
        "private-keys",
        "warning",
        {**KEYLESS, "root/.ssh/id_rsa": "x"},
    ),
    "a shell history": Wrong("histories", "warning", {**KEYLESS, "root/.bash_history": "x"}),
    "a log": Wrong("logs", "note", {"var/log/auth.log": "x"}),
    "not UTF-8": Wrong("unread", "note", {"etc/dhcpcd.conf": None, "etc/fstab": b"# caf\xe9\n"}),
    **WRONG_NETWORK,
    **WRONG_BOOT,
    **WRONG_FIREWALL,
}

#: The faults under systemd and those under OpenRC, each with all that changes in a sound image.
WRONG_ANYWHERE: Dict[str, Wrong] = {
    **{f"systemd, {case}": wrong for case, wrong in WRONG.items()},
    **{
        f"OpenRC, {case}": wrong._replace(done={**OPENRC, **wrong.done})
        for case, wrong in WRONG_OPENRC.items()
    },
}
