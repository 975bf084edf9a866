"""Reports by `--protocol json`: what is asked, what is said, and that it is off by default."""

import json
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

from azprov.cli import main
from interpreters import INTERPRETERS
from ports import RawServer, replying
from pyz import PYZ
from samples_of import sample
from shipped.test_bytecode import ask
from strict_wireserver import StrictWireServer, serving

READY = sample("health_report/ready.json")
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
OWN_MODULES = "sorted(name for name in sys.modules if name[:6] == 'azprov' and 'json' in name)"


@pytest.fixture
def strict() -> Iterator[StrictWireServer]:
    with serving() as server:
        yield server


def address(server: StrictWireServer) -> str:
    return "{}:{}".format(*server.listener.getsockname())


def tell(*argv: str, replies: List[bytes]) -> List[bytes]:
    """Run a command against these replies; what was asked comes back."""
    requests: List[bytes] = []
    with RawServer(replying(*replies, seen=requests)) as server:
        server_options = ["--wireserver", str(server.endpoint), "--timeout", "5"]
        main([*argv, "--protocol", "json", *server_options])
    return requests


@pytest.mark.parametrize("version", INTERPRETERS)
def test_ready_is_one_post(version: str, strict: StrictWireServer) -> None:
    """To the letter, from every Python, and nothing is asked before it."""
    command = ("report-ready", "--protocol", "json", "--timeout", "5")

    modules = ask(
        INTERPRETERS[version], PYZ, OWN_MODULES, *command, "--wireserver", address(strict)
    )

    assert strict.verdicts == ["ready by JSON"]
    assert "azprov.formats.platform.health_json" in modules


def test_nothing_of_it_is_imported_by_default(strict: StrictWireServer) -> None:
    """Off is off."""
    command = ("report-ready", "--timeout", "5")

    modules = ask(Path(sys.executable), PYZ, OWN_MODULES, *command, "--wireserver", address(strict))

    assert strict.verdicts == ["goal state", "ready"]
    assert modules == "[]"


def test_the_account_and_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    """The page's lines, without a goal state; the same shape of JSON, without its identifiers."""
    tell("report-ready", "--json", replies=[CREATED])

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


def test_a_report_that_is_not_taken_is_sent_again(capfd: pytest.CaptureFixture[str]) -> None:
    """And said once."""
    requests = tell("report-ready", replies=[BUSY, BUSY, CREATED])

    assert [request.endswith(b"\r\n\r\n" + READY) for request in requests] == [True] * 3
    assert capfd.readouterr().err.count("Sending the following") == 1


def test_a_platform_without_it_is_said_to_be(capfd: pytest.CaptureFixture[str]) -> None:
    """404 is what WireServer says to what it does not know."""
    tell("report-ready", replies=[NOT_FOUND])

    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("azprov: gave up after ")
    assert last.endswith(
        "failed: 404 Not Found; this WireServer may not support JSON: report without "
        "--protocol json"
    )


def test_a_web_page_is_no_acknowledgement(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever its status: no goal state before it would have given the proxy away."""
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>"

    tell("report-ready", replies=[page])

    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("azprov: gave up after ")
    assert "failed: 200 OK, with a web page (HTML); check whether a proxy or filter" in last


def test_a_failure_carries_its_reason() -> None:
    """The line that the host is told by KVP too."""
    (request,) = tell("report-failure", "--reason", 'no "shell"', replies=[CREATED])

    report = json.loads(request.partition(b"\r\n\r\n")[2])
    assert report["state"] == "NotReady"
    assert sorted(report["details"]) == ["description", "subStatus"]
    assert report["details"]["subStatus"] == "ProvisioningFailed"
    assert report["details"]["description"].startswith(
        'result=error|reason=no "shell"|agent=azprov/'
    )


def test_a_dry_run_needs_no_platform(capfd: pytest.CaptureFixture[str]) -> None:
    """The document needs none of its identifiers."""
    assert tell("report-ready", "--dry-run", replies=[BUSY]) == []

    assert capfd.readouterr() == ('{"state":"Ready"}\n', "")
