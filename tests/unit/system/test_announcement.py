"""A new host name is announced by the DHCP clients that the machine runs, with literal commands.

tests/shipped/test_announced_hostname.py runs the real clients.
"""

import logging
import os
import socket
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

import pytest

from azprov.errors import HostError
from azprov.system.commands import Commands
from azprov.system.hostname import set_hostname
from azprov.system.hostname.announcement import announce
from azprov.system.root import Root
from fake_networkd import NOT_DESCRIBED, running
from own_network import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS, in_own_network, ip, leave
from ports import FakeClock, Recorder

pytestmark = pytest.mark.needs("root", "ip")

ETH0 = ("link add eth0 type veth peer name peer0", "address add 10.0.0.4/24 dev eth0")
ETH1 = ("link add eth1 type veth peer name peer1", "address add 10.0.1.4/24 dev eth1")
OWN, OTHER = "net:[1]", "net:[2]"
GETHOSTNAME = {"etc/dhcp/dhclient.conf": "send host-name = gethostname();\n"}
KEEPS = "Azure's DNS keeps the old name until the next DHCP lease"
SYSTEMD_RUN = (
    "systemd-run --quiet --collect --property=Type=oneshot --property=TimeoutStartSec=5 -- "
)


class Limits(Commands):
    """Records the time limit of each program."""

    def __init__(self) -> None:
        self.limits: List[float] = []

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        assert command
        self.limits.append(limit_s)
        return b""


