"""In a real boot the service's sandbox refuses what it forbids, and allows what azprov needs.

A probe runs three times in one boot: without a sandbox, in the sandbox of the shipped
service, and in that of `install --admin-user`. An action that a sandbox refuses must work
without one: otherwise something other than the sandbox refuses it.
"""

import json
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, Set

import pytest

import needs
from boot.machine import UNIT, SystemdMachine, skip_without_means
from images import azprov
from project import ROOT

PROBE = Path(__file__).with_name("sandbox_probe.py")
FORMS = {"shipped": (), "admin": ("--admin-user",)}
REFUSALS = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT", "ETIMEDOUT", "SIGSYS"}
# By default nspawn itself refuses some of these, which would hide the effect of the sandbox.
NSPAWN = [
    "--capability=all",
    "--system-call-filter=@clock @cpu-emulation @debug @keyring @module @obsolete @pkey"
    " @privileged @raw-io @swap bpf perf_event_open",
]

# The actions that azprov needs, by the setting that permits them; None if no setting matters.
OPEN = {
    "ReadWritePaths": [
        "replace /etc/hostname",
        "replace /etc/hosts",
        "write /etc/ssh",
        "remove a link of a target",
        "append to the KVP pool",
        "write /var/lib/azprov",
        "write /run",
    ],
    # A container has no DVD drive that could be opened.
    "DeviceAllow": [],
    "IPAddressAllow": [
        "connect to WireServer",
        "connect to the metadata service",
        "connect to loopback",
    ],
    "CapabilityBoundingSet": [
        "CAP_SYS_ADMIN",
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FOWNER",
        "CAP_NET_BIND_SERVICE",
        "port 81",
        "set the host name",
        "chown",
        "chmod of a user's file",
        "write a closed file",
    ],
    "RestrictAddressFamilies": [
        "AF_UNIX",
        "AF_NETLINK",
        "AF_INET",
        "AF_INET6",
        "names of interfaces",
        "systemctl disable",
        "systemctl restart",
    ],
    # It hides other users' processes from a user, but not from the group root.
    "ProtectProc": ["see a process as root"],
    # The last one is how an attacker who controls azprov would leave the sandbox; the service
    # file says so.
    None: ["read /proc/uptime", "read /sys/class", "start a unit outside the sandbox"],
}
CGROUPS_2 = Path("/sys/fs/cgroup/cgroup.controllers")
each = dict.fromkeys
# The refused actions and their errors, by the setting that forbids them. Without any other
# setting a probe succeeds, as removing each of them once showed. ProtectClock,
# ProtectKernelLogs and RestrictRealtime forbid only what the capabilities and the filter
# forbid too, and UMask has systemd's default.
FORBIDDEN = {
    "ProtectSystem": {
        f"write {path}": "EROFS"
        for path in (
            "/",
            "/usr",
            "/usr/local/lib/azprov",
            "/boot",
            "/srv",
            "/opt",
            "/var/log",
            "/var/mail",
        )
    },
    "ProtectHome": {"write /home": "EROFS", "write /root": "EROFS", "read /home": "ENOENT"},
    "InaccessiblePaths": {
        "see /tmp of others": "ENOENT",
        "see /var/tmp of others": "ENOENT",
        "write /tmp": "EROFS",
    },
    "DevicePolicy": {
        # A container cannot control devices in version 1 of the control groups.
        "device /dev/net/tun": "EPERM" if CGROUPS_2.exists() else "done",
        "make a device": "EPERM",
    },
    "ProtectClock": each(
        ("call settimeofday", "call adjtimex", "CAP_SYS_TIME", "CAP_WAKE_ALARM"), "EPERM"
    ),
    "ProtectControlGroups": {"write a control group": "EROFS"},
    "ProtectKernelLogs": {
        "call syslog": "EPERM",
        "CAP_SYSLOG": "EPERM",
        "device /dev/kmsg": "ENOENT",
    },
    "ProtectKernelModules": {
        "read /usr/lib/modules": "ENOENT",
        **each(("call init_module", "call finit_module", "call delete_module"), "EPERM"),
        "CAP_SYS_MODULE": "EPERM",
    },
    "ProtectKernelTunables": {
        "tunable /proc/sys/net": "EROFS",
        "tunable /proc/sys/kernel": "EROFS",
        "tunable /sys": "EROFS",
    },
    "ProtectProc": {"see a process as a user": "EPERM"},
    "CapabilityBoundingSet": {
        **each(
            (
                "CAP_DAC_READ_SEARCH",
                "CAP_FSETID",
                "CAP_KILL",
                "CAP_SETGID",
                "CAP_SETUID",
                "CAP_SETPCAP",
                "CAP_LINUX_IMMUTABLE",
                "CAP_NET_BROADCAST",
                "CAP_NET_ADMIN",
                "CAP_NET_RAW",
                "CAP_IPC_LOCK",
                "CAP_IPC_OWNER",
                "CAP_SYS_RAWIO",
                "CAP_SYS_CHROOT",
                "CAP_SYS_PTRACE",
                "CAP_SYS_PACCT",
                "CAP_SYS_BOOT",
                "CAP_SYS_NICE",
                "CAP_SYS_RESOURCE",
                "CAP_SYS_TTY_CONFIG",
                "CAP_MKNOD",
                "CAP_LEASE",
                "CAP_AUDIT_WRITE",
                "CAP_AUDIT_CONTROL",
                "CAP_SETFCAP",
                "CAP_MAC_OVERRIDE",
                "CAP_MAC_ADMIN",
                "CAP_BLOCK_SUSPEND",
                "CAP_AUDIT_READ",
                "CAP_PERFMON",
                "CAP_BPF",
                "CAP_CHECKPOINT_RESTORE",
                "act as a user",
                "signal to another user",
                "flags of lo",
                "raw socket",
                "call userfaultfd",
            ),
            "EPERM",
        ),
        "priority": "EACCES",
        "useradd": "exit 12",  # it cannot create the home
    },
    "NoNewPrivileges": {"new privileges": "EPERM"},
    "LockPersonality": {"personality": "EPERM"},
    "MemoryDenyWriteExecute": each(
        ("memory to write and run", "memory written, then run"), "EPERM"
    ),
    "RestrictNamespaces": {
        **each(
            (
                f"{way} {name}"
                for way in ("unshare", "clone")
                for name in ("mnt", "cgroup", "uts", "ipc", "user", "pid", "net")
            ),
            "EPERM",
        ),
        "unshare time": "EPERM",
        "call setns": "EPERM",
    },
    "RestrictRealtime": {"realtime": "EPERM"},
    "RestrictSUIDSGID": each(("set-user-ID by chmod", "set-user-ID by open"), "EPERM"),
    "LimitCORE": {"allow core files": "EPERM"},
    "RestrictAddressFamilies": each(
        ("AF_PACKET", "AF_KEY", "AF_ALG", "AF_VSOCK", "AF_BLUETOOTH"), "EAFNOSUPPORT"
    ),
    # The packets are dropped, so the connection times out.
    "IPAddressDeny": {"connect to another address": "ETIMEDOUT"},
    "SystemCallArchitectures": {"i386 system call": "SIGSYS"},
    # Calls of the groups outside @system-service, then of those that the filter removes from it.
    "SystemCallFilter": each(
        (
            "call modify_ldt",  # @cpu-emulation
            "call perf_event_open",
            "call lookup_dcookie",
            "call pidfd_getfd",
            "trace a child",
            "call mount",
            "call umount2",
            "call pivot_root",
            "call fsopen",
            "call open_tree",
            "call uselib",  # @obsolete
            "call chroot",
            "call acct",
            "call bpf",
            "call fanotify_init",
            "call vhangup",
            "call open_by_handle_at",  # @privileged
            "call quotactl",  # @privileged
            "call setdomainname",  # @privileged
            "call iopl",  # @raw-io
            "call ioperm",  # @raw-io
            "call reboot",
            "call kexec_load",
            "call swapon",
            "call pkey_alloc",
            "call pkey_mprotect",
            "call io_setup",
            "call io_uring_setup",
            "call add_key",
            "call keyctl",
        ),
        "EPERM",
    ),
    # It makes the calls above fail with EPERM; the default would be SIGSYS.
    "SystemCallErrorNumber": {},
    "UMask": {"mode of a new file": "644"},
}
# The outcomes that differ for a service that creates users.
FOR_USERS = {
    **each(("write /", "write /home", "write /root", "write /var/mail"), "done"),
    **each(("write /srv", "write /opt", "write /var/log", "read /home"), "done"),
    **each(("CAP_SETUID", "CAP_SETGID", "CAP_AUDIT_WRITE", "act as a user", "useradd"), "done"),
    "see a process as a user": "ENOENT",
}
REFUSED_ANYWAY = {
    "tunable /proc/sys/kernel": "nspawn has mounted it read-only",
    "tunable /sys": "nspawn has mounted it read-only",
    "device /dev/kmsg": "nspawn does not provide it",
    "AF_KEY": "not every kernel has it",
    "AF_ALG": "not every kernel has it",
    "AF_BLUETOOTH": "not every kernel has it",
    "AF_VSOCK": "not every kernel has it",
    "CAP_SYS_RESOURCE": "the machine that boots may lack it",
}
SHIPPED = {
    **{probe: "done" for probes in OPEN.values() for probe in probes},
    **{probe: how for probes in FORBIDDEN.values() for probe, how in probes.items()},
}
EXPECTED = {"shipped": SHIPPED, "admin": {**SHIPPED, **FOR_USERS}}


