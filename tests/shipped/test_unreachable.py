"""The error and hint for each reason why an address cannot be reached.

Each case runs in its own network namespace; a router is a second namespace.
"""

import os
import re
import subprocess
import sys
import time
from typing import List

import pytest

from namespaces import UNSHARE, skip_without_namespaces
from pyz import PYZ

AZPROV = f"{sys.executable} {PYZ}"
COMMAND = "goal-state --timeout 1.5"
# $1 is the router's route to the platform, for "ip route add".
ROUTER = """\
ip link add near type veth peer name far
unshare -n sleep 60 & router=$!
trap 'kill $router' EXIT
until [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
ip link set far netns $router
ip address add 10.77.0.2/24 dev near
ip link set near up
ip route add default via 10.77.0.1
nsenter -t $router -n sh -ec '
    ip link set far up
    ip address add 10.77.0.1/24 dev far
    echo 1 >/proc/sys/net/ipv4/ip_forward
    ip route add '"$1"'
'
"""

REJECTED = (
    "check that no firewall rejects TCP port 80 to 168.63.129.16, and that the gateway answers"
)
ETH0 = "ip link add eth0 type veth peer name far; ip link set far up; "
UP = f"{ETH0}ip link set eth0 up; "
# By what this machine has, the commands for a DHCP client.
LEASE = (
    r"(run (networkctl reconfigure|nmcli device connect|dhclient|dhcpcd|udhcpc -i) eth0|start a "
    r"DHCP client for eth0; \S+ check names what the image lacks)"
)
#: By the state: the commands that cause it, the kernel's reason with the state, and the hint.
CASES = {
    "no interface": (
        "true",
        "Network is unreachable: there is no network interface except lo",
        "attach a network interface to the machine, or load the driver of the one it has",
    ),
    "down": (ETH0, "Network is unreachable: eth0 is down", "run ip link set eth0 up"),
    "no carrier": (
        f"{UP}ip link set far down",
        "Network is unreachable: eth0 has no carrier",
        "connect the network interface on the host; on Azure, run az vm redeploy",
    ),
    "no address": (UP, "Network is unreachable: eth0 has no IPv4 address", LEASE),
    "link-local address": (
        f"{UP}ip address add 169.254.7.8/16 dev eth0",
        "Network is unreachable: eth0 has only the link-local address 169.254.7.8",
        LEASE,
    ),
    "no route": (
        f"{UP}ip address add 10.0.0.4/24 dev eth0",
        "Network is unreachable: eth0 has 10.0.0.4, but there is no route to 168.63.129.16",
        LEASE,
    ),
    "blackhole": (
        "ip link set lo up; ip route add blackhole 168.63.129.0/24",
        "Invalid argument: there is a route of type blackhole to 168.63.129.0/24",
        "run ip route del blackhole 168.63.129.0/24",
    ),
    "prohibit": (
        "ip link set lo up; ip route add prohibit 168.63.129.16",
        "Permission denied: there is a route of type prohibit to 168.63.129.16/32",
        "run ip route del prohibit 168.63.129.16/32",
    ),
    "rule": (
        "ip link set lo up; ip rule add to 168.63.129.16 prohibit",
        "Permission denied",
        "check whether a firewall or a route of this machine prohibits 168.63.129.16",
    ),
    "silent gateway": (
        f"{UP}ip address add 10.0.0.4/24 dev eth0; ip route add default via 10.0.0.1",
        "no reply to connection attempts: the gateway 10.0.0.1 does not answer ARP on eth0",
        "check that eth0 has the address and the gateway of its subnet",
    ),
    "router": (f"set -- 'unreachable 168.63.129.16'\n{ROUTER}", "No route to host", REJECTED),
    # As firewalld rejects.
    "admin-prohibited": (
        f"set -- 'prohibit 168.63.129.16'\n{ROUTER}",
        "No route to host",
        REJECTED,
    ),
    "dropped": (
        f"set -- 'blackhole 168.63.129.16'\n{ROUTER}",
        "no reply to connection attempts: the gateway 10.77.0.1 answers ARP on near",
        "check that no firewall drops TCP port 80 to 168.63.129.16",
    ),
    # The router's error is outdated when this kernel reports the same error for its own route.
    "outdated": (
        f"set -- 'prohibit 168.63.129.16'\n{ROUTER}"
        "(sleep 0.7; ip route add unreachable 168.63.129.16) &\n",
        "No route to host: there is a route of type unreachable to 168.63.129.16/32",
        "run ip route del unreachable 168.63.129.16/32",
    ),
    "no gateway": (
        f"{UP}ip address add 10.0.0.4/24 dev eth0; ip route add default dev eth0",
        "no reply to connection attempts: the route to 0.0.0.0/0 has no gateway, and "
        "168.63.129.16 does not answer ARP on eth0",
        "run ip route replace default via GATEWAY dev eth0 with the gateway of its subnet",
    ),
    "own address": (
        f"{UP}ip link set lo up; ip address add 168.63.129.16/32 dev eth0",
        "Connection refused: this machine has the platform's address 168.63.129.16 on one of its "
        "own interfaces",
        "find the interface with 'ip address show to 168.63.129.16' and remove the address",
    ),
    "refused": (
        f"set -- 'local 168.63.129.16 dev lo'\n{ROUTER}",
        "Connection refused",
        "check that 168.63.129.16 is the platform's address, and that no firewall rejects TCP "
        "port 80",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_state_and_its_fix_are_on_the_first_and_the_last_line(name: str) -> None:
    """The wait begins with what azprov saw and with one fix, and so does its end."""
    commands, reason, hint = CASES[name]

    lines = run_in_namespace(f"{commands}\n{AZPROV} {COMMAND}", code=69)

    pattern = hint if hint == LEASE else re.escape(hint)
    failure = re.escape(f"168.63.129.16 cannot be reached ({reason})")
    assert re.fullmatch(f"azprov: gave up after [12] s: {failure}; {pattern}", lines[-1]), lines
    if name != "outdated":
        assert re.fullmatch(f"{failure}; retrying for up to \\d s; {pattern}", lines[0]), lines


def test_metadata_has_the_same_line() -> None:
    """The metadata service is diagnosed like WireServer."""
    lines = run_in_namespace(f"{ETH0}\n{AZPROV} metadata --timeout 0.3", code=69)

    assert re.sub(r"up to 0\.\d s", "up to T", lines[0]) == (
        "169.254.169.254 cannot be reached (Network is unreachable: eth0 is down); retrying for up "
        "to T; run ip link set eth0 up"
    )


def test_ctrl_c_repeats_the_state_and_its_fix() -> None:
    """The last line after Ctrl-C says what the wait was for."""
    lines = run_in_namespace(
        f"{ETH0}\ntimeout -s INT --preserve-status 1 {AZPROV} report-ready", code=130
    )

    assert re.sub(r"after \S+ s", "after T", lines[-1]) == (
        "azprov: interrupted after T: 168.63.129.16 cannot be reached (Network is unreachable: "
        "eth0 is down); run ip link set eth0 up"
    )


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        ("prohibit", "ip route add prohibit 168.63.129.16"),
        ("blackhole", "ip route add blackhole 168.63.0.0/16"),
        ("unreachable", "ip route add unreachable 168.63.129.16"),
        ("down", ETH0),
    ],
)
def test_the_fix_of_a_state_can_be_typed(kind: str, commands: str) -> None:
    """The command after "run" ends the state that it is named for."""
    again = f"{AZPROV} goal-state --timeout 0.3 2>&1 | tail -n 1"

    lines = run_in_namespace(
        f'{commands}\nlast=$({again})\necho "$last" >&2\n${{last##*; run }}\n{again} >&2'
    )

    states = {"down": ("eth0 is down", "eth0 has no IPv4 address")}
    no_interface = "there is no network interface except lo"
    before, after = states.get(kind, (f"there is a route of type {kind} to", no_interface))
    assert before in lines[0]
    assert before not in lines[1]
    assert after in lines[1]


@pytest.mark.parametrize(
    "pipes",
    ["2>&1 | head -n 1", "| true", "2>&1 >/dev/null | head -n 1", "2>&- | true"],
)
@pytest.mark.parametrize("command", ["goal-state", "metadata"])
def test_a_closed_pipe_ends_the_wait(command: str, pipes: str) -> None:
    """A command that only shows something ends when no one reads its output."""
    began = time.monotonic()

    run_in_namespace(f"set +e\n{AZPROV} {command} {pipes}")

    assert time.monotonic() - began < 8


def run_in_namespace(script: str, *, code: int = 0) -> List[str]:
    """Run a script of sh in a network namespace that has only loopback; return its stderr."""
    skip_without_namespaces()
    done = subprocess.run(
        [*UNSHARE, "sh", "-ec", script],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr.splitlines()