class Machine:
    """The files of a running machine below a folder, with these processes in its /proc."""

    def __init__(self, folder: Path, files: Dict[str, str], *processes: str) -> None:
        self.folder = folder
        for name, content in files.items():
            self.write(name, content)
        self.add_process("1", "/sbin/init")
        (folder / "proc/self/ns").mkdir(parents=True)
        (folder / "proc/self/ns/net").symlink_to(OWN)
        for number, process in enumerate(processes, start=100):
            self.add_process(str(number), process)

    def add_process(
        self, pid: str, process: str, network: str = OWN, uids: str = "0 0 0 0", file: str = ""
    ) -> None:
        words = process.split("|")
        program = words[0].partition(":")[0].rpartition("/")[2]
        self.write(f"proc/{pid}/cmdline", "\0".join(words) + "\0")
        uids = "\t".join(uids.split())
        self.write(f"proc/{pid}/status", f"Name:\t{program}\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n")
        (self.folder / f"proc/{pid}/exe").symlink_to(file or f"/usr/sbin/{program}")
        (self.folder / f"proc/{pid}/ns").mkdir()
        (self.folder / f"proc/{pid}/ns/net").symlink_to(network)

    def hide_processes(self) -> "Machine":
        """Make /proc as azprov's service sees it."""
        (self.folder / "proc/1/ns/net").unlink()
        return self

    def write(self, name: str, content: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(content)

    def announce(self, *network: str, well: bool = True) -> List[str]:
        """Announce Web01; returns the programs that were run."""
        recorder = Recorder(well=well)
        root = Root(str(self.folder))
        in_own_network(lambda: announce(root, "Web01", recorder, FakeClock()), *(network or ETH0))
        return [" ".join(command) for command in recorder.commands]


def test_each_client_is_asked_for_its_interfaces(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for debugging names the interfaces."""
    caplog.set_level(logging.DEBUG)
    machine = Machine(
        tmp_path, {**GETHOSTNAME, "etc/dhcpcd.conf": "hostname\n", "run/dhcpcd/eth1.pid": "7\n"}
    )
    machine.add_process("7", "dhcpcd: eth1")
    machine.add_process("8", "/sbin/dhclient|eth0")

    assert machine.announce(*ETH0, *ETH1) == [
        "dhclient -1 -sf /bin/true -pf /run/dhclient-azprov.pid eth0",
        "dhcpcd -N eth1",
    ]
    assert caplog.messages == ["The DHCP server got the new name through eth0, eth1"]


def test_a_machine_without_a_client_keeps_the_old_name_in_the_dns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning gives the reason."""
    assert Machine(tmp_path, {}).announce() == []
    assert caplog.messages == [f"{KEEPS} (azprov found no DHCP client that it can ask)"]


def test_a_machine_without_a_network_has_nothing_to_announce(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The loopback interface is no network."""
    assert Machine(tmp_path, {}).announce("link set lo up") == []
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("network", "seconds"),
    [(ETH0, 3.0), ((*ETH0, *ETH1[:1]), 3.0), (ETH1[:1], 0.0)],
    ids=["one address", "an interface without an address", "no address"],
)
def test_a_client_is_looked_for_as_long_as_it_may_be_writing_its_files(
    tmp_path: Path, network: Sequence[str], seconds: float
) -> None:
    """A client sets the address first. Without any address there is no client to wait for."""
    machine, clock = Machine(tmp_path, {}), FakeClock()

    in_own_network(
        lambda: announce(Root(str(machine.folder)), "Web01", Recorder(), clock), *network
    )

    assert sum(clock.sleeps) == pytest.approx(seconds, abs=0.11)
    assert set(clock.sleeps) <= {0.1}


def test_two_failures_are_enough(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A third interface is not tried: each failure may have taken the whole time limit."""
    machine = Machine(tmp_path, {"etc/dhcpcd.conf": "hostname", "run/dhcpcd/pid": ""}, "dhcpcd")
    third = ("link add eth2 type veth peer name peer2", "address add 10.0.2.4/24 dev eth2")

    assert machine.announce(*ETH0, *ETH1, *third, well=False) == [
        "dhcpcd -N eth0",
        "dhcpcd -N eth1",
    ]
    assert caplog.messages == [f"{KEEPS} (eth0: dhcpcd failed; eth1: dhcpcd failed)"]


def test_a_client_that_cannot_be_examined_does_not_prevent_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder in place of a configuration is an error of that client, which is named."""
    machine = Machine(
        tmp_path, {"etc/dhcpcd.conf": "hostname", "run/dhcpcd/pid": ""}, "dhclient|eth0", "dhcpcd"
    )
    machine.write("etc/dhcp/dhclient.conf/x", "")

    assert machine.announce() == ["dhcpcd -N eth0"]
    assert caplog.messages == [
        f"{KEEPS} ({tmp_path}/etc/dhcp/dhclient.conf is not a regular file; "
        "replace it with a regular file)"
    ]


class LiveMachine:
    """This machine for one thread: with another name, network, /etc, /run and /proc."""

    def __init__(self, etc: Dict[str, str]) -> None:
        self._etc = {"hostname": "image\n", "dhcpcd.conf": "hostname\n", **etc}
        self.commands = Recorder()
        self.kernels_name = ""

    def set_hostname(self, name: str) -> None:
        in_own_network(lambda: self._set_hostname(name), *ETH0)

    def _set_hostname(self, name: str) -> None:
        leave(CLONE_NEWNS | CLONE_NEWUTS)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        for folder in ("/etc", "/run", "/proc"):
            subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
        for file, content in self._etc.items():
            Path("/etc", file).parent.mkdir(exist_ok=True)
            Path("/etc", file).write_text(content)
        Path("/run/eth0.pid").touch()
        socket.sethostname("image")
        try:
            set_hostname(Root(), name, self.commands, FakeClock())
        finally:
            self.kernels_name = socket.gethostname()


@pytest.mark.needs("mount")
def test_a_new_name_is_set_in_the_kernel_and_announced() -> None:
    """The DHCP client is asked after the kernel has the name, which the client sends."""
    machine = LiveMachine({})

    machine.set_hostname("Web01")

    assert machine.kernels_name == "Web01"
    assert [" ".join(words) for words in machine.commands.commands] == [
        f"{SYSTEMD_RUN}dhcpcd -N eth0"
    ]


@pytest.mark.needs("mount")
def test_the_present_name_is_not_announced_again() -> None:
    """The DHCP client has sent it already."""
    machine = LiveMachine({})

    machine.set_hostname("image")

    assert machine.commands.commands == []


@pytest.mark.needs("mount")
def test_a_name_is_announced_although_a_file_cannot_be_written() -> None:
    """The error of the file is raised at the end."""
    machine = LiveMachine({"hosts/x": ""})

    with pytest.raises(HostError, match="/etc/hosts is not a regular file"):
        machine.set_hostname("Web01")

    assert machine.kernels_name == "Web01"
    assert len(machine.commands.commands) == 1


@pytest.mark.parametrize("well", [True, False])
def test_a_program_is_ended_after_five_seconds(tmp_path: Path, well: bool) -> None:
    """A program that systemd starts gets a second more, for systemd's own limit."""
    machine = Machine(tmp_path, GETHOSTNAME, "dhclient|eth0")
    if not well:
        machine.hide_processes().write("run/dhclient.eth0.pid", "")
    limits = Limits()

    in_own_network(lambda: announce(Root(str(tmp_path)), "Web01", limits, FakeClock()), *ETH0)

    assert limits.limits[0] == (5.0 if well else 6.0)


# --- dhclient

DHCLIENT = "-1 -sf /bin/true -pf /run/dhclient-azprov.pid"


@pytest.mark.parametrize(
    ("process", "command"),
    [
        (
            "/sbin/dhclient|-4|-v|-i|-pf|/run/dhclient.eth0.pid|-lf|/var/lib/dhcp/l|-I|-df|/d|eth0",
            f"dhclient -4 -i -lf /var/lib/dhcp/l -I -df /d {DHCLIENT} eth0",
        ),
        ("dhclient|-d|-nw|-w|-n|-1|-sf|/s|--no-pid|eth0", f"dhclient {DHCLIENT} eth0"),
        ("dhclient|-H|image|eth0", f"dhclient -H Web01 {DHCLIENT} eth0"),
        ("dhclient|-cf|/c|-p|68|-V|v|eth0", f"dhclient -cf /c -p 68 -V v {DHCLIENT} eth0"),
        (
            "dhclient|-B|-C|c|-D|LL|-F|f|-g|g|-e|a=b|-R|r|-timeout|9|eth0",
            f"dhclient -B -C c -D LL -F f {DHCLIENT} eth0",
        ),
        ("dhclient", f"dhclient {DHCLIENT} eth0"),
        ("dhclient|-s", f"dhclient {DHCLIENT} eth0"),
    ],
)
def test_dhclient_is_run_again_with_its_options(tmp_path: Path, process: str, command: str) -> None:
    """It keeps its lease file and what identifies it, and runs a script that does nothing."""
    machine = Machine(tmp_path, {**GETHOSTNAME, "c": "send host-name gethostname();"}, process)

    assert machine.announce() == [command]


@pytest.mark.parametrize(
    "process",
    [
        "dhclient|-6|eth0",
        "/sbin/dhclient|-sf|/usr/libexec/nm-dhcp-helper|eth0",
        "dhclient|eth7",
        "dhclient-script|eth0",
        "/opt/dhclient/run|eth0",
    ],
)
def test_other_processes_are_not_run_again(tmp_path: Path, process: str) -> None:
    """They serve IPv6, belong to NetworkManager, have no address, or are other programs."""
    assert Machine(tmp_path, GETHOSTNAME, process).announce() == []


def test_a_client_in_another_network_is_left_alone(tmp_path: Path) -> None:
    """A container's dhclient is visible in /proc, but its interface is not here."""
    machine = Machine(tmp_path, GETHOSTNAME)
    machine.add_process("100", "dhclient|eth0", network=OTHER)

    assert machine.announce() == []


@pytest.mark.parametrize(
    "process",
    [
        {"uids": "1000 1000 1000 1000"},
        {"uids": "1000 0 0 0"},
        {"uids": "0 1000 0 0"},
        {"uids": "0 0 1000 0"},
        {"uids": "0 0 0 1000"},
        {"file": "/home/eve/dhclient"},
        {"file": "/usr/bin/sleep"},
        {"file": "/usr/sbin/sub/dhclient"},
    ],
)
def test_a_process_that_only_has_the_name_is_not_run_again(
    tmp_path: Path, process: Dict[str, str]
) -> None:
    """Any user can give a process this name and any options, which root would then use."""
    machine = Machine(tmp_path, GETHOSTNAME)
    machine.add_process("100", "dhclient|eth0", **process)

    assert machine.announce() == []


@pytest.mark.parametrize(
    "file", ["/sbin/dhclient", "/usr/bin/busybox", "/usr/sbin/dhclient (deleted)"]
)
def test_a_client_is_known_by_the_file_that_it_runs(tmp_path: Path, file: str) -> None:
    """The file may be busybox, or have been replaced by an upgrade."""
    machine = Machine(tmp_path, GETHOSTNAME)
    machine.add_process("100", "dhclient|eth0", file=file)

    assert machine.announce() == [f"dhclient {DHCLIENT} eth0"]


@pytest.mark.parametrize(
    ("configuration", "is_announced"),
    [
        ("send host-name = gethostname();", True),
        ("send host-name gethostname();", True),
        ('send host-name = "web01";', True),
        ('send host-name = "image";', False),
        ("# send host-name = gethostname();", False),
        ('send host-name = "image";\nsend host-name = gethostname();', True),
        ("send host-name-x = 1;", False),
        ("", False),
    ],
)
def test_dhclient_needs_a_configuration_that_sends_the_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, configuration: str, is_announced: bool
) -> None:
    """The last line counts; a name in lower case is the same for the DNS."""
    machine = Machine(tmp_path, {"etc/dhclient.conf": configuration}, "dhclient|eth0")

    assert bool(machine.announce()) is is_announced
    reason = "eth0: the configuration of dhclient lacks the line: send host-name = gethostname();"
    assert caplog.messages == ([] if is_announced else [f"{KEEPS} ({reason})"])


def test_the_first_configuration_of_dhclient_counts(tmp_path: Path) -> None:
    """Debian's file is used in preference to the older one; -cf names another."""
    files = {**GETHOSTNAME, "etc/dhclient.conf": "", "etc/other.conf": ""}

    assert Machine(tmp_path / "a", files, "dhclient|eth0").announce()
    assert not Machine(tmp_path / "b", files, "dhclient|-cf|/etc/other.conf|eth0").announce()
    assert not Machine(tmp_path / "c", {}, "dhclient|eth0").announce()


@pytest.mark.parametrize(
    ("line", "is_announced"),
    [
        ('script "/opt/x";', False),
        (' interface "eth0" { script "/opt/x"; }', False),
        ('# script "/opt/x";', True),
        ("send host-name = gethostname(); # script", True),
        ('option subscript "x";', True),
    ],
)
def test_a_script_in_the_configuration_of_dhclient_is_not_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str, is_announced: bool
) -> None:
    """It would run in place of the script that does nothing."""
    content = f"{GETHOSTNAME['etc/dhcp/dhclient.conf']}{line}\n"
    machine = Machine(tmp_path, {"etc/dhcp/dhclient.conf": content}, "dhclient|eth0")

    assert bool(machine.announce()) is is_announced
    reason = "eth0: the configuration of dhclient names a script"
    assert caplog.messages == ([] if is_announced else [f"{KEEPS} ({reason})"])


@pytest.mark.parametrize("option", ["-cf", "-df", "-lf"])
@pytest.mark.parametrize("path", ["/srv/eve/x", "x"])
def test_dhclient_gets_no_file_that_a_user_can_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, option: str, path: str
) -> None:
    """A path that is not absolute depends on the folder in which dhclient was started."""
    files = {**GETHOSTNAME, "srv/eve/x": "send host-name = gethostname();"}
    machine = Machine(tmp_path, files, f"dhclient|{option}|{path}|eth0")
    os.chown(tmp_path / "srv/eve", 1001, 1001)

    assert machine.announce() == []
    assert caplog.messages == [
        f"{KEEPS} (eth0: users other than root can change {path}, which dhclient reads)"
    ]


