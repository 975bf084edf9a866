"""The client of WireServer: how long each request may take."""

from typing import Any, List, cast

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.retry_loop import RetryLoop
from azprov.azure.transport import Reply, Transport
from azprov.azure.wireserver import WireServer
from ports import FakeClock
from sample_files import sample


class Recorder:
    """Records the limit of each request, and answers it."""

    endpoint = Endpoint("192.0.2.1")

    def __init__(self) -> None:
        self.bounds: List[float] = []

    def send(self, *_: str, bound_s: float, **__: Any) -> Reply:
        self.bounds.append(bound_s)
        return Reply(200, "OK", {}, sample("goal_state/version-2012-11-30.xml"))


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
