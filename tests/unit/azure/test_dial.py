"""Connecting to an address that may not answer yet."""

import resource
import socket
import time
from typing import Iterator, List

import pytest

from azprov.azure.dial import BoundedSocket, Dialer
from azprov.azure.endpoint import Endpoint
from azprov.errors import NotConnected
from open_files import open_files
from own_network import in_own_network
from ports import FakeClock


class DeafListener:
    """Leaves connection attempts unanswered, because its queue is full, until `hear`."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self._filler = socket.create_connection(self._listener.getsockname())

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(*self._listener.getsockname()[:2])

    def hear(self) -> None:
        self._listener.listen(100)
        self._listener.accept()[0].close()

    def close(self) -> None:
        self._filler.close()
        self._listener.close()


@pytest.fixture
def deaf() -> Iterator[DeafListener]:
    listener = DeafListener()
    yield listener
    listener.close()


def test_an_unanswered_attempt_is_not_connected(deaf: DeafListener) -> None:
    """The error comes after the time limit of one poll, not after the kernel's."""
    dialer = Dialer(deaf.endpoint, FakeClock())

    with pytest.raises(NotConnected, match="no reply to connection attempts") as failure:
        dialer.connect(patience_s=0)

    assert failure.value.has_route
    dialer.close()


def test_a_new_attempt_connects_as_soon_as_the_address_answers(deaf: DeafListener) -> None:
    """The dialer makes attempts of its own: the kernel repeats one only after a second."""
    clock = FakeClock()
    dialer = Dialer(deaf.endpoint, clock)
    for _ in range(10):
        with pytest.raises(NotConnected):
            dialer.connect(patience_s=0)
        clock.spend(0.05)
    before = open_files()

    deaf.hear()
    connection = dialer.connect(patience_s=0.5)

    assert connection.getpeername() == deaf.endpoint
    assert open_files() == before - 9  # ten pending sockets are closed, and one is connected
    connection.close()


def test_pending_attempts_do_not_pile_up(deaf: DeafListener) -> None:
    """The dialer keeps only the attempts of the last seconds."""
    clock = FakeClock()
    dialer = Dialer(deaf.endpoint, clock)
    before = open_files()
    for _ in range(500):
        with pytest.raises(NotConnected):
            dialer.connect(patience_s=0)
        clock.spend(0.05)

    assert open_files() - before <= 62

    dialer.close()
    assert open_files() == before


