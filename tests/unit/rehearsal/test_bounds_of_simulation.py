"""What a program or a VM beside the simulated platform can make azprov keep."""

import io
import socket
from typing import Iterator, List, Tuple

import pytest

from azprov.rehearsal.scenario import Reply
from azprov.rehearsal.server import Request, Server
from azprov.rehearsal.transcript import Event, Transcript, lines_of
from ports import FakeClock


@pytest.fixture
def served() -> Iterator[Tuple[Tuple[str, int], List[str]]]:
    """The address of a server on loopback, and the targets of its requests."""
    targets: List[str] = []

    def answer(request: Request) -> Reply:
        targets.append(request.target)
        return Reply(200)

    server = Server(answer, lambda _: None)
    server.open_after(0)
    host, _, port = server.address.rpartition(":")
    yield (host, int(port)), targets
    server.close()


def test_a_line_without_an_end_is_shown_in_pieces() -> None:
    """A program that writes no line end is not collected in memory."""
    lines = list(lines_of(io.BytesIO(b"a\n" + b"b" * 5000 + b"\n\xff")))

    assert [(line[0], len(line)) for line in lines] == [("a", 1), ("b", 4096), ("b", 904), ("�", 1)]
    assert list(lines_of(None)) == []


def test_only_the_last_events_are_kept() -> None:
    """All are shown, although a VM or a program may cause millions of them."""
    shown: List[Event] = []
    transcript = Transcript(FakeClock(), shown.append)
    log = transcript.log_of("VM")

    for number in range(10_001):
        log(str(number))

    assert len(shown) == 10_001
    assert len(transcript.events) == 10_000
    assert transcript.events[0].what == "1"


def test_connections_beyond_a_number_are_closed(
    served: Tuple[Tuple[str, int], List[str]],
) -> None:
    """A VM with thousands of open connections does not get as many threads, and may go on."""
    address, targets = served
    silent = [socket.create_connection(address) for _ in range(64)]
    with socket.create_connection(address) as refused:
        assert refused.recv(1) == b""
    for one in silent:
        one.close()
    reply = b""
    while not reply:
        with socket.create_connection(address) as allowed:
            try:
                allowed.sendall(b"GET /a HTTP/1.0\r\n\r\n")
                reply = allowed.recv(100)
            except ConnectionError:
                pass

    assert reply.startswith(b"HTTP/1.1 200 OK")
    assert targets == ["/a"]


@pytest.mark.parametrize("length", [b"-1", b"1048577", b"x", b"9999999999"])
def test_a_body_that_is_not_read_is_no_request(
    served: Tuple[Tuple[str, int], List[str]], length: bytes
) -> None:
    """A body of an impossible length ends the connection."""
    address, targets = served
    with socket.create_connection(address) as connection:
        connection.sendall(
            b"POST /a HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
        )
        connection.shutdown(socket.SHUT_WR)
        received = connection.makefile("rb").read()

    assert received.count(b"HTTP/1.1 200 OK") == 1
    assert targets == ["/a"]
