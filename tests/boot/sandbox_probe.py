"""Tries, inside a service, what its sandbox should forbid and what azprov needs.

    python3 sandbox_probe.py FILE

It runs in the guest, with only the standard library. FILE gets the outcome of each probe as
JSON: "done", or the name of the error. Calls that could damage the machine have invalid
arguments: if the sandbox permits the call, the kernel refuses the arguments.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict

Probe = Callable[[], Any]

LIBC = ctypes.CDLL(None, use_errno=True)
NULL = ctypes.c_void_p(None)
NOTHING = b"/nothing/here"
# The numbers are those of asm/unistd_64.h. If a call is permitted, its arguments change nothing.
CALLS: Dict[str, "tuple[Any, ...]"] = {
    "settimeofday": (164, NULL, NULL),
    "adjtimex": (159, struct.pack("I", 0x4000) + bytes(400)),  # ADJ_TICK with an invalid length
    "modify_ldt": (154, 17, NULL, 0),
    "perf_event_open": (298, NULL, 0, -1, -1, 0),
    "lookup_dcookie": (212, 0, NULL, 0),
    "pidfd_getfd": (438, -1, 0, 0),
    "init_module": (175, NULL, 0, NULL),
    "finit_module": (313, -1, NULL, 0),
    "delete_module": (176, NOTHING, 0),
    "mount": (165, NOTHING, NOTHING, b"tmpfs", 0, NULL),
    "umount2": (166, NOTHING, 0),
    "pivot_root": (155, NOTHING, NOTHING),
    "fsopen": (430, b"nothing", 0),
    "open_tree": (428, -100, NOTHING, 1),
    "chroot": (161, b"/"),
    "uselib": (134, NOTHING),
    "acct": (163, NOTHING),
    "bpf": (321, 0, NULL, 0),
    "fanotify_init": (300, 0xFFFF, 0),
    "open_by_handle_at": (304, -100, NULL, 0),
    "quotactl": (179, 0x800007 << 8, NOTHING, 0, NULL),
    "setdomainname": (171, b"(none)", 6),
    "iopl": (172, 9),
    "ioperm": (173, 70000, 1, 1),
    "reboot": (169, 0, 0, 0, NULL),
    "kexec_load": (246, 0, 99, NULL, 0),
    "swapon": (167, NOTHING, 0),
    "syslog": (103, 10, NULL, 0),  # returns the size of the kernel's log
    "setns": (308, -1, 0),
    "userfaultfd": (323, 0),
    "pkey_alloc": (330, 1, 0),
    "pkey_mprotect": (329, NULL, 0, 0xFF, 0),
    "io_setup": (206, 0, NULL),
    "io_uring_setup": (425, 0, NULL),
    "add_key": (248, b"user", b"probe", b"x", 1, -2),
    "keyctl": (250, 0, -2, 0, 0, 0),
}
NAMESPACES = {
    "mnt": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "time": 0x00000080,
}
# In the order of linux/capability.h.
CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
)
FAMILIES = {
    "UNIX": (1, socket.SOCK_STREAM, 0),
    "INET": (2, socket.SOCK_STREAM, 0),
    "INET6": (10, socket.SOCK_STREAM, 0),
    "KEY": (15, socket.SOCK_RAW, 2),
    "NETLINK": (16, socket.SOCK_RAW, 0),
    "PACKET": (17, socket.SOCK_RAW, 0),
    "BLUETOOTH": (31, socket.SOCK_RAW, 1),
    "ALG": (38, socket.SOCK_SEQPACKET, 0),
    "VSOCK": (40, socket.SOCK_STREAM, 0),
}
CLOSED_FOLDERS = ("/", "/usr", "/usr/local/lib/azprov", "/boot", "/srv", "/opt", "/var/log")
HOME = Path("/var/lib/azprov")
#: This file holds the id of another user's process.
OTHER = Path("/run/probe-other")
USER = 4711


def probes() -> Dict[str, Probe]:
    return {
        # azprov needs these.
        "replace /etc/hostname": partial(replace, "/etc/hostname"),
        "replace /etc/hosts": partial(replace, "/etc/hosts"),
        "set the host name": lambda: socket.sethostname(socket.gethostname()),
        "write /var/lib/azprov": partial(write, "/var/lib/azprov"),
        "write /etc/ssh": partial(write, "/etc/ssh"),
        "remove a link of a target": remove_link,
        "systemctl disable": partial(systemctl, "--no-reload", "disable"),
        "systemctl restart": restart_service,
        "append to the KVP pool": append_to_pool,
        "connect to WireServer": partial(connect, "168.63.129.16"),
        "connect to the metadata service": partial(connect, "169.254.169.254"),
        "names of interfaces": name_interfaces,
        "chown": partial(with_file_of_user, lambda path: os.chown(path, 0, 0)),
        "chmod of a user's file": partial(with_file_of_user, lambda path: os.chmod(path, 0o600)),
        "write a closed file": partial(with_file_of_user, write_closed),
        "read /proc/uptime": partial(read, "/proc/uptime"),
        "read /sys/class": lambda: os.listdir("/sys/class/net"),
        "write /run": partial(write, "/run"),
        "mode of a new file": mode_of_new_file,
        "start a unit outside the sandbox": start_unit,
        # Only `install --admin-user` needs these.
        "write /home": partial(write, "/home"),
        "write /root": partial(write, "/root"),
        "write /var/mail": partial(write, "/var/mail"),
        "act as a user": act_as_user,
        "useradd": lambda: run("useradd", "--create-home", f"u{os.getpid()}"),
        # azprov needs none of these. Files and processes:
        **{f"write {path}": partial(write, path) for path in CLOSED_FOLDERS},
        "write /tmp": partial(write, "/tmp"),  # noqa: S108 - hidden from the service
        "read /home": partial(read, "/home/probed"),
        "read /usr/lib/modules": partial(read, "/usr/lib/modules/probed"),
        "see /tmp of others": partial(read, "/tmp/probe"),  # noqa: S108 - the shared folder
        "see /var/tmp of others": partial(read, "/var/tmp/probe"),  # noqa: S108 - as above
        "see a process as root": partial(read, "/proc/1/status"),
        "see a process as a user": see_as_user,
        "tunable /proc/sys/net": partial(open_to_write, "/proc/sys/net/ipv4/ip_forward"),
        "tunable /proc/sys/kernel": partial(open_to_write, "/proc/sys/kernel/panic"),
        "tunable /sys": partial(open_to_write, "/sys/kernel/profiling"),
        "write a control group": write_control_group,
        "device /dev/kmsg": partial(open_to_write, "/dev/kmsg"),
        "device /dev/net/tun": partial(open_to_write, "/dev/net/tun"),
        "make a device": make_device,
        # Rights:
        "set-user-ID by chmod": partial(make_suid, is_late=True),
        "set-user-ID by open": partial(make_suid, is_late=False),
        "new privileges": may_gain_privileges,
        "memory to write and run": map_both,
        "memory written, then run": make_executable,
        "personality": lambda: check(LIBC.personality(ctypes.c_ulong(0x0040000))),
        "realtime": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        "allow core files": allow_core_files,
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -1),
        "i386 system call": run_i386,
        "signal to another user": lambda: os.kill(int(OTHER.read_text()), 0),
        "trace a child": trace_child,
        # Network:
        "flags of lo": set_flags_of_lo,
        "port 81": bind_low,
        "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close(),
        "connect to another address": partial(connect, "203.0.113.1"),
        "connect to loopback": partial(connect, "127.0.0.1"),
        **{f"AF_{name}": partial(open_socket, *kind) for name, kind in FAMILIES.items()},
        # Kernel:
        **{f"call {name}": partial(call, *arguments) for name, arguments in CALLS.items()},
        "call vhangup": vhangup,
        **{f"unshare {name}": partial(call, 272, flag) for name, flag in NAMESPACES.items()},
        **{
            f"clone {name}": partial(clone, flag)
            for name, flag in NAMESPACES.items()
            if name != "time"  # clone does not support it
        },
        **{
            f"CAP_{name}": partial(has_capability, number)
            for number, name in enumerate(CAPABILITIES)
        },
    }


def check(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def call(number: int, *arguments: Any) -> None:
    check(LIBC.syscall(ctypes.c_long(number), *arguments))


def read(path: str) -> None:
    Path(path).read_bytes()


def write(path: str) -> None:
    """Create a file in a folder, and remove it again."""
    place = Path(path, ".azprov-probe")
    place.write_text("x")
    place.unlink()


def open_to_write(path: str) -> None:
    """Open a file for writing, but write nothing."""
    os.close(os.open(path, os.O_WRONLY))


def replace(path: str) -> None:
    """Replace a file the way azprov does: write a new file, sync it, and rename it."""
    beside = path + ".new"
    with open(beside, "wb") as file:
        file.write(Path(path).read_bytes())
        os.fsync(file.fileno())
    os.replace(beside, path)


def remove_link() -> None:
    link = Path("/etc/systemd/system/multi-user.target.wants/probe.service")
    link.symlink_to("/dev/null")
    link.unlink()


def run(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=2, stderr=2, timeout=30, check=False
    )
    return "done" if done.returncode == 0 else f"exit {done.returncode}"


def systemctl(*words: str) -> str:
    return run("systemctl", *words, "probed.service")


def restart_service() -> str:
    """Restart a service that creates a file; in a supposed chroot systemctl would do nothing."""
    trace = Path("/run/probed")
    trace.unlink(missing_ok=True)
    outcome = systemctl("restart")
    return outcome if trace.exists() else f"{outcome}, but the service did not run"


def start_unit() -> str:
    """Write a unit, and have systemd start it: it creates a file that the sandbox forbids."""
    unit, trace = Path("/etc/systemd/system/own.service"), Path("/srv/own")
    unit.write_text("[Service]\nType=oneshot\nExecStart=/usr/bin/touch /srv/own\n")
    try:
        run("systemctl", "daemon-reload")
        outcome = run("systemctl", "start", "own.service")
    finally:
        unit.unlink()
    return outcome if trace.exists() else f"{outcome}, but the unit did not run"


def allow_core_files() -> str:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))
    except ValueError:  # Python's error for EPERM
        return "EPERM"
    return "done"


def append_to_pool() -> None:
    with open("/var/lib/hyperv/.kvp_pool_1", "r+b") as pool:
        fcntl.flock(pool, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pool.seek(0, os.SEEK_END)
        pool.write(bytes(2560))


def connect(address: str) -> None:
    """Connect to an address; a refused connection counts as done, since a packet came back."""
    with socket.socket() as client:
        client.settimeout(3)
        with suppress(ConnectionRefusedError):
            client.connect((address, 80))


def name_interfaces() -> None:
    for index, _ in socket.if_nameindex():
        socket.if_indextoname(index)


def with_file_of_user(change: Callable[[str], None]) -> None:
    """Change a file of another user, in a folder of root."""
    file = HOME / "owned"
    file.write_text("x")
    try:
        os.chown(file, USER, USER)
        change(str(file))
    finally:
        file.unlink()


def write_closed(path: str) -> None:
    os.chmod(path, 0)
    Path(path).write_text("y")


def mode_of_new_file() -> str:
    file = HOME / "mode"
    file.write_text("x")
    mode = stat.S_IMODE(file.stat().st_mode)
    file.unlink()
    return f"{mode:o}"


def act_as_user() -> None:
    os.setgroups([])
    os.setegid(USER)
    os.seteuid(USER)


def see_as_user() -> None:
    act_as_user()
    read("/proc/1/status")


def write_control_group() -> None:
    """Open the process list of the root control group, in version 2 or 1."""
    folders = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd")
    files = [f"{folder}/cgroup.procs" for folder in folders]
    open_to_write(next(file for file in files if os.path.exists(file)))


def make_device() -> None:
    path = HOME / "null"
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    path.unlink()


def make_suid(*, is_late: bool) -> None:
    program = HOME / "suid"
    try:
        os.close(os.open(program, os.O_CREAT | os.O_WRONLY, 0o755 if is_late else 0o4755))
        if is_late:
            os.chmod(program, 0o4755)  # noqa: S103 - the sandbox should refuse it
    finally:
        program.unlink(missing_ok=True)


def may_gain_privileges() -> str:
    """Return whether a set-user-ID program would get more rights (PR_GET_NO_NEW_PRIVS)."""
    return "EPERM" if check(LIBC.prctl(39, 0, 0, 0, 0)) else "done"


def map_both() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def make_executable() -> None:
    LIBC.mmap.restype = ctypes.c_void_p
    page = LIBC.mmap(NULL, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
    check(LIBC.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(4096), 5))


def run_i386() -> str:
    """Run a program that calls exit(7) as an i386 system call, and then exit(8)."""
    code = bytes.fromhex("b801000000bb07000000cd80b83c000000bf080000000f05")
    size = 0x78 + len(code)
    elf = b"\x7fELF\x02\x01\x01" + bytes(9)
    elf += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    elf += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000)
    program = HOME / "i386"
    program.write_bytes(elf + code)
    program.chmod(0o755)
    try:
        code_of_exit = subprocess.run([program], check=False).returncode
    finally:
        program.unlink()
    if code_of_exit == -signal.SIGSYS:
        return "SIGSYS"
    return {7: "done", 8: "EPERM"}.get(code_of_exit, f"exit {code_of_exit}")


def trace_child() -> None:
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        call(101, 16, child, NULL, NULL)  # ptrace, PTRACE_ATTACH
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def set_flags_of_lo() -> None:
    """Set the flags of lo (SIOCSIFFLAGS) to their current value (SIOCGIFFLAGS)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, fcntl.ioctl(handle, 0x8913, struct.pack("16s24x", b"lo")))


