"""The client of the metadata service: its requests, and the reply of something else."""

from typing import Any, Dict, List, cast

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.imds import Imds
from azprov.azure.retry_loop import RetryLoop
from azprov.azure.transport import Reply, Transport
from azprov.errors import DocumentError
from ports import FakeClock


class Recorder:
    """Records each request, and answers it with a body."""

    endpoint = Endpoint("192.0.2.1")

    def __init__(self, body: bytes) -> None:
        self.requests: List[Dict[str, Any]] = []
        self._body = body

    def send(self, method: str, target: str, **given: Any) -> Reply:
        self.requests.append(dict(given, method=method, target=target))
        return Reply(200, "OK", {}, self._body)


def imds(transport: Recorder, left_s: float = 900.0) -> Imds:
    retry_loop = RetryLoop(FakeClock(), timeout_s=left_s, jitter=float)
    return Imds(cast(Transport, transport), retry_loop, agent_name="azprov/test")


@pytest.mark.parametrize(("left_s", "bound_s"), [(900.0, 30.0), (7.0, 7.0)])
def test_a_request_has_the_documented_header_and_a_limit(left_s: float, bound_s: float) -> None:
    """The newest version is asked first, for 30 s or for the time that is left."""
    transport = Recorder(b'{"compute": {"name": "web01"}}')

    assert imds(transport, left_s).fetch_instance().name == "web01"
    assert transport.requests == [
        {
            "method": "GET",
            "target": "/metadata/instance?api-version=2021-08-01&extended=true",
            "headers": {"Metadata": "true", "User-Agent": "azprov/test"},
            "bound_s": bound_s,
        }
    ]


def test_a_reply_that_is_no_metadata_has_a_hint() -> None:
    """A proxy may answer every request with 200 and a page of its own."""
    with pytest.raises(DocumentError) as failure:
        imds(Recorder(b"<html>")).fetch_instance()

    assert failure.value.hint == (
        "check whether a proxy or filter answers instead of the metadata service"
    )
