"""The simulated WireServer serves what other agents ask for, and counts what they report."""

import http.client
from typing import Dict, Iterator, Tuple
from xml.etree import ElementTree

import pytest

from azprov.rehearsal.agent_scenarios import GONE
from azprov.rehearsal.platform import Platform
from azprov.rehearsal.scenario import Scenario

VERSION = {"x-ms-version": "2012-11-30"}
XML = {**VERSION, "Content-Type": "text/xml; charset=utf-8"}
CERTIFICATE = {**VERSION, "x-ms-guest-agent-public-x509-cert": "MIIB"}
REPORT = (
    '<?xml version="1.0" encoding="utf-8"?><Health><GoalStateIncarnation>1</GoalStateIncarnation>'
    "<Container><ContainerId>2c6e5e1b-74a1-4d62-9a6c-5f2f0d7b9b11</ContainerId><RoleInstanceList>"
    "<Role><InstanceId>b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90._rehearsal</InstanceId><Health>"
    "<State>{}</State>{}</Health></Role></RoleInstanceList></Container></Health>"
)
DETAILS = "<Details><SubStatus>{}</SubStatus><Description>Starting</Description></Details>"


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform(Scenario("test", "a story", "a meaning"), lambda _line: None) as platform:
        yield platform


def ask(
    platform: Platform, method: str, target: str, headers: Dict[str, str], body: str = ""
) -> Tuple[int, bytes]:
    connection = http.client.HTTPConnection(platform.wireserver.address)
    connection.request(method, target, body, headers)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, content


def targets_of(platform: Platform) -> Dict[str, str]:
    """The targets of the URLs in the goal state, by the names of their elements."""
    status, document = ask(platform, "GET", "/machine/?comp=goalstate", VERSION)
    assert status == 200
    role = ElementTree.fromstring(document).find(".//Configuration")  # noqa: S314 - our own
    assert role is not None
    home = "http://168.63.129.16:80"
    return {one.tag: (one.text or "")[len(home) :] for one in role if home in (one.text or "")}


def test_the_documents_of_the_goal_state_can_be_fetched(platform: Platform) -> None:
    """The URLs in the goal state lead to XML documents of its incarnation."""
    targets = targets_of(platform)

    assert list(targets) == [
        "HostingEnvironmentConfig",
        "SharedConfig",
        "ExtensionsConfig",
        "FullConfig",
        "Certificates",
    ]
    for name, root in (
        ("HostingEnvironmentConfig", "HostingEnvironmentConfig"),
        ("SharedConfig", "SharedConfig"),
        ("ExtensionsConfig", "Extensions"),
        ("Certificates", "CertificateFile"),
    ):
        status, document = ask(platform, "GET", targets[name], CERTIFICATE)
        assert status == 200
        assert ElementTree.fromstring(document).tag == root  # noqa: S314 - our own
    assert ask(platform, "GET", targets["FullConfig"], VERSION)[0] == 404


def test_certificates_are_only_for_a_public_key(platform: Platform) -> None:
    """Certificates cannot be encrypted without the certificate of the agent."""
    assert ask(platform, "GET", targets_of(platform)["Certificates"], VERSION)[0] == 400


def test_documents_of_an_old_goal_state_are_gone() -> None:
    """The URLs of an older incarnation are answered with 410."""
    scenario = Scenario("test", "a story", "a meaning", reports=(GONE,))
    with Platform(scenario, lambda _line: None) as platform:
        old = targets_of(platform)["SharedConfig"]
        ask(platform, "POST", "/machine?comp=health", XML, "")

        assert ask(platform, "GET", old, VERSION)[0] == 410
        assert ask(platform, "GET", targets_of(platform)["SharedConfig"], VERSION)[0] == 200


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/?comp=versions", 200),
        ("POST", "/machine?comp=telemetrydata", 200),
        ("POST", "/machine?comp=roleProperties", 200),
        ("POST", "/HealthService", 200),
        ("GET", "/machine?comp=goalstate", 400),
        ("GET", "/favicon.ico", 400),
    ],
)
def test_some_requests_need_no_version(
    platform: Platform, method: str, target: str, status: int
) -> None:
    """Requests for a machine are refused without the header x-ms-version."""
    assert ask(platform, method, target, {})[0] == status


def test_a_report_of_progress_is_no_failure(platform: Platform) -> None:
    """walinuxagent reports NotReady when it starts. Only ProvisioningFailed is final."""
    for state, details in (
        ("NotReady", DETAILS.format("Provisioning")),
        ("Ready", ""),
        ("NotReady", DETAILS.format("ProvisioningFailed")),
    ):
        report = REPORT.format(state, details)
        assert ask(platform, "POST", "/machine/?comp=health", XML, report)[0] == 200

    assert (platform.ready_reports, platform.failure_reports) == (1, 1)
