"""The error and hint for each reason why an address cannot be reached.

Each case runs in its own network namespace; a router is a second namespace.
"""

import subprocess
import sys

import pytest

from namespaces import UNSHARE, skip_without_namespaces
from pyz import PYZ

COMMAND = "goal-state --timeout 1.5 --wireserver 168.63.129.16"
# $1 is the type of the router's route to the platform; the router sends the ICMP error for it.
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
    ip route add '$1' 168.63.129.16
'
"""

NO_ROUTE = (
    "check that the first network interface is up and has a DHCP lease, and that there is a "
    "route to 168.63.129.16"
)
REJECTED = (
    "check that no firewall rejects TCP port 80 to 168.63.129.16, and that the gateway answers"
)
#: By the commands that cause it: the kernel's message, and the hint.
CASES = {
    "ip link set lo up": ("Network is unreachable", NO_ROUTE),
    "ip link set lo up; ip route add blackhole 168.63.129.16": (
        "Invalid argument",
        "check whether a route of this machine is a blackhole for 168.63.129.16",
    ),
    "ip link set lo up; ip route add prohibit 168.63.129.16": (
        "Permission denied",
        "check whether a firewall or a route of this machine prohibits 168.63.129.16",
    ),
    f"set -- unreachable\n{ROUTER}": ("No route to host", REJECTED),
    f"set -- prohibit\n{ROUTER}": ("No route to host", REJECTED),  # as firewalld rejects
    # The router's error is outdated when this kernel reports the same error for its own route.
    f"set -- prohibit\n{ROUTER}(sleep 0.7; ip route add unreachable 168.63.129.16) &\n": (
        "No route to host",
        NO_ROUTE,
    ),
}


@pytest.mark.parametrize(
    "commands",
    CASES,
    ids=["no route", "blackhole", "prohibit", "router", "admin-prohibited", "outdated"],
)
def test_the_hint_fits_the_reason(commands: str) -> None:
    """A missing route, a special route and a firewall each have their own hint."""
    skip_without_namespaces()
    reason, hint = CASES[commands]

    done = subprocess.run(
        [*UNSHARE, "sh", "-ec", f"{commands}\n{sys.executable} {PYZ} {COMMAND}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 69, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.endswith(f": 168.63.129.16 cannot be reached ({reason}); {hint}")
