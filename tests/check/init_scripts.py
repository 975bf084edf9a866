"""Images that boot with the scripts of System V, or with runit."""

from typing import Dict

from check.image_changes import Wrong
from project import ROOT
from sound_image import OPENRC, Change, File

SCRIPT = "etc/init.d/azure-provisioning"
_RUN = "etc/sv/azure-provisioning/run"
_TEXT = "#!/bin/sh\n### BEGIN INIT INFO\n### END INIT INFO\ncommand=/usr/bin/python3\n"
_OPTIONS = (
    'command_args="-I /usr/local/lib/azprov/azprov.pyz provision --unit azure-provisioning"\n'
)
_NO_OPENRC: Change = {
    **{path: None for path in OPENRC if path.startswith(("etc/runlevels/", "etc/init.d/"))},
    "sbin/openrc": None,
    "sbin/openrc-run": None,
}

SYSVINIT: Change = {
    **OPENRC,
    **_NO_OPENRC,
    "sbin/init": "ELF",
    "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n"
    "1:2345:respawn:/sbin/getty 38400 tty1\n",
    "etc/init.d/rcS": "#!/bin/sh\nexec /etc/init.d/rc S\n",
    "etc/init.d/networking": "program",
    "etc/rcS.d/S10networking": "-> ../init.d/networking",
    "etc/init.d/ssh": "program",
    "etc/rc2.d/S01ssh": "-> ../init.d/ssh",
    "etc/init.d/chrony": "program",
    "etc/rc2.d/S01chrony": "-> ../init.d/chrony",
    SCRIPT: _TEXT + _OPTIONS,
    "etc/rcS.d/S09azure-provisioning": "-> ../init.d/azure-provisioning",
}
BUSYBOX: Change = {
    **SYSVINIT,
    **{path: None for path in SYSVINIT if path.startswith(("etc/rcS.d/", "etc/rc2.d/"))},
    "sbin/init": "-> /bin/busybox",
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": "#!/bin/sh\nfor i in /etc/init.d/S??* ;do\n$i start\ndone\n",
    "etc/init.d/networking": None,
    "etc/init.d/S40networking": "program",
    "etc/init.d/ssh": None,
    "etc/init.d/S50sshd": "program",
    "etc/init.d/chrony": None,
    "etc/init.d/S49chrony": "program",
    "etc/init.d/S03azure-provisioning": "-> ../init.d/azure-provisioning",
}
RUNIT: Change = {
    **SYSVINIT,
    "sbin/init": "-> runit-init",
    "sbin/runit-init": "ELF",
    SCRIPT: None,
    "etc/rcS.d/S09azure-provisioning": None,
    "etc/sv/azure-provisioning/run": f"#!/bin/sh\ncommand=/usr/bin/python3\n{_OPTIONS}"
    "printf o >supervise/control\n",
    "etc/runit/runsvdir/default/azure-provisioning": "-> /etc/sv/azure-provisioning",
    "etc/rc2.d/S01ssh": None,
    "etc/sv/ssh/run": "program",
    "etc/runit/runsvdir/default/ssh": "-> /etc/sv/ssh",
}
S6: Change = {
    **RUNIT,
    **{path: None for path in RUNIT if path.startswith(("etc/runit/", "etc/rc"))},
    "sbin/runit-init": None,
    "sbin/init": "#!/bin/sh\nexec /usr/bin/s6-svscan /etc/scan\n",
    "etc/scan/azure-provisioning": "-> /etc/sv/azure-provisioning",
    "etc/scan/ssh": "-> /etc/sv/ssh",
    "etc/sv/networking/run": "program",
    "etc/scan/networking": "-> /etc/sv/networking",
    "etc/sv/chrony/run": "program",
    "etc/scan/chrony": "-> /etc/sv/chrony",
}
S6_LINUX_INIT: Change = {
    **S6,
    **{path: None for path in S6 if path.startswith("etc/scan/")},
    "sbin/init": '#!/bin/execlineb -S0\ns6-linux-init -c "/etc/s6-linux-init/current" -- "$@"\n',
    **{
        f"etc/s6-linux-init/current/run-image/service/{name}": f"-> /etc/sv/{name}"
        for name in ("azure-provisioning", "ssh", "networking", "chrony")
    },
}
DINIT: Change = {
    **S6,
    **{path: None for path in S6 if path.startswith(("etc/scan/", "etc/sv/"))},
    "sbin/init": "-> dinit",
    "sbin/dinit": "ELF",
    "etc/dinit.d/boot": "type = internal\nwaits-for.d: boot.d\n",
    "etc/dinit.d/azure-provisioning": (ROOT / "unit/azure-provisioning.dinit").read_text(),
    **{
        f"etc/dinit.d/boot.d/{name}": f"-> ../{name}"
        for name in ("azure-provisioning", "sshd", "networking", "chrony")
    },
    **{f"etc/dinit.d/{name}": "type = process\n" for name in ("sshd", "networking", "chrony")},
}
FINE_SCRIPTS: Dict[str, Change] = {
    "sysvinit": SYSVINIT,
    "busybox": BUSYBOX,
    "runit": RUNIT,
    "s6": S6,
    "s6-linux-init": S6_LINUX_INIT,
    "dinit": DINIT,
}

