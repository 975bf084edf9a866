"""The option --protocol json: the request, the log, the answer, and that it is off by default."""

import json
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

from azprov.cli import main
from interpreters import INTERPRETERS
from ports import RawServer, replying
from pyz import PYZ
from shipped.test_bytecode import ask
from strict_wireserver import StrictWireServer, serving

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
OWN_MODULES = "sorted(name for name in sys.modules if name[:6] == 'azprov' and 'json' in name)"


@pytest.fixture
def strict() -> Iterator[StrictWireServer]:
    with serving() as server:
        yield server


def address(server: StrictWireServer) -> str:
    return "{}:{}".format(*server.listener.getsockname())


def send(*argv: str, replies: List[bytes]) -> List[bytes]:
    """Run a command against a server with these replies; return the requests."""
    requests: List[bytes] = []
    with RawServer(replying(*replies, seen=requests)) as server:
        server_options = ["--wireserver", str(server.endpoint), "--timeout", "5"]
        main([*argv, "--protocol", "json", *server_options])
    return requests


@pytest.mark.parametrize("version", INTERPRETERS)
def test_a_json_report_is_one_post(version: str, strict: StrictWireServer) -> None:
    """A JSON report is sent as azure-init sends it, on every Python, with no request before it."""
    command = ("report-ready", "--protocol", "json", "--timeout", "5")

    modules = ask(
        INTERPRETERS[version], PYZ, OWN_MODULES, *command, "--wireserver", address(strict)
    )

    assert strict.verdicts == ["ready by JSON"]
    assert "azprov.formats.platform.health_json" in modules


def test_by_default_a_report_is_xml_and_imports_nothing_for_json(strict: StrictWireServer) -> None:
    """A cold start does not import the code of an option that is off."""
    command = ("report-ready", "--timeout", "5")

    modules = ask(Path(sys.executable), PYZ, OWN_MODULES, *command, "--wireserver", address(strict))

    assert strict.verdicts == ["goal state", "ready"]
    assert modules == "[]"


def test_a_json_report_has_the_same_log_and_answer_without_identifiers(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A JSON report logs the sample script's lines, except those about the goal state."""
    send("report-ready", "--json", replies=[CREATED])

    out, err = capfd.readouterr()
    assert err.splitlines() == [
        "Sending the following data to Wireserver:",
        '{"state":"Ready"}',
        "Response: 201 Created",
    ]
    assert json.loads(out) == {
        "command": "report-ready",
        "ok": True,
        "exit_code": 0,
        "incarnation": None,
        "container_id": None,
        "instance_id": None,
        "state": "Ready",
        "dry_run": False,
        "document": '{"state":"Ready"}',
        "acknowledged": True,
        "status": 201,
    }


def test_a_json_failure_has_the_provisioning_report_as_description() -> None:
    """The description is the line that is also sent to the host by KVP."""
    (request,) = send("report-failure", "--reason", 'no "shell"', replies=[CREATED])

    report = json.loads(request.partition(b"\r\n\r\n")[2])
    assert report["state"] == "NotReady"
    assert sorted(report["details"]) == ["description", "subStatus"]
    assert report["details"]["subStatus"] == "ProvisioningFailed"
    assert report["details"]["description"].startswith(
        'result=error|reason=no "shell"|agent=azprov/'
    )
