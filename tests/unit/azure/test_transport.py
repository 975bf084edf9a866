"""One exchange over real sockets on loopback, with servers that misbehave."""

import socket
import time
from typing import Callable, List, Optional

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.transport import Reply, Transport
from azprov.errors import BrokenReply, NotConnected
from azprov.system.clock import Clock
from ports import RawServer, read_request, replying

Serve = Callable[[socket.socket], None]


class FastClock(Clock):
    """A clock on which ten seconds pass in one."""

    def now(self) -> float:
        return super().now() * 10


def get(
    serve: Serve, *, bound_s: float = 5.0, body_matters: bool = True, clock: Optional[Clock] = None
) -> Reply:
    with RawServer(serve) as server:
        transport = Transport(server.endpoint, clock or Clock())
        return transport.send(
            "GET", "/x?y", headers={"a": "b"}, bound_s=bound_s, body_matters=body_matters
        )


def http(body: bytes = b"", head: str = "", status: str = "200 OK") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{head or length}\r\n".encode() + body


GOOD = {
    "with a length": (http(b"body"), b"body"),
    "empty": (http(), b""),
    "until the connection closes": (b"HTTP/1.1 200 OK\r\n\r\nbody", b"body"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nbody", b"body"),
    "chunked": (http(b"4\r\nbody\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"), b"body"),
    "after interim replies": (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + http(b"body"), b"body"),
    "after early hints": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
        + http(b"body"),
        b"body",
    ),
    "cut in its head": (b"HTTP/1.1 200 OK\r\nContent-Le", b""),
    "labelled as gzip": (http(b"body", "Content-Encoding: gzip\r\nContent-Length: 4\r\n"), b"body"),
    "a full MiB": (http(b"x" * 1048576), b"x" * 1048576),
}


@pytest.mark.parametrize("form", GOOD)
def test_each_form_of_reply_is_read(form: str) -> None:
    """The body is returned as it was sent, with every framing, and never decoded."""
    raw, body = GOOD[form]

    reply = get(replying(raw))

    assert (reply.status, reply.reason, reply.body) == (200, "OK", body)


