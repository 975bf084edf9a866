"""Knocking at WireServer while another service of the platform is silent."""

import socket
from typing import Iterator

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.presence import Presence
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


def presence_at(port: socket.socket, clock: FakeClock) -> Presence:
    return Presence(Endpoint(*port.getsockname()), clock)


def test_a_platform_that_is_there_has_lasted_after_ten_seconds(port: socket.socket) -> None:
    """From the first connection on, which is the only one, and says nothing."""
    port.listen()
    clock = FakeClock()
    presence = presence_at(port, clock)

    answers = []
    for _ in range(12):
        answers.append(presence.has_lasted())
        clock.spend(1.0)

    assert answers == [False] * 10 + [True] * 2
    assert knocks(port) == 1


def test_where_nobody_is_nothing_lasts(port: socket.socket) -> None:
    """However long it is."""
    clock = FakeClock()
    presence = presence_at(port, clock)

    for _ in range(100):
        assert not presence.has_lasted()
        clock.spend(10.0)


def test_knocks_are_a_second_apart(port: socket.socket) -> None:
    """Whoever polls twenty times a second knocks once; a platform that comes later is heard."""
    clock = FakeClock()
    presence = presence_at(port, clock)
    presence.has_lasted()
    port.listen()

    clock.spend(0.9)
    presence.has_lasted()
    assert knocks(port) == 0

    clock.spend(0.2)
    presence.has_lasted()
    assert knocks(port) == 1