def sandbox_settings() -> List[str]:
    unit = (ROOT / "unit" / UNIT).read_text().partition("\n[Install]")[0]
    settings = re.findall("^([A-Za-z]+)=", unit.partition("[Service]")[2], re.MULTILINE)
    usual = {"Type", "ExecStart", "TimeoutStartSec", "StandardOutput", "StandardError"}
    usual.update(("SyslogIdentifier", "RuntimeMaxSec"))
    return [name for name in settings if name not in usual]


def test_every_setting_of_the_sandbox_is_probed() -> None:
    """The table of probes names exactly the sandbox settings of the service file."""
    assert set(sandbox_settings()) == {*FORBIDDEN, *OPEN} - {None}


def test_every_group_of_system_calls_is_probed() -> None:
    """The probes include at least one call of every group that the filter forbids."""
    needs.program("systemd-analyze")
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"],
        capture_output=True,
        text=True,
        check=True,
    )
    groups: Dict[str, Set[str]] = {}
    for line in listed.stdout.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.startswith("    #"):
            members.add(line.strip())

    def calls(group: str) -> Set[str]:
        return {
            call
            for member in groups[group]
            for call in (calls(member) if member.startswith("@") else {member})
        }

    probed = {probe.partition("call ")[2] for probe in SHIPPED}
    open_calls = calls("@system-service") - calls("@aio") - calls("@keyring")
    left_out = {
        group
        for group in groups
        if group not in ("@known", "@system-service") and not calls(group) <= open_calls
    }
    assert {"@clock", "@module", "@mount", "@raw-io", "@aio", "@keyring"} <= left_out
    assert {group for group in left_out if not calls(group) & probed} == set()