def test_too_many_open_files_is_not_connected(deaf: DeafListener) -> None:
    """The dialer still waits for pending attempts if it cannot open a new socket."""
    dialer = Dialer(deaf.endpoint, FakeClock())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + 2, hard))
        for _ in range(9):
            with pytest.raises(NotConnected, match="no reply to connection attempts"):
                dialer.connect(patience_s=0)
        dialer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        with pytest.raises(NotConnected, match="Too many open files") as failure:
            dialer.connect(patience_s=0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        dialer.close()

    assert failure.value.hint == "raise the limit of open files (ulimit -n)"


def test_an_address_without_a_route_fails_at_once() -> None:
    """The error comes without a wait, and no socket stays open."""
    clock = FakeClock()
    before = open_files()
    dialer = Dialer(Endpoint("127.0.0.1", 9), clock)

    with pytest.raises(NotConnected, match="Connection refused") as failure:
        dialer.connect(patience_s=60)

    assert open_files() == before
    assert failure.value.has_route


def test_a_refusal_of_this_machine_itself_is_a_missing_route() -> None:
    """No route, a prohibiting one and a firewall differ from a network without an answer."""
    clock = FakeClock()

    # The kernel has no route from loopback to a multicast group.
    with pytest.raises(NotConnected) as failure:
        Dialer(Endpoint("255.255.255.255", 9), clock).connect(patience_s=0)

    assert not failure.value.has_route


def test_an_endpoint_that_changes_is_followed(deaf: DeafListener) -> None:
    """The next attempt uses the new endpoint, and attempts at the old one are closed."""
    before = open_files()
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = Endpoint("127.0.0.1", 9)
        places = [deaf.endpoint, closed, Endpoint(*server.getsockname())]
        dialer = Dialer(closed, FakeClock(), lambda: places.pop(0))
        with pytest.raises(NotConnected, match=f"{deaf.endpoint} cannot be reached"):
            dialer.connect(patience_s=0)
        assert open_files() == before + 2
        with pytest.raises(NotConnected, match=f"{closed} cannot be reached"):
            dialer.connect(patience_s=0)
        assert open_files() == before + 1

        with dialer.connect(patience_s=1) as connection:
            assert connection.getpeername() == server.getsockname()
            assert dialer.endpoint == Endpoint(*server.getsockname())
            assert open_files() == before + 2


def test_a_second_time_limit_does_not_extend_the_first() -> None:
    """A second call of `bound` cannot exceed the time limit of the first one."""
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as listener, BoundedSocket() as ours:
        ours.connect(listener.getsockname())
        with listener.accept()[0] as theirs:
            theirs.sendall(b"ab")
            ours.bound(clock, seconds=1.5, limit_bytes=10, what="")
            clock.spend(1.2)
            ours.bound(clock, seconds=2.0, limit_bytes=10, what="")

            assert ours.recv_into(bytearray(1)) == 1
            clock.spend(0.4)
            with pytest.raises(socket.timeout):
                ours.recv_into(bytearray(1))


@pytest.fixture
def answering() -> Iterator[Endpoint]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield Endpoint(*listener.getsockname()[:2])


def seconds_until_connected(dialer: Dialer, clock: FakeClock) -> float:
    began = clock.time
    while clock.time < began + 60:
        try:
            dialer.connect(patience_s=0.01).close()
        except NotConnected:
            clock.spend(0.25)
        else:
            return clock.time - began
    raise AssertionError


def test_the_usual_address_is_tried_if_the_leased_one_is_silent(
    deaf: DeafListener, answering: Endpoint
) -> None:
    """A DHCP lease may name a WireServer that no longer exists."""
    clock = FakeClock()
    dialer = Dialer(deaf.endpoint, clock, lambda: deaf.endpoint, usual=answering)

    assert seconds_until_connected(dialer, clock) == pytest.approx(3.25)
    assert dialer.endpoint == answering
    assert seconds_until_connected(dialer, clock) == 0


def test_the_leased_address_is_tried_again_after_the_usual_one(
    deaf: DeafListener, answering: Endpoint
) -> None:
    """Both addresses are tried in turn, because either may answer late."""
    clock = FakeClock()
    dialer = Dialer(answering, clock, lambda: answering, usual=deaf.endpoint)
    dialer.distrust()  # it accepts connections, but its replies are broken

    with pytest.raises(NotConnected):
        dialer.connect(patience_s=0)
    assert dialer.endpoint == deaf.endpoint
    assert seconds_until_connected(dialer, clock) == pytest.approx(3.25)
    assert dialer.endpoint == answering


def test_a_fixed_address_is_not_exchanged(deaf: DeafListener, answering: Endpoint) -> None:
    """The usual address is not tried instead of the one given with --wireserver."""
    clock = FakeClock()
    dialer = Dialer(deaf.endpoint, clock, usual=answering)
    for _ in range(200):
        with pytest.raises(NotConnected):
            dialer.connect(patience_s=0)
        clock.spend(0.05)

    assert dialer.endpoint == deaf.endpoint
    dialer.close()


def seconds_of_attempts(dialer: Dialer, count: int) -> List[float]:
    """How long each attempt takes; all of them fail for want of a route."""
    taken = []
    for _ in range(count):
        began = time.monotonic()
        with pytest.raises(NotConnected) as failure:
            dialer.connect(patience_s=0.05, route_patience_s=0.5)
        taken.append(time.monotonic() - began)
        assert not failure.value.has_route
    dialer.close()
    return taken


@pytest.mark.needs("root", "ip")
@pytest.mark.parametrize("kind", ["prohibit", "blackhole"])
def test_a_prohibited_address_is_tried_at_every_poll(kind: str) -> None:
    """The kernel does not say when a firewall allows the address, so no attempt waits for it."""
    taken = in_own_network(
        lambda: seconds_of_attempts(Dialer(Endpoint("192.0.2.16"), FakeClock()), 10),
        f"route add {kind} 192.0.2.16",
    )

    assert sum(taken) < 0.5


@pytest.mark.needs("root", "ip")
@pytest.mark.parametrize("command", ["link set lo up", "route add unreachable 192.0.2.16"])
def test_an_attempt_without_a_route_waits_for_a_change(command: str) -> None:
    """The first two attempts fail at once, because a change before the second could be unseen."""
    taken = in_own_network(
        lambda: seconds_of_attempts(Dialer(Endpoint("192.0.2.16"), FakeClock()), 4), command
    )

    assert max(taken[:2]) < 0.4
    assert min(taken[2:]) >= 0.5


def test_nothing_is_sent_after_the_time_limit() -> None:
    """The limit counts for both directions, and begins when it is set."""
    clock = FakeClock()
    here, there = socket.socketpair()
    with there, BoundedSocket(fileno=here.detach()) as connection:
        connection.bound(clock, seconds=5.0, limit_bytes=100, what="a reply")
        clock.spend(4.9)
        connection.sendall(b"in time")
        clock.spend(0.1)
        with pytest.raises(socket.timeout):
            connection.sendall(b"late")
        assert there.recv(100) == b"in time"
