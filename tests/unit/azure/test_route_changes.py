"""Each change of links, addresses and routes ends a wait; a thread has a network of its own."""

import socket
import time
from typing import List

import pytest

from azprov.azure.routes import RouteChanges
from open_files import open_files
from own_network import in_own_network, ip

pytestmark = pytest.mark.needs("root", "ip")

ETH0 = "link add eth0 type veth peer name peer0"
UP = ("link set eth0 up", "link set peer0 up", "address add 10.0.0.4/24 dev eth0")


def seconds_of_waits(family: int, *commands: str, waits: int = 1) -> List[float]:
    """How long each wait takes after these changes; a wait without a change takes 0.3 s."""
    changes = RouteChanges(family)
    try:
        changes.wait(0.3)  # the commands before may have left a message
        for command in commands:
            ip(command)
        taken = []
        for _ in range(waits):
            began = time.monotonic()
            changes.wait(0.3)
            taken.append(time.monotonic() - began)
        return taken
    finally:
        changes.close()


@pytest.mark.parametrize(
    ("family", "command"),
    [
        pytest.param(socket.AF_INET, "link set peer0 down", id="link"),
        pytest.param(socket.AF_INET6, "link set peer0 down", id="link, IPv6"),
        pytest.param(socket.AF_INET, "address add 10.0.0.5/32 dev lo", id="address"),
        pytest.param(socket.AF_INET, "route add 198.51.100.0/24 via 10.0.0.9", id="route"),
        pytest.param(socket.AF_INET6, "address add 2001:db8::5/128 dev lo", id="address, IPv6"),
        pytest.param(socket.AF_INET6, "route add unreachable 2001:db8::/64", id="route, IPv6"),
    ],
)
def test_each_kind_of_change_ends_the_wait(family: int, command: str) -> None:
    """The wait does not last its 0.3 s."""
    (taken,) = in_own_network(lambda: seconds_of_waits(family, command), ETH0, *UP)

    assert taken < 0.2


@pytest.mark.parametrize(
    ("family", "command"),
    [
        (socket.AF_INET6, "route add 198.51.100.0/24 via 10.0.0.9"),
        (socket.AF_INET, "route add unreachable 2001:db8::/64"),
        (socket.AF_INET, "rule add to 198.51.100.0/24 table 7"),
    ],
)
def test_other_changes_do_not_end_the_wait(family: int, command: str) -> None:
    """A change of the other family, or of the rules, is not reported."""
    (taken,) = in_own_network(lambda: seconds_of_waits(family, command), ETH0, *UP)

    assert taken >= 0.3


def test_a_change_ends_one_wait_only() -> None:
    """The messages are read, so that the next wait is not a busy loop."""
    taken = in_own_network(
        lambda: seconds_of_waits(socket.AF_INET, "address add 10.0.0.5/32 dev lo", waits=2),
        ETH0,
        *UP,
    )

    assert taken[0] < 0.2
    assert taken[1] >= 0.3


def test_no_socket_is_left_open() -> None:
    """`close` closes the only one."""
    before = open_files()
    changes = RouteChanges(socket.AF_INET)
    assert open_files() == before + 1

    changes.close()

    assert open_files() == before