WRONG_SCRIPTS: Dict[str, Wrong] = {
    "sysvinit, no service": Wrong(
        "service-missing",
        "error",
        {**SYSVINIT, SCRIPT: None, "etc/rcS.d/S09azure-provisioning": None},
    ),
    "sysvinit, not enabled": Wrong(
        "service-disabled", "error", {**SYSVINIT, "etc/rcS.d/S09azure-provisioning": None}
    ),
    "sysvinit, the script of OpenRC": Wrong(
        "service-missing",
        "error",
        {**SYSVINIT, SCRIPT: f"#!/sbin/openrc-run\ncommand=/usr/bin/python3\n{_OPTIONS}"},
    ),
    "sysvinit, sshd not enabled": Wrong(
        "ssh-disabled", "warning", {**SYSVINIT, "etc/rc2.d/S01ssh": None}
    ),
    "busybox, not enabled": Wrong(
        "service-disabled", "error", {**BUSYBOX, "etc/init.d/S03azure-provisioning": None}
    ),
    "sysvinit, a script that is not executable": Wrong(
        "service-disabled", "error", {**SYSVINIT, SCRIPT: File(_TEXT + _OPTIONS, 0o644)}
    ),
    "sysvinit, not in the order of insserv": Wrong(
        "service-disabled",
        "error",
        {**SYSVINIT, "etc/init.d/.depend.boot": "TARGETS = mountall.sh ssh\n"},
    ),
    "runit, a script that is not executable": Wrong(
        "service-disabled",
        "error",
        {**RUNIT, "etc/sv/azure-provisioning/run": File(str(RUNIT[_RUN]), 0o644)},
    ),
    "runit, a file that keeps the service down": Wrong(
        "service-disabled", "error", {**RUNIT, "etc/sv/azure-provisioning/down": ""}
    ),
    "runit, not enabled": Wrong(
        "service-disabled",
        "error",
        {**RUNIT, "etc/runit/runsvdir/default/azure-provisioning": None},
    ),
    "runit, the service of sysvinit": Wrong(
        "service-missing",
        "error",
        {
            **RUNIT,
            "etc/sv/azure-provisioning/run": None,
            SCRIPT: _TEXT + _OPTIONS,
            "etc/rcS.d/S09azure-provisioning": "-> ../init.d/azure-provisioning",
        },
    ),
    "s6-linux-init, not enabled": Wrong(
        "service-disabled",
        "error",
        {
            **S6_LINUX_INIT,
            "etc/s6-linux-init/current/run-image/service/azure-provisioning": None,
        },
    ),
    "dinit, not enabled": Wrong(
        "service-disabled", "error", {**DINIT, "etc/dinit.d/boot.d/azure-provisioning": None}
    ),
    "dinit, sshd not enabled": Wrong(
        "ssh-disabled", "warning", {**DINIT, "etc/dinit.d/boot.d/sshd": None}
    ),
    "s6, not enabled": Wrong(
        "service-disabled", "error", {**S6, "etc/scan/azure-provisioning": None}
    ),
    "an unknown init program": Wrong(
        "init-unknown", "error", {**SYSVINIT, "sbin/init": "-> shepherd", "sbin/shepherd": "ELF"}
    ),
}