def bind_low() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 81))


def open_socket(family: int, kind: int, protocol: int) -> None:
    socket.socket(family, kind, protocol).close()


def vhangup() -> None:
    """Call vhangup in a session without a terminal, where it has no effect."""
    os.setsid()
    call(153)


def clone(flag: int) -> None:
    child = check(LIBC.syscall(56, ctypes.c_long(flag | signal.SIGCHLD), NULL, NULL, NULL, 0))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def has_capability(number: int) -> str:
    """Return whether this process has a capability or could get it (PR_CAPBSET_READ)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    effective = next(line.split()[1] for line in lines if line.startswith("CapEff:"))
    is_had = int(effective, 16) >> number & 1
    return "done" if is_had or check(LIBC.prctl(23, number, 0, 0, 0)) else "EPERM"


def outcome_of(probe: Probe) -> str:
    """Run a probe in a child process, which may lose its rights or be killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(40)
        try:
            returned = probe()
            outcome = returned if isinstance(returned, str) else "done"
        except socket.timeout:
            outcome = "ETIMEDOUT"
        except OSError as error:
            outcome = errno.errorcode.get(error.errno or 0, str(error))
        except Exception as error:  # noqa: BLE001 - the test shows it
            outcome = repr(error)
        os.write(writer, outcome.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        outcome = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return outcome or signal.Signals(os.WTERMSIG(status)).name


def wait_for_route() -> None:
    until = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        while time.monotonic() < until:
            try:
                client.connect(("169.254.169.254", 9))
            except OSError:
                time.sleep(0.1)
            else:
                return


def prepare() -> None:
    """Create the files that a sandbox must hide; only the first probe, without one, does this."""
    for path in ("/tmp/probe", "/var/tmp/probe"):  # noqa: S108 - shared folders
        Path(path).write_text("")
    for number in filter(str.isdigit, os.listdir("/proc")):
        if os.stat(f"/proc/{number}").st_uid:
            OTHER.write_text(number)


def main() -> None:
    wait_for_route()
    if not OTHER.exists():
        prepare()
    outcomes = {name: outcome_of(probe) for name, probe in probes().items()}
    Path(sys.argv[1]).write_text(json.dumps(outcomes))


if __name__ == "__main__":
    main()
