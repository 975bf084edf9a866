"""Knocking at WireServer while another service of the platform is silent; and how long that is."""

import socket
from typing import Iterator

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.patience import Patience, WireServerProbe
from azprov.errors import AzprovError, BrokenReply, NotConnected, Refused
from ports import FakeClock


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """A port that refuses connections until it is told to listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        yield bound


def knocks(port: socket.socket) -> int:
    count = 0
    while True:
        try:
            connection, _ = port.accept()
        except BlockingIOError:
            return count
        with connection:
            count += 1
            assert connection.recv(1) == b""


def probe_at(port: socket.socket, clock: FakeClock) -> WireServerProbe:
    return WireServerProbe(Endpoint(*port.getsockname()), clock)


def test_a_platform_that_is_there_is_knocked_at_once(port: socket.socket) -> None:
    """The first connection is the only one, and says nothing; that the port closes is no matter."""
    port.listen()
    clock = FakeClock()
    probe = probe_at(port, clock)

    answers = []
    for _ in range(12):
        answers.append(probe.is_reachable())
        clock.spend(1.0)

    assert answers[1:] == [True] * 11  # the first may be too quick for a handshake
    assert knocks(port) == 1


def test_where_nobody_is_nobody_is_heard(port: socket.socket) -> None:
    """However long it is."""
    clock = FakeClock()
    probe = probe_at(port, clock)

    for _ in range(100):
        assert not probe.is_reachable()
        clock.spend(10.0)


def test_knocks_are_a_second_apart(port: socket.socket) -> None:
    """Whoever polls twenty times a second knocks once; a platform that comes later is heard."""
    clock = FakeClock()
    probe = probe_at(port, clock)
    probe.is_reachable()
    port.listen()

    clock.spend(0.9)
    probe.is_reachable()
    assert knocks(port) == 0

    clock.spend(0.2)
    probe.is_reachable()
    assert knocks(port) == 1


ABSENT = NotConnected("nobody is there")


class Neighbour(WireServerProbe):
    """A platform that is there when it is told to be."""

    def __init__(self) -> None:
        self.has_come = False

    def is_reachable(self) -> bool:
        return self.has_come


def patience_by(neighbour: Neighbour, clock: FakeClock) -> Patience:
    return Patience(neighbour, clock, silent_s=10.0, answering_s=120.0)


def test_without_a_network_no_time_passes_for_the_metadata_service() -> None:
    """However late the network is: its time begins when WireServer is there."""
    clock = FakeClock()
    neighbour = Neighbour()
    patience = patience_by(neighbour, clock)

    clock.spend(800.0)
    assert patience.left_s(ABSENT) == float("inf")
    neighbour.has_come = True
    clock.spend(5.0)

    assert patience.left_s(ABSENT) == 10.0
    clock.spend(4.0)
    assert patience.left_s(ABSENT) == 6.0


@pytest.mark.parametrize("answer", [Refused("busy", status=503), BrokenReply("cut off")])
def test_who_answers_is_given_longer(answer: AzprovError) -> None:
    """From the first answer on, also where the silence before it was nearly too long."""
    clock = FakeClock()
    neighbour = Neighbour()
    neighbour.has_come = True
    patience = patience_by(neighbour, clock)
    assert patience.left_s(ABSENT) == 10.0
    clock.spend(9.0)

    assert patience.left_s(answer) == 120.0
    clock.spend(20.0)

    assert patience.left_s(ABSENT) == 100.0
    assert patience.left_s(answer) == 100.0