def test_a_failed_dhclient_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the interface and the program."""
    Machine(tmp_path, GETHOSTNAME, "dhclient|eth0").announce(well=False)

    assert caplog.messages == [f"{KEEPS} (eth0: dhclient failed)"]


def test_in_the_sandbox_dhclient_is_found_by_ifupdowns_pid_file(tmp_path: Path) -> None:
    """The service does not see other processes, and systemd runs dhclient for it."""
    machine = Machine(tmp_path, {**GETHOSTNAME, "run/dhclient.eth0.pid": "5\n"}).hide_processes()
    machine.write("run/dhclient.eth0.pid.old", "5\n")

    assert machine.announce() == [
        f"{SYSTEMD_RUN}dhclient -4 -i -lf /var/lib/dhcp/dhclient.eth0.leases {DHCLIENT} eth0"
    ]


def is_ended_within(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@pytest.mark.parametrize("is_ours", [True, False])
def test_the_second_dhclient_is_ended(tmp_path: Path, is_ours: bool) -> None:
    """A pid file may be old: only a process with azprov's pid file in its command is killed."""
    with subprocess.Popen(["sleep", "60"]) as process:
        machine = Machine(tmp_path, GETHOSTNAME, "dhclient|eth0")
        machine.write("run/dhclient-azprov.pid", f"{process.pid}\n")
        option = "|-pf|/run/dhclient-azprov.pid" if is_ours else ""
        machine.add_process("300", f"dhclient{option}|eth7")

        machine.announce()
        was_ended = is_ended_within(process, 2.0 if is_ours else 0.1)
        process.kill()

    assert was_ended is is_ours
    assert not (tmp_path / "run/dhclient-azprov.pid").exists()


