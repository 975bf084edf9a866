"""What the simulated platform says about each request."""

from http.client import HTTPConnection
from typing import Dict, List, Tuple

import pytest

from azprov.rehearsal.platform import METADATA_SERVICE, WIRESERVER, Exchange, Platform
from azprov.rehearsal.scenario import Scenario
from azprov.rehearsal.scenarios import find_scenario

XML = {"x-ms-version": "2012-11-30"}


def ask(address: str, method: str, target: str, headers: Dict[str, str], body: str = "") -> int:
    connection = HTTPConnection(address, timeout=30)
    connection.request(method, target, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def healthy() -> Scenario:
    scenario = find_scenario("healthy")
    assert scenario is not None
    return scenario


def test_each_request_is_reported_with_its_agent_and_reply() -> None:
    """A builder reads which program reported, and what the platform answered it."""
    seen: List[Exchange] = []
    with Platform(healthy(), lambda _line: None) as platform:
        platform.on_exchange = seen.append
        wireserver, imds = platform.wireserver.address, platform.imds.address
        headers = {**XML, "x-ms-agent-name": "WALinuxAgent", "User-Agent": "curl/8"}
        ask(wireserver, "GET", "/machine?comp=goalstate", headers)
        ask(imds, "GET", "/metadata/nothing", {"Metadata": "true", "User-Agent": "curl/8"})
        ready = {"x-ms-guest-agent-name": "azure-init", "Content-Type": "application/json"}
        ask(wireserver, "POST", "/provisioning/health", ready, '{"state":"Ready"}')

    goal_state = "/machine?comp=goalstate"
    assert seen == [
        Exchange(WIRESERVER, "GET", goal_state, "WALinuxAgent", 200, False, ""),
        Exchange(METADATA_SERVICE, "GET", "/metadata/nothing", "curl/8", 404, False, ""),
        Exchange(WIRESERVER, "POST", "/provisioning/health", "azure-init", 201, True, "Ready"),
    ]


def test_telemetry_and_progress_are_no_final_reports() -> None:
    """walinuxagent sends telemetry, and says NotReady with Provisioning while it works."""
    seen: List[Exchange] = []
    ids = (
        "2c6e5e1b-74a1-4d62-9a6c-5f2f0d7b9b11",
        "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90._rehearsal",
    )
    progress = (
        '<?xml version="1.0" encoding="utf-8"?><Health><GoalStateIncarnation>1'
        f"</GoalStateIncarnation><Container><ContainerId>{ids[0]}</ContainerId><RoleInstanceList>"
        f"<Role><InstanceId>{ids[1]}</InstanceId><Health><State>NotReady</State><Details>"
        "<SubStatus>Provisioning</SubStatus><Description>Starting</Description></Details></Health>"
        "</Role></RoleInstanceList></Container></Health>"
    )
    with Platform(healthy(), lambda _line: None) as platform:
        platform.on_exchange = seen.append
        wireserver = platform.wireserver.address
        headers = {**XML, "Content-Type": "text/xml; charset=utf-8"}
        ask(wireserver, "POST", "/machine?comp=telemetrydata", headers, "<Data/>")
        ask(wireserver, "POST", "/machine/?comp=health", headers, progress)

    assert [(one.status, one.is_report, one.acknowledged) for one in seen] == [
        (200, False, ""),
        (200, True, ""),
    ]


@pytest.mark.parametrize(("relents", "statuses"), [(False, (503, 503)), (True, (503, 201))])
def test_a_platform_that_relents_judges_later_reports(
    relents: bool, statuses: Tuple[int, int]
) -> None:
    """After the boot in which reports are refused, the next boot's report is accepted."""
    refused = find_scenario("refused")
    assert refused is not None
    headers = {"x-ms-guest-agent-name": "azure-init", "Content-Type": "application/json"}
    request = ("POST", "/provisioning/health", headers, '{"state":"Ready"}')
    with Platform(refused, lambda _line: None) as platform:
        first = ask(platform.wireserver.address, *request)
        if relents:
            platform.relent()
        second = ask(platform.wireserver.address, *request)

    assert (first, second) == statuses