BROKEN = {
    "nothing": (b"", "sent no usable reply (Remote end closed connection without response)"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "sent no usable reply ("),
    "less than its length": (
        http(b"bo", "Content-Length: 4\r\n"),
        "sent no usable reply (IncompleteRead",
    ),
    "chunked and cut": (
        http(b"4\r\nbo", "Transfer-Encoding: chunked\r\n"),
        "sent no usable reply (",
    ),
    "chunked nonsense": (
        http(b"zz\r\nbody\r\n", "Transfer-Encoding: chunked\r\n"),
        "sent no usable reply (",
    ),
    "a byte over a MiB": (http(b"x" * 1048577), "sent a reply of more than 1048576 bytes"),
    "trailers without end": (
        http(b"0\r\n" + b"a: b\r\n" * 300000, "Transfer-Encoding: chunked\r\n"),
        "sent a reply of more than 1048576 bytes",
    ),
    # The framing of all chunks may have 256 KiB.
    "chunks with long extensions": (
        http((b"1;" + b"x" * 65000 + b"\r\n.\r\n") * 21, "Transfer-Encoding: chunked\r\n"),
        "sent a reply of more than 1048576 bytes",
    ),
    "many headers": (
        http(head="a: b\r\n" * 5000),
        "sent no usable reply (got more than 100 headers",
    ),
    "a long header": (
        http(head="a: " + "b" * 70000 + "\r\n"),
        "sent headers of more than 16384 bytes",
    ),
    "a header that takes a parser minutes": (
        http(head='Content-Type: multipart/x; a="' + ";" * 60000 + "\r\n"),
        "sent headers of more than 16384 bytes",
    ),
    "interim replies without end": (
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100000,
        "sent headers of more than 16384 bytes",
    ),
    "early hints without end": (
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100000,
        "sent headers of more than 16384 bytes",
    ),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_each_broken_reply_is_one_error(damage: str) -> None:
    """An incomplete, malformed or too large reply is BrokenReply, which names the cause."""
    raw, said = BROKEN[damage]

    with pytest.raises(BrokenReply) as failure:
        get(replying(raw))

    assert said in failure.value.summary
    assert failure.value.hint == (
        "check what answers at that address, and whether a proxy or filter is in between"
    )
    assert failure.value.exit_code == 69


def dripping(raw: bytes, seconds: float) -> Serve:
    """Sends one byte at a time, fast enough to avoid the timeout of a single read."""

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        read_request(connection)
        for byte in raw:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return serve


def silent(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)  # until the client closes the connection


DRIPS = {
    "in its head": dripping(http(b"body", "a: " + "b" * 200 + "\r\n"), 0.02),
    "in its body": dripping(http(b"x" * 200), 0.02),
    "before its head": silent,
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_dripping_reply_ends_at_the_time_limit(where: str) -> None:
    """A slow stream of bytes does not extend an exchange beyond its limit."""
    with pytest.raises(BrokenReply, match=r"sent no complete reply within 0.3 s"):
        get(DRIPS[where], bound_s=0.3)


def test_a_body_that_does_not_matter_may_be_broken() -> None:
    """An incomplete, huge or hanging body of an acknowledgement is not an error."""
    cut = http(b"bo", "Content-Length: 400\r\n", "202 Accepted")
    large = http(b"x" * 3000000, status="201 Created")
    head = http(head="Content-Length: 400\r\n")

    def hanging(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        connection.recv(1)  # until the client closes the connection

    assert get(replying(cut), body_matters=False).status == 202
    assert get(replying(large), body_matters=False).status == 201
    assert get(hanging, body_matters=False, bound_s=0.3).status == 200


def test_the_body_of_an_error_status_may_be_broken() -> None:
    """The status and Retry-After of a reply are used although its body is incomplete."""
    cut = http(b"bo", "Content-Length: 400\r\nRetry-After: 7\r\n", "503 Busy")

    reply = get(replying(cut))

    assert (str(reply), reply.headers["Retry-After"]) == ("503 Busy", "7")


def test_a_body_that_does_not_matter_does_not_extend_the_exchange() -> None:
    """A body that drips for a minute is given up long before the limit of 30 s."""
    dripped: List[int] = []

    def dripping(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(http(head="Content-Length: 3000\r\n"))
        for count in range(3000):
            connection.sendall(b"x")
            dripped.append(count)
            time.sleep(0.02)

    reply = get(dripping, body_matters=False, bound_s=30, clock=FastClock())

    assert reply.status == 200
    assert 0 < len(dripped) < 50


def test_the_request_is_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, target, headers and body are sent unchanged, and to no proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen = []

    def serve(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(http())

    with RawServer(serve) as server:
        Transport(server.endpoint, Clock()).send(
            "POST", "/x?y=z", headers={"x-ms-a": "b"}, body=b"<c/>", bound_s=5
        )
        host = f"Host: {server.endpoint}".encode()

    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /x?y=z HTTP/1.1"
    assert b"x-ms-a: b" in lines
    assert b"Content-Length: 4" in lines
    assert host in lines
    assert body == b"<c/>"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
def test_two_addresses_no_detours_by_redirects(status: str) -> None:
    """A redirect is an ordinary reply; its address is never contacted."""
    with RawServer(replying(http(b"trap"))) as trap:
        location = f"Location: http://{trap.endpoint}/\r\nContent-Length: 0\r\n"

        reply = get(replying(http(head=location, status=status)))

        assert str(reply.status) == status[:3]
        assert trap.connections == 0


def test_a_closed_port_is_not_connected() -> None:
    """The error names the cause, and the hint says what to check."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = Endpoint(*closed.getsockname()[:2])

    with pytest.raises(NotConnected, match=r"cannot be reached .Connection refused.") as failure:
        Transport(endpoint, Clock()).send("GET", "/", headers={}, bound_s=1)

    assert failure.value.hint == (
        "check that 127.0.0.1 is the platform's address, and that no firewall rejects TCP port "
        f"{endpoint.port}"
    )


def test_no_connection_is_left_open() -> None:
    """Every exchange closes its connection."""
    ended = []

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(http(b"body", "Content-Length: 4\r\n"))
        ended.append(connection.recv(1))

    with RawServer(serve) as server:
        transport = Transport(server.endpoint, Clock())
        for _ in range(3):
            transport.send("GET", "/", headers={}, bound_s=5)

    assert ended == [b"", b"", b""]