@pytest.mark.parametrize("content", ["", "x", "-1", "9" * 300, "9" * 4301])
def test_a_damaged_pid_file_ends_no_process(tmp_path: Path, content: str) -> None:
    """kill(-1) would end every process of the machine."""
    machine = Machine(tmp_path, GETHOSTNAME, "dhclient|-pf|/run/dhclient-azprov.pid|eth0")
    machine.write("run/dhclient-azprov.pid", content)

    assert len(machine.announce()) == 1


# --- dhcpcd


@pytest.mark.parametrize(
    ("files", "interfaces"),
    [
        (("dhcpcd/pid",), ["eth0", "eth1"]),
        (("dhcpcd.pid",), ["eth0", "eth1"]),
        (("dhcpcd/eth1.pid",), ["eth1"]),
        (("dhcpcd/eth0-4.pid",), ["eth0"]),
        (("dhcpcd-eth1.pid",), ["eth1"]),
        (("dhcpcd-eth0-4.pid", "dhcpcd/eth1.pid"), ["eth0", "eth1"]),
        (("dhcpcd/eth7.pid", "dhcpcd/eth1.pid.old", "dhcpcd/sock"), []),
    ],
)
def test_dhcpcd_renews_the_interfaces_of_its_pid_files(
    tmp_path: Path, files: Tuple[str, ...], interfaces: List[str]
) -> None:
    """One process serves all interfaces, one interface, or IPv4 on one interface."""
    run = {f"run/{name}": "5\n" for name in files}
    machine = Machine(tmp_path, {"etc/dhcpcd.conf": "hostname\n", **run}, "dhcpcd: [manager]")

    assert machine.announce(*ETH0, *ETH1) == [f"dhcpcd -N {name}" for name in interfaces]


