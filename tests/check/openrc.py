"""Faults and working variants of images that boot with OpenRC."""

from typing import Dict

from check.image_changes import PYZ, Wrong, first_boot
from sound_image import Change

#: Debian's init with OpenRC: sysvinit, and its scripts call openrc.
SYSVINIT: Change = {
    "sbin/init": "ELF",
    "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n"
    "1:2345:respawn:/sbin/getty 38400 tty1\n",
    "etc/init.d/rcS": "#!/bin/sh\nexec /sbin/openrc sysinit\n",
}

WRONG_OPENRC: Dict[str, Wrong] = {
    "no /sbin/init": Wrong("init-missing", "error", {"sbin/init": None}),
    "busybox whose inittab does not start OpenRC": Wrong(
        "init-other", "error", {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}
    ),
    "busybox without inittab": Wrong("init-other", "error", {"etc/inittab": None}),
    "the service of systemd": Wrong(
        "service-missing",
        "error",
        {
            **SYSVINIT,
            **first_boot("--admin-user"),
            "usr/lib/systemd/systemd": "program",
            "etc/init.d/azure-provisioning": None,
            "etc/runlevels/default/azure-provisioning": None,
        },
    ),
    "no service": Wrong(
        "service-missing",
        "error",
        {
            "etc/init.d/azure-provisioning": None,
            "etc/runlevels/default/azure-provisioning": None,
        },
    ),
    "not enabled": Wrong(
        "service-disabled", "error", {"etc/runlevels/default/azure-provisioning": None}
    ),
    "another script": Wrong("service-foreign", "error", {"etc/init.d/azure-provisioning": "x"}),
    "no archive": Wrong("program-unusable", "error", {PYZ: None}),
    "tiny-cloud": Wrong(
        "agent-enabled",
        "error",
        {
            "etc/init.d/tiny-cloud-main": "program",
            "etc/runlevels/default/tiny-cloud-main": "-> /etc/init.d/tiny-cloud-main",
        },
    ),
    "static": Wrong(
        "network-static",
        "error",
        {"etc/network/interfaces": "auto eth0\niface eth0 inet static\n\taddress 10.0.0.4/24\n"},
    ),
    "no network": Wrong("network-none", "error", {"etc/runlevels/boot/networking": None}),
    "no client": Wrong("network-no-client", "error", {"sbin/udhcpc": None}),
    "sshd not enabled": Wrong("ssh-disabled", "warning", {"etc/runlevels/default/sshd": None}),
}


FINE_OPENRC: Dict[str, Change] = {
    "an fstab with a disk that some VMs lack": {"etc/fstab": "LABEL=data /data ext4\n"},
    "Alpine": {},
    "openrc-init": {
        "sbin/init": "-> openrc-init",
        "sbin/openrc-init": "program",
        "etc/inittab": None,
    },
    "sysvinit": SYSVINIT,
    "sysvinit, with systemd installed": {**SYSVINIT, "usr/lib/systemd/systemd": "program"},
}
