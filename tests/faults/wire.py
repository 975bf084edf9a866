"""Errors and oddities of a server between accepting a connection and closing it."""

import time
from typing import Callable, Dict, NamedTuple

from faults.fault import (
    BOUNDED,
    ENDLESS,
    GOOD,
    LARGE,
    LARGE_HEAD,
    LATE,
    NO_BODY,
    READY,
    SERVER_HINT,
    Ends,
    answer,
    broken,
    http,
    no_goal_state,
    no_instance,
    refused,
    whatever_the_body,
)
from faults.server import Act, Exchange

MANY = 100_000_000
CHUNKED = "Transfer-Encoding: chunked\r\n"


class Fault(NamedTuple):
    """How a good body is wrapped, and the end of the run if every body is."""

    wrap: Callable[[bytes], Act]
    ends: Ends


def raw(make: Callable[[bytes], bytes]) -> Callable[[bytes], Act]:
    return lambda body: answer(make(body))


def endless(head: bytes, piece: bytes, tail: bytes = b"") -> Callable[[bytes], Act]:
    """100 MB of pieces, or as many as the client reads."""
    block = piece * (65536 // len(piece))

    def act(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(head)
        for _ in range(MANY // len(block)):
            exchange.send(block)
        exchange.send(tail)

    return lambda _body: act


def hanging(cut: Callable[[bytes], bytes]) -> Callable[[bytes], Act]:
    """Sends a part of the reply, and then nothing."""

    def wrap(body: bytes) -> Act:
        def act(exchange: Exchange) -> None:
            exchange.read()
            exchange.send(cut(body))
            exchange.hold()

        return act

    return wrap


def dripping(whole: Callable[[bytes], bytes], *, at_once: int = 0) -> Callable[[bytes], Act]:
    """Sends a byte every 50 ms after the first `at_once` bytes."""

    def wrap(body: bytes) -> Act:
        def act(exchange: Exchange) -> None:
            reply = whole(body)
            exchange.read()
            exchange.send(reply[:at_once])
            for byte in reply[at_once:]:
                exchange.send(bytes([byte]))
                time.sleep(0.05)

        return act

    return wrap


def chunks(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def chunked(framed: bytes) -> bytes:
    return http(framed, head=CHUNKED, length=False)


def _in_two_halves(body: bytes) -> Act:
    def act(exchange: Exchange) -> None:
        whole = http(body)
        exchange.read()
        for piece in (whole[:9], whole[9:30], whole[30:]):
            exchange.send(piece)
            time.sleep(0.1)

    return act


def _reset_at_once(_body: bytes) -> Act:
    return Exchange.reset


def _reset_after_request(_body: bytes) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.read()
        exchange.reset()

    return act


def _reset_in_body(body: bytes) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(http(body + b"more")[:-4])
        time.sleep(0.1)
        exchange.reset()

    return act


def _never_reading(_body: bytes) -> Act:
    def act(exchange: Exchange) -> None:
        time.sleep(60)
        exchange.reset()

    return act


def _speaking_first(_body: bytes) -> Act:
    def act(exchange: Exchange) -> None:
        exchange.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
        exchange.hold()

    return act


#: Valid replies in an unusual form.
ODD: Dict[str, Fault] = {
    "in pieces": Fault(_in_two_halves, GOOD),
    "longer than its length": Fault(raw(lambda body: http(body) + b"trailing" * 1000), GOOD),
    "until the connection closes": Fault(raw(lambda body: http(body, length=False)), GOOD),
    "negative length": Fault(
        raw(lambda body: http(body, head="Content-Length: -1\r\n", length=False)), GOOD
    ),
    "the same length twice": Fault(
        raw(lambda body: http(body, head=f"Content-Length: {len(body)}\r\n")), GOOD
    ),
    "HTTP 1.0": Fault(raw(lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body), GOOD),
    "bare line feeds": Fault(raw(lambda body: b"HTTP/1.1 200 OK\n\n" + body), GOOD),
    "chunked": Fault(raw(lambda body: chunked(chunks(body, 7) + b"0\r\n\r\n")), GOOD),
    "chunked with extensions and trailers": Fault(
        raw(lambda body: chunked(chunks(body or b" ", 9999) + b"0;a=b\r\nX: y\r\n\r\n")), GOOD
    ),
    "chunked and with a length": Fault(
        raw(
            lambda body: http(
                chunks(body, 99) + b"0\r\n\r\n",
                head=CHUNKED + "Content-Length: 1\r\n",
                length=False,
            )
        ),
        GOOD,
    ),
    "after 50 interim replies": Fault(
        raw(lambda body: b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + http(body)), GOOD
    ),
    "after early hints": Fault(
        raw(
            lambda body: (
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                b"HTTP/1.1 102 Processing\r\n\r\n" + http(body)
            )
        ),
        GOOD,
    ),
    "folded headers": Fault(
        raw(lambda body: http(body, head="X: y\r\n folded\r\n\tonce more\r\n")), GOOD
    ),
    "headers that are not ASCII": Fault(
        raw(lambda body: http(body, head="X\xff: \xe9\x85\x0b\xa0\r\nServer: \x1b[2J\r\n")), GOOD
    ),
    "a reason that is an escape sequence": Fault(
        raw(lambda body: http(body, status="503 \x1b[2J\x07")), refused("503 ?[2J?", SERVER_HINT)
    ),
}

#: Replies that are never complete.
SLOW: Dict[str, Fault] = {
    "no answer": Fault(hanging(lambda _body: b""), LATE),
    "never read": Fault(_never_reading, LATE),
    "hangs in its status line": Fault(hanging(lambda _body: b"HTTP/1.1 20"), LATE),
    "hangs in its headers": Fault(hanging(lambda body: http(body)[:30]), LATE),
    "hangs in its body": Fault(
        hanging(lambda body: http(body + b"more")[:-4]), whatever_the_body(LATE)
    ),
    "hangs in a chunk": Fault(
        hanging(lambda body: chunked(chunks(body, 99))), whatever_the_body(LATE)
    ),
    "hangs in its trailers": Fault(
        hanging(lambda body: chunked(chunks(body, 99) + b"0\r\nX: y\r\n")), whatever_the_body(LATE)
    ),
    "hangs open with no length": Fault(
        hanging(lambda body: http(body, length=False)), whatever_the_body(LATE)
    ),
    "hangs between interim replies": Fault(
        hanging(lambda _body: b"HTTP/1.1 100 Continue\r\n\r\n" * 3), LATE
    ),
    "drips its head": Fault(dripping(lambda body: http(body, head="X: " + "y" * 999)), LATE),
    "drips its body": Fault(
        dripping(lambda body: http(body + b" " * 999), at_once=60), whatever_the_body(LATE)
    ),
    "drips interim replies": Fault(dripping(lambda _body: b"HTTP/1.1 100 C\r\n\r\n" * 99), LATE),
}

#: Broken replies, and replies beyond the limits.
BROKEN: Dict[str, Fault] = {
    "reset at once": Fault(_reset_at_once, broken("*")),
    "reset after the request": Fault(_reset_after_request, broken("*Connection reset by peer")),
    "reset in its body": Fault(
        _reset_in_body, whatever_the_body(broken("*Connection reset by peer"))
    ),
    "closed without an answer": Fault(
        raw(lambda _body: b""), broken("Remote end closed connection without response")
    ),
    "a blank line": Fault(raw(lambda _body: b"\r\n"), broken("*")),
    "half a status line": Fault(raw(lambda _body: b"HTTP/1.1 2"), broken("HTTP/1.1 2")),
    "cut in its headers": Fault(raw(lambda _body: b"HTTP/1.1 200 OK\r\nContent-Le"), NO_BODY),
    "short of its length": Fault(
        raw(lambda body: http(body + b"more")[:-4]), whatever_the_body(broken("IncompleteRead(*"))
    ),
    "a length of 30 digits": Fault(
        raw(lambda body: http(body, head="Content-Length: " + "9" * 30 + "\r\n", length=False)),
        whatever_the_body(broken("*")),
    ),
    "two lengths": Fault(
        raw(lambda body: http(body, head="Content-Length: 1\r\n")),
        broken("*multiple unmatching values*"),
    ),
    "cut in a chunk": Fault(
        raw(lambda body: chunked(chunks(body or b"body", 99)[:-3])),
        whatever_the_body(broken("*")),
    ),
    "cut between chunks": Fault(
        raw(lambda body: chunked(chunks(body, 99))), whatever_the_body(broken("*"))
    ),
    "an invalid chunk size": Fault(
        raw(lambda body: chunked(b"zz\r\n" + body)), whatever_the_body(broken("*"))
    ),
    "a chunk of 2^80 bytes": Fault(
        raw(lambda body: chunked(b"1" + b"0" * 20 + b"\r\n" + body)),
        whatever_the_body(broken("*")),
    ),
    "a chunk size of a megabyte": Fault(
        raw(lambda body: chunked(b"1" * 1_000_000 + b"\r\n" + body)),
        whatever_the_body(broken("*")),
    ),
    "SSH": Fault(_speaking_first, broken("*SSH-2.0-OpenSSH*")),
    "HTTP 2": Fault(
        raw(lambda _body: b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0"), broken("*")
    ),
    "HTTP 2 by name": Fault(raw(lambda body: b"HTTP/2 200 OK\r\n\r\n" + body), broken("HTTP/2")),
    "HTTP 0.9": Fault(raw(lambda body: body or b"body"), broken("*")),
    "TLS": Fault(raw(lambda _body: b"\x15\x03\x01\0\x02\x02\x46"), broken("*")),
    "a status of two digits": Fault(raw(lambda body: http(body, status="20 OK")), broken("*")),
    "a status that is not a number": Fault(raw(lambda body: http(body, status="OK")), broken("*")),
    "a header without a name": Fault(raw(lambda body: http(body, head=": y\r\n")), GOOD),
    "a header without a colon": Fault(
        raw(lambda body: b"HTTP/1.1 200 OK\r\nno colon\r\nX: y\r\n\r\n" + body), GOOD
    ),
    "101 headers": Fault(
        raw(lambda body: http(body, head="X: y\r\n" * 101)), broken("got more than 100 headers")
    ),
    "compressed": Fault(
        raw(lambda _body: http(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", head="Content-Encoding: gzip\r\n")),
        Ends(
            no_goal_state("goal state is neither UTF-8 nor UTF-16 text"),
            READY,
            no_instance("instance metadata is not JSON"),
        ),
    ),
    "a content type of 60 kB of semicolons": Fault(
        raw(lambda body: http(body, head='Content-Type: multipart/x; a="' + ";" * 60_000 + "\r\n")),
        LARGE_HEAD,
    ),
    "100 MB of status line": Fault(endless(b"HTTP/1.1 200 ", b"O"), LARGE_HEAD),
    "100 MB of one header": Fault(endless(b"HTTP/1.1 200 OK\r\nX: ", b"y"), LARGE_HEAD),
    "100 MB of headers": Fault(
        endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 1000 + b"\r\n"), LARGE_HEAD
    ),
    "100 MB of interim replies": Fault(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), BOUNDED),
    "100 MB of early hints": Fault(endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), LARGE_HEAD),
    "100 MB of NULs": Fault(endless(b"", b"\0"), LARGE_HEAD),
    "100 MB of body": Fault(
        endless(http(head=f"Content-Length: {MANY}\r\n", length=False), b"x"),
        whatever_the_body(LARGE),
    ),
    "100 MB of body with no length": Fault(
        endless(http(length=False), b"x"), whatever_the_body(LARGE)
    ),
    "100 MB of one chunk": Fault(endless(chunked(b"5f5e100\r\n"), b"x"), whatever_the_body(LARGE)),
    "100 MB of chunks of a byte": Fault(
        endless(chunked(b""), b"1\r\nx\r\n"), whatever_the_body(ENDLESS)
    ),
    "100 MB of trailers": Fault(
        endless(chunked(b"0\r\n"), b"X: y\r\n"), whatever_the_body(BOUNDED)
    ),
    "100 MB of comment": Fault(
        endless(http(head=f"Content-Length: {MANY}\r\n", length=False) + b"<GoalState><!--", b"x"),
        whatever_the_body(LARGE),
    ),
}

FAULTS: Dict[str, Fault] = {**ODD, **SLOW, **BROKEN}