def test_dhcpcd_renews_no_interface_without_an_address(tmp_path: Path) -> None:
    """It has no lease there."""
    machine = Machine(tmp_path, {"etc/dhcpcd.conf": "hostname\n", "run/dhcpcd/pid": ""}, "dhcpcd")

    assert machine.announce(*ETH0, "link add eth1 type veth peer name peer1") == ["dhcpcd -N eth0"]


@pytest.mark.parametrize(
    ("configuration", "is_announced"),
    [
        ("noarp\nhostname\n", True),
        ("hostname_short", True),
        ("\thostname Web01 # name", True),
        ("hostname image\n", False),
        ("hostname\nhostname image\n", False),
        ("#hostname\n", False),
        ("option host_name\nhostnames\n", False),
    ],
)
def test_dhcpcd_needs_a_configuration_that_sends_the_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, configuration: str, is_announced: bool
) -> None:
    """The last line counts."""
    machine = Machine(tmp_path, {"etc/dhcpcd.conf": configuration, "run/dhcpcd/pid": ""}, "dhcpcd")

    assert machine.announce() == (["dhcpcd -N eth0"] if is_announced else [])
    reason = "eth0: /etc/dhcpcd.conf lacks the line: hostname"
    assert caplog.messages == ([] if is_announced else [f"{KEEPS} ({reason})"])


def test_old_pid_files_of_dhcpcd_do_not_count(tmp_path: Path) -> None:
    """Without the process no name is announced; in the sandbox the files are all that is known."""
    machine = Machine(tmp_path, {"etc/dhcpcd.conf": "hostname\n", "run/dhcpcd/pid": ""})

    assert machine.announce() == []
    assert machine.hide_processes().announce() == [f"{SYSTEMD_RUN}dhcpcd -N eth0"]


# --- NetworkManager


def with_network_manager(folder: Path, *processes: str, kinds: str = "dhcp4") -> Machine:
    """A machine where NetworkManager has a lease for each interface of a new namespace."""
    state = f"[device]\nmanaged=true\nconnection-uuid=7\n\n[{kinds}]\ndhcp_lease_time=3600\n"
    files = {f"run/NetworkManager/devices/{index}": state for index in range(2, 8)}
    return Machine(folder, files, *processes)


def test_network_manager_gets_a_new_setting(tmp_path: Path) -> None:
    """`nmcli device modify` makes it send the name and keeps the address."""
    machine = with_network_manager(tmp_path, "/usr/sbin/NetworkManager|--no-daemon")

    assert machine.announce(*ETH0, *ETH1) == [
        "nmcli device modify eth0 ipv4.dhcp-hostname Web01",
        "nmcli device modify eth1 ipv4.dhcp-hostname Web01",
    ]


