"""Every status from 300 to 599, each with headers that lead to the trap; and Retry-After."""

import time
from typing import Dict, Iterator, List, Tuple

from faults.fault import (
    CLIENT_HINT,
    GOAL_STATE,
    INSTANCE,
    READY,
    ROOT_HINT,
    SERVER_HINT,
    SHOWN,
    End,
    Ends,
    Row,
    answer,
    http,
    refused,
    script,
)
from faults.server import TRAP_PORT, Act, Exchange

# Longer than the first and the second pause, so that the client finds a closed port
# before it asks again, and its next pause is a first one.
_REFUSING_S = 2.1
_IN_A_ROW = 15
# The client asks for an older api-version at once; other rows cover that.
_UNKNOWN_VERSION = (400, 404, 410)


def with_status(status: str, head: str = "", body: bytes = b"<html>") -> Act:
    """A reply with every header that could lead to the trap."""

    def act(exchange: Exchange) -> None:
        trap = f"{exchange.address}:{TRAP_PORT}"
        ways = (
            f"Location: http://{trap}/machine?comp=goalstate\r\nRefresh: 0; url=http://{trap}/\r\n"
            f'Alt-Svc: h2c="{trap}"\r\nContent-Location: http://{trap}/\r\n'
            f"Set-Proxy: SET; proxyURI=http://{trap}/; seconds=9\r\nUpgrade: h2c\r\n"
            f'Proxy-Authenticate: Basic\r\nWWW-Authenticate: Negotiate realm="http://{trap}"\r\n'
        )
        exchange.read()
        exchange.send(http(body, status=status, head=ways + head))

    return act


def _then_refusing(act: Act) -> Act:
    def whole(exchange: Exchange) -> None:
        act(exchange)
        exchange.connection.close()
        exchange.platform.refuse()
        time.sleep(_REFUSING_S)
        exchange.platform.listen()

    return whole


def runs_through_statuses() -> Iterator[Row]:
    """Runs that each get fifteen statuses, one after the other, and then a good reply."""
    for first in range(300, 600, _IN_A_ROW):
        numbers = range(first, first + _IN_A_ROW)
        name = f"every status from {first} to {numbers[-1]}"
        logged = tuple(f"failed: {number} Status; retrying in N s" for number in numbers)
        acts = [_then_refusing(with_status(f"{number} Status")) for number in numbers]
        within_s = 60.0
        command = ("report-ready", "--timeout=90")
        goal_state = script(goal_state=[*acts, answer(http(GOAL_STATE))])
        yield Row(f"goal state, {name}", command, goal_state, READY, within_s, 1, logged)
        health = script(health=[*acts, answer(http())])
        posts = _IN_A_ROW + 1
        yield Row(f"health, {name}", command, health, READY, within_s, posts, logged)
        numbers_of_imds = [number for number in numbers if number not in _UNKNOWN_VERSION]
        metadata = [_then_refusing(with_status(f"{number} Status")) for number in numbers_of_imds]
        logged = tuple(f"failed: {number} Status; retrying in N s" for number in numbers_of_imds)
        yield Row(
            f"metadata, {name}",
            ("metadata", "--imds-timeout=90"),
            script(metadata=[*metadata, answer(http(INSTANCE))]),
            SHOWN,
            within_s,
            0,
            logged,
        )


_STATUSES: Dict[str, str] = {
    "101 Switching Protocols": CLIENT_HINT,
    "201 Created": CLIENT_HINT,
    "204 No Content": CLIENT_HINT,
    "206 Partial Content": CLIENT_HINT,
    "300 Multiple Choices": CLIENT_HINT,
    "301 Moved Permanently": CLIENT_HINT,
    "302 Found": CLIENT_HINT,
    "304 Not Modified": CLIENT_HINT,
    "305 Use Proxy": CLIENT_HINT,
    "307 Temporary Redirect": CLIENT_HINT,
    "400 Bad Request": CLIENT_HINT,
    "401 Unauthorized": ROOT_HINT,
    "403 Forbidden": ROOT_HINT,
    "404 Not Found": CLIENT_HINT,
    "407 Proxy Authentication Required": CLIENT_HINT,
    "410 Gone": SERVER_HINT,
    "429 Too Many Requests": SERVER_HINT,
    "500 Internal Server Error": SERVER_HINT,
    "503 Service Unavailable": SERVER_HINT,
    "599": SERVER_HINT,
    "999 What": SERVER_HINT,
}


def _ends_of(status: str, hint: str) -> Ends:
    ends = refused(status, hint)
    if status.startswith("2"):
        return ends._replace(health=End(0, f"Response: {status}"))
    return ends


STATUSES: List[Tuple[str, Act, Ends]] = [
    (status, with_status(status), _ends_of(status, hint)) for status, hint in _STATUSES.items()
]

#: Values of Retry-After that ask for no more time than a first pause.
RETRY_AFTER: Dict[str, str] = {
    "of nothing": "Retry-After: 0\r\n",
    "of a second": "Retry-After: 1\r\n",
    "that is empty": "Retry-After:\r\n",
    "that is negative": "Retry-After: -5\r\n",
    "that is a fraction": "Retry-After: 99.5\r\n",
    "that is a word": "Retry-After: soon\r\n",
    "of 5000 digits": "Retry-After: " + "9" * 5000 + "\r\n",
    "twice": "Retry-After: 9\r\nRetry-After: 99\r\n",
    "of a date in the past": (
        "Retry-After: Sun, 22 Nov 2026 00:00:00 GMT\r\nDate: Sun, 22 Nov 2026 00:10:00 GMT\r\n"
    ),
    "of a date without the reply's own": "Retry-After: Fri, 22 Nov 2999 00:00:00 GMT\r\n",
    "of an invalid date": "Retry-After: Sun, 99 Nov 99999 99:99:99 GMT\r\nDate: today\r\n",
    "that old Pythons cannot parse": (
        "Retry-After: -0000  May , \xa0 -- +9999\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n"
    ),
}

#: Values that ask for more time than is left; the last attempt is made anyway.
LONG_RETRY_AFTER: Dict[str, str] = {
    "of a day": "Retry-After: 86400\r\n",
    "of 30 years": "Retry-After: 999999999\r\n",
    "of a date in a year": (
        "Retry-After: Mon, 22 Nov 2027 00:00:00 GMT\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n"
    ),
}
