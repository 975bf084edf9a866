"""The probe of WireServer, and the time limit of the metadata service."""

import socket
from typing import Iterator

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.imds_time_limit import ImdsTimeLimit
from azprov.azure.wireserver_probe import WireServerProbe
from azprov.errors import AzprovError, BrokenReply, NotConnected, Refused
from ports import FakeClock


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """A port that refuses connections until `listen` is called."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        yield bound


def connections_to(port: socket.socket) -> int:
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


def test_a_reachable_wireserver_gets_one_connection(port: socket.socket) -> None:
    """No data is sent over it, and WireServer counts as reachable from then on."""
    port.listen()
    clock = FakeClock()
    probe = probe_at(port, clock)

    answers = []
    for _ in range(12):
        answers.append(probe.is_reachable())
        clock.spend(1.0)

    assert answers[1:] == [True] * 11  # the first call may return before the handshake ends
    assert connections_to(port) == 1


def test_a_closed_port_is_never_reachable(port: socket.socket) -> None:
    """The result stays false while the port refuses connections."""
    clock = FakeClock()
    probe = probe_at(port, clock)

    for _ in range(100):
        assert not probe.is_reachable()
        clock.spend(10.0)


def test_the_probe_connects_at_most_four_times_a_second(port: socket.socket) -> None:
    """More frequent calls make no attempt; a WireServer that comes later is found."""
    clock = FakeClock()
    probe = probe_at(port, clock)
    probe.is_reachable()
    port.listen()

    clock.spend(0.2)
    probe.is_reachable()
    assert connections_to(port) == 0

    clock.spend(0.1)
    probe.is_reachable()
    assert connections_to(port) == 1


ABSENT = NotConnected("cannot be reached")


class FakeProbe(WireServerProbe):
    """A probe that succeeds when the test says so."""

    def __init__(self) -> None:
        self.succeeds = False

    def is_reachable(self) -> bool:
        return self.succeeds


def unrouted() -> NotConnected:
    error = NotConnected("cannot be reached")
    error.has_route = False
    return error


def time_limit_with(probe: FakeProbe, clock: FakeClock) -> ImdsTimeLimit:
    return ImdsTimeLimit(probe, clock, limit_s=lambda: 120.0, unrouted_s=10.0)


def test_the_time_limit_begins_when_wireserver_can_be_reached() -> None:
    """A late network does not use up the time of the metadata service."""
    clock = FakeClock()
    probe = FakeProbe()
    time_limit = time_limit_with(probe, clock)

    clock.spend(800.0)
    assert time_limit.left_s(ABSENT) == float("inf")
    assert time_limit.waited_s == 0.0
    probe.succeeds = True
    clock.spend(5.0)

    assert time_limit.left_s(ABSENT) == 120.0
    clock.spend(4.0)
    assert time_limit.left_s(ABSENT) == 116.0
    assert time_limit.waited_s == 4.0


@pytest.mark.parametrize("answer", [Refused("busy", status=503), BrokenReply("cut off")])
def test_the_time_limit_begins_with_the_first_answer(answer: AzprovError) -> None:
    """A reply of the metadata service shows that there is a network; WireServer may be silent."""
    clock = FakeClock()
    time_limit = time_limit_with(FakeProbe(), clock)

    assert time_limit.left_s(answer) == 120.0
    clock.spend(20.0)

    assert time_limit.left_s(ABSENT) == 100.0
    assert time_limit.left_s(answer) == 100.0


def test_without_a_route_there_is_less_time() -> None:
    """A machine without a route to the metadata service gives up after ten seconds."""
    clock = FakeClock()
    probe = FakeProbe()
    probe.succeeds = True
    time_limit = time_limit_with(probe, clock)

    assert time_limit.left_s(unrouted()) == 10.0
    clock.spend(9.0)

    assert time_limit.left_s(unrouted()) == 1.0


def test_a_route_that_comes_back_gives_the_whole_time() -> None:
    """The ten seconds without a route are counted in one piece."""
    clock = FakeClock()
    probe = FakeProbe()
    probe.succeeds = True
    time_limit = time_limit_with(probe, clock)
    assert time_limit.left_s(unrouted()) == 10.0
    clock.spend(9.0)
    assert time_limit.left_s(ABSENT) == 111.0
    clock.spend(9.0)

    assert time_limit.left_s(unrouted()) == 10.0


def test_a_missing_route_does_not_extend_the_time_limit() -> None:
    """The earlier of the two limits counts."""
    clock = FakeClock()
    probe = FakeProbe()
    probe.succeeds = True
    time_limit = time_limit_with(probe, clock)
    time_limit.left_s(ABSENT)
    clock.spend(115.0)

    assert time_limit.left_s(unrouted()) == 5.0


def test_without_a_network_a_missing_route_costs_no_time() -> None:
    """Before WireServer can be reached, neither limit has begun."""
    clock = FakeClock()
    probe = FakeProbe()
    time_limit = time_limit_with(probe, clock)
    assert time_limit.left_s(unrouted()) == float("inf")
    clock.spend(500.0)
    probe.succeeds = True

    assert time_limit.left_s(unrouted()) == 10.0