def test_network_manager_is_asked_once_if_it_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next interface would fail too, after another time limit."""
    machine = with_network_manager(tmp_path, "NetworkManager")

    assert len(machine.announce(*ETH0, *ETH1, well=False)) == 1
    assert caplog.messages == [f"{KEEPS} (eth0: nmcli failed)"]


def test_an_interface_without_a_lease_of_network_manager_is_left_alone(tmp_path: Path) -> None:
    """It may have a static address, or belong to another client."""
    static = with_network_manager(tmp_path / "a", "NetworkManager", kinds="ipv4")
    unmanaged = with_network_manager(tmp_path / "b", "NetworkManager")
    for index in range(2, 8):
        unmanaged.write(f"run/NetworkManager/devices/{index}", "[device]\nmanaged=false\n")
    unknown = with_network_manager(tmp_path / "c", "NetworkManager")
    for index in range(2, 8):
        (tmp_path / f"c/run/NetworkManager/devices/{index}").unlink()

    assert static.announce() == unmanaged.announce() == unknown.announce() == []


def test_network_manager_has_to_run(tmp_path: Path) -> None:
    """Its files may be those of an earlier boot; in the sandbox they are all that is known."""
    machine = with_network_manager(tmp_path)

    assert machine.announce() == []
    assert machine.hide_processes().announce() == [
        "nmcli device modify eth0 ipv4.dhcp-hostname Web01"
    ]


# --- udhcpc

UDHCPC = "-i eth0 -r 10.0.0.4 -x hostname:Web01 -s /bin/true -f -n -q -t 3 -T 1"


@pytest.mark.parametrize(
    ("process", "options"),
    [
        ("udhcpc|-b|-R|-p|/run/udhcpc.eth0.pid|-i|eth0|-x|hostname:image", ""),
        ("/bin/busybox|udhcpc|-i|eth0", ""),
        ("udhcpc", ""),
        ("udhcpc|--interface=eth0|-s|/s|-O|search|-t5|-A3", ""),
        ("udhcpc|-ieth0|-C|-V|vendor|-B|-P|1068", "-C -V vendor -B -P 1068 "),
        ("udhcpc|-i|eth0|--clientid=01ab|--vendorclass|v", "--clientid 01ab --vendorclass v "),
        ("udhcpc|-x|0x0c:aa|-x|12:bb|-x|HostName:c|-x|0x3d:01ab", "-x 0x3d:01ab "),
        ("udhcpc|--unknown|-i|eth0|-C", ""),
        (
            "udhcpc|--clientid-none|--vendorclass=v|--hostname=h|--fqdn=f|--interface=eth0|--now|"
            "--pidfile=p|--quit|--release|--request=r|--script=s|--timeout=1|--retries=2|--syslog|"
            "--tryagain=3|--request-option=o|--no-default-options|--foreground|--background|"
            "--broadcast|--client-port=1068|--clientid=01",
            "--clientid-none --vendorclass v --broadcast --client-port 1068 --clientid 01 ",
        ),
    ],
)
def test_udhcpc_is_run_again_with_the_options_that_identify_it(
    tmp_path: Path, process: str, options: str
) -> None:
    """It requests the same address once, and runs a script that does nothing."""
    machine = Machine(tmp_path, {"sbin/udhcpc": ""}, process)

    assert machine.announce() == [f"udhcpc {options}{UDHCPC}"]


def test_the_interface_of_a_newer_udhcpc_is_found(tmp_path: Path) -> None:
    """An unknown option does not hide -i."""
    machine = Machine(tmp_path, {"sbin/udhcpc": ""}, "udhcpc|--unknown|-i|eth1")

    assert machine.announce(*ETH0, *ETH1)[0].startswith("udhcpc -i eth1 -r 10.0.1.4 ")


def test_a_busybox_without_links_is_called_by_its_name(tmp_path: Path) -> None:
    """In the sandbox the pid file names the interface."""
    machine = Machine(tmp_path, {"run/udhcpc.eth0.pid": ""}).hide_processes()
    machine.write("run/udhcpc-eth7.pid", "")

    assert machine.announce() == [f"{SYSTEMD_RUN}busybox udhcpc {UDHCPC}"]


def test_a_udhcpc_without_an_address_is_left_alone(tmp_path: Path) -> None:
    """It has no lease to renew."""
    machine = Machine(tmp_path, {}, "udhcpc|-i|eth1")

    assert machine.announce(*ETH0, "link add eth1 type veth peer name peer1") == []


def test_a_failed_udhcpc_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the interface and the program."""
    Machine(tmp_path, {}, "udhcpc").announce(well=False)

    assert caplog.messages == [f"{KEEPS} (eth0: udhcpc failed)"]


# --- networkd

