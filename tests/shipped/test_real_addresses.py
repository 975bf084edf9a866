"""The archive with the address 168.63.129.16:80, in a network namespace, on every Python."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

from interpreters import INTERPRETERS
from namespaces import UNSHARE, skip_without_namespaces
from pyz import PYZ

DRIVER = Path(__file__).parents[1] / "real_addresses.py"

LOG = """\
Retrieving goal state from the Wireserver
ContainerId: d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55
InstanceId: 8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict
Incarnation: 7
Sending the following data to Wireserver:
<?xml version="1.0" encoding="utf-8"?><Health><GoalStateIncarnation>7</GoalStateIncarnation>\
<Container><ContainerId>d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55</ContainerId>\
<RoleInstanceList><Role><InstanceId>8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict</InstanceId>\
<Health><State>Ready</State></Health></Role></RoleInstanceList></Container></Health>
Response: 200 OK
"""


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> None:
    skip_without_namespaces()


def run(late_s: float, *command: str) -> Dict[str, Any]:
    driver = subprocess.run(
        [*UNSHARE, sys.executable, str(DRIVER), str(late_s), *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert driver.returncode == 0, driver.stderr
    result: Dict[str, Any] = json.loads(driver.stdout)
    return result


@pytest.mark.parametrize("version", INTERPRETERS)
def test_report_ready_at_the_real_address(version: str) -> None:
    """A strict WireServer accepts the report, without options, HOME or PATH."""
    result = run(0, str(INTERPRETERS[version]), str(PYZ), "report-ready")

    assert result == {
        "exit_code": 0,
        "out": "",
        "err": LOG,
        "verdicts": ["goal state", "ready"],
    }


@pytest.mark.parametrize("version", INTERPRETERS)
def test_ready_is_sent_as_soon_as_wireserver_can_be_reached(version: str) -> None:
    """A report that starts without a route is sent when the route appears."""
    result = run(2.0, str(INTERPRETERS[version]), str(PYZ), "report-ready")

    lines = result["err"].splitlines(keepends=True)
    assert lines[1] == (
        "168.63.129.16 cannot be reached (Network is unreachable: there is no network interface "
        "except lo); retrying for up to 900 s; attach a network interface to the machine, or load "
        "the driver of the one it has\n"
    )
    assert "".join(line for line in lines if "cannot be reached" not in line) == LOG
    assert (result["exit_code"], result["verdicts"]) == (0, ["goal state", "ready"])
