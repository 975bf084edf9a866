"""A platform without sockets: both services answer by script, on a clock of the test."""

import json
from typing import Any, Callable, List, Mapping, NamedTuple, Optional

from azprov.azure.endpoint import IMDS_ADDRESS, Endpoint
from azprov.azure.transport import Reply, Transport
from azprov.azure.wireserver_probe import WireServerProbe
from azprov.boot.connect import Locate, Ports
from azprov.errors import BrokenReply, NotConnected
from ports import FakeClock
from sample_files import sample

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
#: The chassis asset tag of every Azure VM.
AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"
GOAL_STATE = sample("goal_state/version-2012-11-30.xml")
ED25519 = sample("ssh_key/ed25519.pub").decode()
X509 = sample("ssh_key/x509.pem").decode()


class Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    #: The time limit of the request.
    bound_s: float = 0.0


#: Replies to a request, or raises PlatformError.
Service = Callable[[Request], Reply]


def ok(body: bytes = b"") -> Reply:
    return Reply(200, "OK", {}, body)


def status(code: int, reason: str) -> Reply:
    return Reply(code, reason, {}, b"")


def healthy_wireserver(request: Request) -> Reply:
    return ok(GOAL_STATE) if request.method == "GET" else ok()


def metadata(*keys: str, vm_id: str = VM, **profile: str) -> Service:
    """A metadata service for a VM web01 with these public keys, and this in its osProfile."""
    compute = {
        "name": "resource-of-web01",
        "vmId": vm_id,
        "osProfile": dict({"computerName": "web01"}, **profile),
        "publicKeys": [{"keyData": key} for key in keys],
    }
    content = json.dumps({"compute": compute}).encode("ascii")
    return lambda _: ok(content)


def specialized(*keys: str) -> Service:
    """A metadata service for a VM whose disk was provisioned before: without osProfile."""
    compute = {
        "name": "resource-of-web01",
        "vmId": VM,
        "publicKeys": [{"keyData": key} for key in keys],
    }
    return lambda _: ok(json.dumps({"compute": compute}).encode("ascii"))


def in_turn(*services: Service) -> Service:
    """Each service answers one request, and the last one all others."""
    left = list(services)

    def serve(request: Request) -> Reply:
        service = left.pop(0) if len(left) > 1 else left[0]
        return service(request)

    return serve


class Platform:
    """WireServer and the metadata service. A request takes no time, a failed attempt 1 s.

    A service that is None cannot be connected to.
    """

    def __init__(
        self,
        wireserver: Optional[Service] = healthy_wireserver,
        imds: Optional[Service] = metadata(),  # noqa: B008 - a function
    ) -> None:
        self.wireserver = wireserver
        self.imds = imds
        self.clock = FakeClock()
        #: Every request that a service received, as METHOD TARGET.
        self.requests: List[str] = []
        #: The User-Agent of each request.
        self.agents: List[str] = []
        #: The bodies that WireServer received.
        self.posted: List[bytes] = []
        #: The time of each post.
        self.posted_at: List[float] = []

    @property
    def ports(self) -> Ports:
        return Ports(
            self.clock,
            jitter=lambda: 1.0,
            transport=lambda endpoint, _: _Transport(self, endpoint),
            probe=lambda endpoint, locate: _Probe(self, endpoint, locate),
        )

    def ask(self, endpoint: Endpoint, request: Request) -> Reply:
        service = self.imds if endpoint.address == IMDS_ADDRESS else self.wireserver
        if service is None:
            self.clock.spend(1.0)
            raise NotConnected(f"{endpoint} cannot be reached", "check the network")
        self.requests.append(f"{request.method} {request.target}")
        self.agents.append(request.headers["User-Agent"])
        if request.method == "POST":
            self.posted.append(request.body)
            self.posted_at.append(self.clock.now())
        return service(request)

    def hang(self, request: Request) -> Reply:
        """Accept the connection and never reply."""
        self.clock.spend(request.bound_s)
        raise BrokenReply("169.254.169.254 sent no complete reply", "check for a proxy")

    def until(self, seconds: float, bad: Service, good: Service) -> Service:
        """A service that is bad until this many seconds after now, and then good."""
        end = self.clock.now() + seconds

        def serve(request: Request) -> Reply:
            service = bad if self.clock.now() < end else good
            return service(request)

        return serve


class _Transport(Transport):
    def __init__(self, platform: Platform, endpoint: Endpoint) -> None:
        super().__init__(endpoint, platform.clock)
        self._platform = platform

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        bound_s: float,
        body: Optional[bytes] = None,
        **_: Any,
    ) -> Reply:
        request = Request(method, target, headers, body or b"", bound_s)
        return self._platform.ask(self.endpoint, request)


class _Probe(WireServerProbe):
    def __init__(self, platform: Platform, endpoint: Endpoint, locate: Locate) -> None:
        super().__init__(endpoint, platform.clock, locate)
        self._platform = platform

    def is_reachable(self) -> bool:
        return self._platform.wireserver is not None