LEASE = "# private\nDOMAINNAME=é\nADDRESS=10.0.0.4\nSERVER_ADDRESS=10.0.0.1\nCLIENTID=ff0102\n"
#: Makes a reply to a request, or none.
Answer = Callable[[bytes], Optional[bytes]]


class DhcpServer:
    """A server at 10.0.0.1 in a namespace of its own, which answers each request by a function."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._ready: Future[int] = Future()
        self._stopped = threading.Event()
        self._connected = threading.Event()
        self._is_bound = threading.Event()
        self.requests: List[bytes] = []
        self.sources: List[Tuple[str, int]] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def connect(self) -> None:
        """Connect the namespace of the calling thread with the server's by eth0."""
        ip("link add eth0 address 02:00:00:00:00:01 type veth peer name srv")
        ip(f"link set srv netns {self._ready.result()}")
        ip("address add 10.0.0.4/24 dev eth0")
        ip("link set eth0 up")
        self._connected.set()
        self._is_bound.wait()

    def stop(self) -> None:
        self._stopped.set()
        self._connected.set()
        self._thread.join()

    def _serve(self) -> None:
        leave(CLONE_NEWNET)
        self._ready.set_result(threading.get_native_id())
        self._connected.wait()
        if self._stopped.is_set():
            return
        ip("address add 10.0.0.1/24 dev srv")
        ip("link set srv up")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("10.0.0.1", 67))
            udp.settimeout(0.05)
            self._is_bound.set()
            while not self._stopped.is_set():
                try:
                    request, source = udp.recvfrom(2048)
                except socket.timeout:
                    continue
                self.requests.append(request)
                self.sources.append(source)
                reply = self._answer(request)
                if reply is not None:
                    udp.sendto(reply, source)


def acknowledged(request: bytes) -> bytes:
    return b"\x02" + request[1:240] + b"\x35\x01\x05\xff"


def announce_to(server: DhcpServer, machine: Machine, clock: Optional[FakeClock] = None) -> None:
    """Announce a name. On its clock an answer is never late, unless the server lets time pass."""

    def act() -> None:
        server.connect()
        announce(Root(str(machine.folder)), "Web01", Recorder(), clock or FakeClock())

    try:
        in_own_network(act)
    finally:
        server.stop()


def with_networkd(folder: Path, lease: str = LEASE) -> Machine:
    """A machine where networkd has a lease; eth0 has a low number in a new namespace."""
    return Machine(folder, {f"run/systemd/netif/leases/{n}": lease for n in "2345x"})


def test_networkds_lease_is_renewed_with_the_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The request has the address, the hardware address and the client id of networkd."""
    caplog.set_level(logging.DEBUG)
    server = DhcpServer(acknowledged)

    announce_to(server, with_networkd(tmp_path))

    request = server.requests[0]
    assert set(server.sources) == {("10.0.0.4", 68)}
    assert request[12:16] == bytes([10, 0, 0, 4])
    assert request[28:34] == b"\2\0\0\0\0\1"
    assert request[240:].rstrip(b"\0") == b"\x35\x01\x03\x3d\x03\xff\x01\x02\x0c\x05Web01\xff"
    assert caplog.messages == ["The DHCP server got the new name through eth0"]


def test_two_renewals_have_two_transactions(tmp_path: Path) -> None:
    """A late answer to an earlier renewal does not count."""
    transactions: Set[bytes] = set()
    for name in ("a", "b"):
        server = DhcpServer(acknowledged)
        announce_to(server, with_networkd(tmp_path / name))
        transactions.update(request[4:8] for request in server.requests)

    assert len(transactions) == 2


def test_a_lost_renewal_is_sent_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The second request has the answer of the first one, or none."""
    count: List[bytes] = []
    clock = FakeClock()

    def second_only(request: bytes) -> Optional[bytes]:
        count.append(request)
        if len(count) == 2:
            return acknowledged(request)
        clock.spend(1.0)
        return None

    server = DhcpServer(second_only)
    announce_to(server, with_networkd(tmp_path), clock)

    assert len(server.requests) == 2
    assert server.requests[0] == server.requests[1]
    assert caplog.messages == []


