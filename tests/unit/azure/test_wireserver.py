"""The client of WireServer: its headers, and how long each request may take."""

from typing import Any, Dict, List, cast

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.retry_loop import RetryLoop
from azprov.azure.transport import Reply, Transport
from azprov.azure.wireserver import WireServer
from azprov.azure.wireserver_json import post_json_health
from azprov.errors import Refused
from ports import FakeClock
from sample_files import sample


class Recorder:
    """Records each request, and answers it."""

    endpoint = Endpoint("192.0.2.1")

    def __init__(self, status: int = 200) -> None:
        self._status = status
        self.bounds: List[float] = []
        self.requests: List[Dict[str, Any]] = []

    def send(self, method: str, target: str, *, bound_s: float, **given: Any) -> Reply:
        self.bounds.append(bound_s)
        self.requests.append(dict(given, method=method, target=target))
        return Reply(self._status, "OK", {}, sample("goal_state/version-2012-11-30.xml"))


@pytest.mark.parametrize(
    ("left_s", "get_s", "post_s"), [(900.0, 10.0, 30.0), (20.0, 10.0, 20.0), (4.0, 4.0, 4.0)]
)
def test_a_request_is_limited_by_its_kind_and_by_the_deadline(
    left_s: float, get_s: float, post_s: float
) -> None:
    """A goal state may take 10 s and a report 30 s, but not longer than the time that is left."""
    transport, clock = Recorder(), FakeClock()
    retry_loop = RetryLoop(clock, timeout_s=left_s, jitter=float)
    wireserver = WireServer(cast(Transport, transport), retry_loop, agent_name="azprov/test")

    wireserver.fetch_goal_state()
    wireserver.post_health(b"<Health/>")

    assert transport.bounds == [get_s, post_s]


def test_a_json_report_has_the_headers_of_azure_init() -> None:
    """Any 2xx acknowledges it, and the body of the reply is not used."""
    transport = Recorder()
    retry_loop = RetryLoop(FakeClock(), timeout_s=4.0, jitter=float)

    post_json_health(cast(Transport, transport), retry_loop, b"{}", agent_name="azprov/test")

    assert transport.bounds == [4.0]
    assert transport.requests == [
        {
            "method": "POST",
            "target": "/provisioning/health",
            "headers": {
                "x-ms-guest-agent-name": "azprov/test",
                "User-Agent": "azprov/test",
                "Content-Type": "application/json",
            },
            "body": b"{}",
            "body_matters": False,
        }
    ]


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (404, "this WireServer may not support JSON: report without --protocol json"),
        (503, "try again later: the platform may recover"),
    ],
)
def test_a_json_report_that_is_not_found_may_not_be_supported(status: int, hint: str) -> None:
    """Azure documents only the XML form; other errors are those of any request."""
    transport = Recorder(status)
    retry_loop = RetryLoop(FakeClock(), timeout_s=4.0, jitter=float)

    with pytest.raises(Refused) as refused:
        post_json_health(cast(Transport, transport), retry_loop, b"{}", agent_name="azprov/test")

    assert refused.value.status == status
    assert refused.value.hint == hint


def test_requests_have_the_headers_of_the_documentation() -> None:
    """A goal state needs its whole body, and a report only its status."""
    transport = Recorder()
    retry_loop = RetryLoop(FakeClock(), timeout_s=900.0, jitter=float)
    wireserver = WireServer(cast(Transport, transport), retry_loop, agent_name="azprov/test")
    headers = {
        "x-ms-version": "2012-11-30",
        "x-ms-agent-name": "azprov/test",
        "User-Agent": "azprov/test",
    }

    wireserver.fetch_goal_state()
    wireserver.post_health(b"<Health/>")

    assert transport.requests == [
        {"method": "GET", "target": "/machine?comp=goalstate", "headers": headers},
        {
            "method": "POST",
            "target": "/machine?comp=health",
            "headers": {**headers, "Content-Type": "text/xml;charset=utf-8"},
            "body": b"<Health/>",
            "body_matters": False,
        },
    ]