Outcomes = Dict[str, Dict[str, str]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    skip_without_means()
    if platform.machine() != "x86_64":
        pytest.skip("the probe has the system call numbers of x86_64")
    folder = tmp_path_factory.mktemp("sandbox")
    machine = SystemdMachine(folder, "minimal")
    machine.install()
    root = machine.root
    shutil.copy(PROBE, root / "probe.py")
    for path in ("home/probed", "usr/lib/modules/probed", "var/lib/hyperv/.kvp_pool_1"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    for made in ("etc/ssh", "var/lib/azprov"):
        (root / made).mkdir()
    units = root / "etc/systemd/system"
    (units / "probed.service").write_text(
        "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/probed\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    plain = "[Service]\nType=oneshot\nExecStart=\nUMask=0077\n"
    services = {"none": "[Unit]\nDefaultDependencies=no\nAfter=local-fs.target\n" + plain}
    for form, options in FORMS.items():
        services[form] = azprov("unit", *options, "--root", root)[1]
    before = "systemd-networkd.service"
    for form, text in services.items():
        command = f"ExecStart=/usr/bin/python3 -I /probe.py /var/lib/azprov/{form}.json"
        probed = re.sub("^ExecStart=.*$", command, text, flags=re.MULTILINE)
        name = f"probe-{form}.service"
        (units / name).write_text(probed)
        (units / "multi-user.target.wants" / name).symlink_to(f"/etc/systemd/system/{name}")
        order(units / name, before)
        before = name
    order(units / UNIT, before)  # the test ends the boot after Ready

    boot = machine.boot(nspawn=NSPAWN)

    assert boot["verdicts"][-2:] == ["goal state", "ready"], boot["console"]
    yield {
        form: json.loads(machine.read(f"var/lib/azprov/{form}.json") or "{}") for form in services
    }
    shutil.rmtree(folder)


def order(unit: Path, before: str) -> None:
    drop_in = unit.with_name(unit.name + ".d")
    drop_in.mkdir()
    (drop_in / "order.conf").write_text(f"[Unit]\nAfter={before}\n")


@pytest.mark.boot
@pytest.mark.parametrize("form", FORMS)
def test_each_probe_has_the_expected_outcome(outcomes: Outcomes, form: str) -> None:
    """The sandbox refuses every forbidden action, and allows every action that azprov needs."""
    assert outcomes[form] == EXPECTED[form]


@pytest.mark.boot
def test_refused_actions_work_without_the_sandbox(outcomes: Outcomes) -> None:
    """Without a sandbox no probe is refused, except for the reasons that are listed."""
    without = outcomes["none"]

    stopped = {
        probe
        for probe, outcome in SHIPPED.items()
        if outcome != "done" and (without[probe] == outcome or without[probe] in REFUSALS)
    }
    assert stopped <= set(REFUSED_ANYWAY)
    assert {without[probe] for probes in OPEN.values() for probe in probes} == {"done"}
