"""Working variants of a sound image, none of which has a finding."""

from typing import Dict

from check.boot_cases import FINE_BOOT
from check.firewall_cases import FINE_FIREWALL
from check.image_changes import (
    LINUX,
    UNIT,
    enabled,
    first_boot,
    grub,
    keys_for,
)
from check.network_cases import FINE_NETWORK
from project import ROOT
from sound_image import (
    SYSTEM,
    VENDOR,
    WANTS,
    Change,
    Folder,
)

_ADMIN = {**first_boot("--admin-user"), "etc/sudoers.d/x": "", "usr/bin/sudo": "program"}

FINE: Dict[str, Change] = {
    "no folder of homes": _ADMIN,
    "a folder of homes that users can enter": {**_ADMIN, "home": Folder(0o711)},
    "a closed folder of homes without users": {"home": Folder(0o700)},
    "homes behind a link whose last folder is made": {
        **_ADMIN,
        "home": "-> data/homes",
        "data/README": "",
    },
    "homes behind a link to a folder that systemd-tmpfiles makes": {
        **_ADMIN,
        "home": "-> var/home/users",
        "usr/lib/tmpfiles.d/home.conf": "d /var/home 0755 root root -\n",
    },
    "homes behind a link to another file system": {
        **_ADMIN,
        "home": "-> data/homes",
        f"{SYSTEM}/data.mount": "[Mount]\nWhat=LABEL=data\nWhere=/data\n",
    },
    "a closed mount point for homes": {
        **_ADMIN,
        "home": Folder(0o700),
        "home/README": "",
        "etc/fstab": "LABEL=home /home ext4 defaults 0 2\n",
    },
    "a closed mount point of a unit": {
        **_ADMIN,
        "home": Folder(0o700),
        "home/README": "",
        f"{SYSTEM}/home.mount": "[Mount]\nWhat=LABEL=home\nWhere=/home\n",
    },
    "no change": {},
    "sshd: ClientAliveInterval in an included file": {
        "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nClientAliveInterval 0\n",
        "etc/ssh/sshd_config.d/a.conf": 'ClientAliveInterval "3m30"\n',
    },
    "LVM without a list of disks": {
        "etc/lvm/lvm.conf": "devices {\n}\n",
        "etc/fstab": "/dev/mapper/rhel-root / xfs defaults 0 0\n",
    },
    "systemd by a relative link": {
        "sbin/init": None,
        "bin/init": "-> ../lib/systemd/systemd",
        "lib/systemd/systemd": "ELF",
    },
    "systemd by a copy": {"sbin/init": "program"},
    "systemd by a script": {"sbin/init": "#!/bin/sh\nexec /usr/lib/systemd/systemd\n"},
    "systemd by init=": {
        **grub(f"{LINUX} init=/usr/lib/systemd/systemd\n"),
        "sbin/init": None,
    },
    "systemd by one of two entries": grub(
        f"menuentry 'a' {{\n {LINUX} init=/bin/sh\n}}\nmenuentry 'b' {{\n {LINUX}\n}}\n"
    ),
    "options in the service": {
        f"{SYSTEM}/{UNIT}": (ROOT / "unit" / UNIT)
        .read_text()
        .replace("azprov.pyz provision\n", "azprov.pyz provision --no-hostname --keep-enabled\n")
    },
    "keys of a user that another file names": {
        **keys_for("core", ""),
        "etc/nsswitch.conf": "passwd: files altfiles\n",
        "usr/lib/passwd": "core:x:500:500::/home/core:/bin/sh\n",
    },
    "homes on a disk that the boot does not wait for, and no user": {
        "etc/fstab": "LABEL=home /home ext4 nofail 0 2\n"
    },
    "other disks that the boot does not wait for": {
        **keys_for("ops", ""),
        "etc/fstab": "LABEL=x /home2 ext4 nofail 0 2\nLABEL=y /mnt ext4 nofail 0 2\n"
        "LABEL=z /home ext4 defaults 0 2\n",
    },
    "keys of a user, and no logins of root": keys_for("ops", "PermitRootLogin no\n"),
    "root's keys and no password": keys_for("root", "PermitRootLogin prohibit-password\n"),
    "root allowed, and a Match of others": keys_for(
        "root", "Match User sftp\nPermitRootLogin no\nDenyUsers root\n"
    ),
    "other users denied, and the user from other hosts": keys_for(
        "ops", "DenyUsers root OPS op op[s] ops@10.0.0.*\n"
    ),
    "one key as one of two methods": keys_for(
        "ops", "AuthenticationMethods publickey,keyboard-interactive publickey\n"
    ),
    "a user among the allowed users": keys_for("ops", "AllowUsers root\nAllowUsers a o?s@* \n"),
    "every user allowed": {
        **keys_for("ops", "AllowUsers *\nAllowGroups a *\n"),
        **first_boot("--ssh-keys ops --admin-user"),
        "etc/sudoers.d/x": "",
        "usr/bin/sudo": "program",
    },
    "a user allowed by a Match": keys_for(
        "ops",
        "PubkeyAuthentication no\nAllowUsers a\n"
        "Match User ops\nPubkeyAuthentication yes\nAllowUsers ops\n"
        "Match all\nPubkeyAuthentication no\nAllowUsers b\n",
    ),
    "another user refused by a Match with an equals sign": keys_for(
        "ops", "Match user=git\nPubkeyAuthentication no\nMatch invalid-user\nAllowUsers a\n"
    ),
    "a hidden file that refuses keys": {
        **keys_for("ops", "Include sshd_config.d/*\n"),
        "etc/ssh/sshd_config.d/.a": "PubkeyAuthentication no\n",
    },
    "other users refused by a Match": keys_for(
        "ops", "Match User *,!ops\nPubkeyAuthentication no\nAllowUsers a\n"
    ),
    "a locked user, with PAM": {
        **keys_for("ops", "UsePAM YES\n"),
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "a locked user, with Alpine's PAM": {
        **keys_for("ops", "UsePAM yes\n"),
        "usr/lib/os-release": "ID=alpine\n",
        "usr/sbin/sshd.pam": "program",
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "a locked user without sshd's settings": {
        **keys_for("ops", ""),
        "etc/ssh/sshd_config": None,
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "another locked user, and no password": {
        **keys_for("ops", ""),
        "etc/shadow": "ops:*:19000:0:99999:7:::\nroot:!:19000:0:99999:7:::\n",
    },
    "any method": keys_for("ops", "AuthenticationMethods any\n"),
    "an uninitialized machine ID": {"etc/machine-id": None},
    "dropbear": {
        "usr/sbin/sshd": None,
        f"{WANTS}/ssh.service": None,
        **enabled("dropbear.service"),
        "usr/sbin/dropbear": "program",
        "usr/bin/ssh-keygen": None,
    },
    "ssh by its socket": {f"{WANTS}/ssh.service": None, **enabled("ssh.socket")},
    "ssh by an alias": {
        f"{WANTS}/ssh.service": None,
        f"{WANTS}/sshd.service": f"-> /{VENDOR}/ssh.service",
    },
    "a clock by an alias": {
        f"{WANTS}/chrony.service": None,
        f"{SYSTEM}/clock.service": f"-> /{VENDOR}/chrony.service",
        f"{WANTS}/clock.service": f"-> /{SYSTEM}/clock.service",
    },
    "a clock by a script": {
        f"{WANTS}/chrony.service": None,
        "etc/init.d/ntpsec": "program",
        "etc/rc3.d/S01ntpsec": "-> ../init.d/ntpsec",
    },
    "a script of another init, not started": {"etc/init.d/tiny": "program"},
    "a link to a missing service": {f"{WANTS}/cloud-init.service": "-> /nowhere"},
    **FINE_NETWORK,
    **FINE_BOOT,
    **FINE_FIREWALL,
}
