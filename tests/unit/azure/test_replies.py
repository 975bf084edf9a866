"""What a reply means: its status, the hint of a refusal, Retry-After, and what -v shows of it."""

import logging
import os
from typing import Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.azure.replies import denied_hint, judge, retry_after_s
from azprov.azure.transport import Reply
from azprov.errors import Refused

DATE = "Sun, 22 Nov 2026 00:00:00 GMT"


def reply(status: int, headers: Dict[str, str], reason: str = "Reason") -> Reply:
    return Reply(status, reason, headers, b"")


@pytest.mark.parametrize("status", [100, 199, 201, 204, 206, 301, 400, 404, 410, 500, 503, 599])
def test_only_status_200_is_a_success_of_a_get(status: int) -> None:
    """Every other status is Refused, whatever its body."""
    with pytest.raises(Refused, match=f"the request failed: {status} Reason"):
        judge(reply(status, {}), accepted=range(200, 201), request="the request")


@pytest.mark.parametrize("status", [401, 403])
def test_a_denied_request_has_its_own_hint(status: int) -> None:
    """Its hint depends on the user who made the request."""
    with pytest.raises(Refused) as refusal:
        judge(reply(status, {}), accepted=range(200, 201), request="the request")

    assert refusal.value.hint == denied_hint(is_root=os.geteuid() == 0)


def test_the_hint_for_a_denied_user_depends_on_root() -> None:
    """An ordinary user becomes root; root gets the three reasons why root is denied."""
    assert denied_hint(is_root=False) == "run this as root"
    assert denied_hint(is_root=True) == (
        "check that azure-proxy-agent is running if the VM has the metadata security protocol, "
        "that the route uses the primary address of the primary network interface, and that "
        "systemd-imdsd does not lock the metadata service"
    )


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://192.0.2.1/login", "< Location: http://192.0.2.1/login"),
        ("http://a/\x1b[2J\x07", "< Location: http://a/?[2J?"),
        ("h" * 5000, "< Location: " + "h" * 297 + "..."),
    ],
    ids=["plain", "escapes", "long"],
)
def test_the_location_of_a_redirect_is_logged(
    location: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """-v shows where a redirect leads, without control characters and with a limit."""
    caplog.set_level(logging.DEBUG)

    with pytest.raises(Refused):
        judge(reply(302, {"Location": location}), accepted=range(200, 201), request="the request")

    assert shown in caplog.messages


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (503, "may recover"),
        (429, "may recover"),
        (410, "may recover"),
        (302, "proxy"),
        (404, "proxy"),
        (206, "proxy"),
    ],
)
def test_the_hint_of_a_refusal_depends_on_its_status(status: int, hint: str) -> None:
    """The platform may recover from a server error; other statuses suggest a proxy."""
    with pytest.raises(Refused) as refusal:
        judge(reply(status, {}), accepted=range(200, 201), request="the request")

    assert hint in refusal.value.hint


def test_a_hostile_reason_is_shown_harmlessly() -> None:
    """An escape sequence in a status line does not reach the terminal."""
    with pytest.raises(Refused, match=r"failed: 500 a\?\[2J"):
        judge(reply(500, {}, "a\x1b[2J"), accepted=range(200, 201), request="the request")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "\N{ARABIC-INDIC DIGIT ONE}"}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT", "Date": DATE}, 90.0),
        ({"Retry-After": "Sat, 21 Nov 2026 00:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT", "Date": "today"}, None),
        ({"Retry-After": "-0000  May , \xa0 -- +9999", "Date": DATE}, None),
        ({"Retry-After": "Sun, 99 Nov 99999 99:99:99 GMT", "Date": DATE}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: Dict[str, str], seconds: float) -> None:
    """Seconds count, and so does a date if the reply has its own; other values are ignored."""
    assert retry_after_s(headers) == seconds


@given(st.text(), st.text())
def test_any_retry_after_is_a_number_or_ignored(text: str, date: str) -> None:
    """Arbitrary headers give None or a number of seconds from 0 on."""
    seconds = retry_after_s({"Retry-After": text, "Date": date})

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("status", "is_passing"),
    [(410, True), (429, True), (500, True), (599, True), (499, False), (404, False), (301, False)],
)
def test_the_hint_of_a_refusal_depends_on_whether_it_may_pass(
    status: int, is_passing: bool
) -> None:
    """Errors of the platform pass; other refusals are those of another server."""
    with pytest.raises(Refused) as refusal:
        judge(reply(status, {}), accepted=range(200, 201), request="the request")

    assert refusal.value.hint == (
        "try again later: the platform may recover"
        if is_passing
        else "check whether a proxy or another server answers at that address; -v shows its reply"
    )