def test_a_silent_server_is_asked_twice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the server."""
    clock = FakeClock()
    server = DhcpServer(lambda _: clock.spend(1.0))

    announce_to(server, with_networkd(tmp_path), clock)

    assert len(server.requests) == 2
    assert caplog.messages == [f"{KEEPS} (eth0: the DHCP server 10.0.0.1 did not answer)"]


@pytest.mark.parametrize(
    "lease",
    [
        LEASE.replace("ADDRESS=10.0.0.4", "ADDRESS=10.0.0.5"),
        LEASE.replace("SERVER_ADDRESS", "SERVER"),
        LEASE.replace("\nADDRESS", "\nOTHER"),
        "",
    ],
)
def test_a_lease_of_another_network_is_not_renewed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, lease: str
) -> None:
    """The interface has another address, or the lease lacks what a renewal needs."""
    server = DhcpServer(acknowledged)

    announce_to(server, with_networkd(tmp_path, lease))

    assert server.requests == []
    assert caplog.messages == [f"{KEEPS} (azprov found no DHCP client that it can ask)"]


def test_a_client_without_an_id_sends_none(tmp_path: Path) -> None:
    """Leases of some versions have no CLIENTID."""
    server = DhcpServer(acknowledged)

    announce_to(server, with_networkd(tmp_path, LEASE.replace("CLIENTID=ff0102\n", "")))

    assert server.requests[0][240:].rstrip(b"\0") == b"\x35\x01\x03\x0c\x05Web01\xff"


DESCRIPTION = """{"parameters": {"Interfaces": [
    {"Name": "lo"},
    {
        "Name": "eth0",
        "Addresses": [{
            "AddressString": "10.0.0.4",
            "ConfigSource": "DHCPv4",
            "ConfigProviderString": "10.0.0.1"
        }],
        "DHCPv4Client": {"ClientIdentifier": [255, 1, 2]}
    }
]}}"""


def test_networkds_description_is_asked_for_a_lease_that_is_in_no_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """networkd stores no leases in files since systemd 262."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    server = DhcpServer(acknowledged)

    for _ in running(Path(), DESCRIPTION.encode() + b"\0"):
        announce_to(server, Machine(Path(), {}))

    request = server.requests[0]
    assert request[12:16] == bytes([10, 0, 0, 4])
    assert request[240:].rstrip(b"\0") == b"\x35\x01\x03\x3d\x03\xff\x01\x02\x0c\x05Web01\xff"
    assert caplog.messages == ["The DHCP server got the new name through eth0"]


def test_a_networkd_that_does_not_run_is_not_started(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection to its socket would start it."""
    monkeypatch.chdir(tmp_path)
    for networkd in running(Path(), DESCRIPTION.encode() + b"\0"):
        (tmp_path / "run/systemd/netif/state").unlink()
        Machine(Path(), {}).announce()

        assert networkd.calls == []
    assert caplog.messages == [f"{KEEPS} (azprov found no DHCP client that it can ask)"]


def test_a_networkd_without_leases_is_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An older networkd has no socket; it may run without any interface of its own."""
    Machine(tmp_path, {"run/systemd/netif/state": ""}).announce()

    assert caplog.messages == [f"{KEEPS} (azprov found no DHCP client that it can ask)"]


class PassingClock(FakeClock):
    """A clock on which each look takes time, so that nothing is waited for without end."""

    def now(self) -> float:
        self.time += 0.02
        return self.time


def test_a_renewal_is_sent_from_networkds_port_and_interface(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """networkd listens at port 68 of its address, and a second interface has a nearer route."""
    server = DhcpServer(acknowledged)
    machine = with_networkd(tmp_path)

    def act() -> None:
        server.connect()
        ip("link add eth1 type veth peer name peer1")
        ip("link set eth1 up")
        ip("link set peer1 up")
        ip("route add 10.0.0.1/32 dev eth1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as networkd:
            networkd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            networkd.bind(("10.0.0.4", 68))
            announce(Root(str(machine.folder)), "Web01", Recorder(), PassingClock())

    try:
        in_own_network(act)
    finally:
        server.stop()

    assert set(server.sources) == {("10.0.0.4", 68)}
    assert caplog.messages == []


class LateLease(FakeClock):
    """A clock on which networkd stores its lease during the first pause."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        leases = Path("run/systemd/netif/leases")
        leases.mkdir(exist_ok=True)
        for number in "2345":
            (leases / number).write_text(LEASE)


def test_a_lease_that_an_older_networkd_stores_late_is_renewed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The networkd of Debian 13 cannot describe its leases, and stores them."""
    monkeypatch.chdir(tmp_path)
    server = DhcpServer(acknowledged)

    for _ in running(Path(), NOT_DESCRIBED):
        announce_to(server, Machine(Path(), {}), LateLease())

    assert len(server.requests) == 1
    assert caplog.messages == []
