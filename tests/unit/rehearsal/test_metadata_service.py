"""The simulated metadata service answers other agents as Microsoft's page says."""

import json
from email.message import Message
from typing import Any, Optional

import pytest

from azprov.rehearsal.metadata_service import answer_metadata
from azprov.rehearsal.scenario import Reply, Scenario
from azprov.rehearsal.server import Request

SCENARIO = Scenario("test", "a story", "a meaning", public_keys=("ssh-ed25519 AAAA",))


def ask(target: str, method: str = "GET", metadata: Optional[str] = "true") -> Reply:
    headers = Message()
    if metadata is not None:
        headers["Metadata"] = metadata
    return answer_metadata(Request(method, target, headers, b""), SCENARIO, "the-vm-id")


def value(target: str) -> Any:
    reply = ask(target)
    assert reply.status == 200, reply
    return json.loads(reply.body)


def test_the_instance_has_compute_and_network() -> None:
    """The whole instance is answered to the queries that cloud-init and azure-init send."""
    instance = value("/metadata/instance?api-version=2021-08-01&extended=true")

    assert sorted(instance) == ["compute", "network"]
    assert instance["compute"]["vmId"] == "the-vm-id"
    assert instance["compute"]["publicKeys"] == [
        {"keyData": "ssh-ed25519 AAAA", "path": "/home/azureuser/.ssh/authorized_keys"}
    ]
    assert instance["network"]["interface"][0]["macAddress"] == "000D3A000004"


@pytest.mark.parametrize(
    ("version", "profile"),
    [
        ("2019-06-01", None),
        ("2020-07-15", ["adminUsername", "computerName"]),
        ("2023-11-15", ["adminUsername", "computerName", "disablePasswordAuthentication"]),
    ],
)
def test_an_older_version_has_fewer_values(version: str, profile: object) -> None:
    """The values of osProfile are in the versions that introduced them, and in newer ones."""
    compute = value(f"/metadata/instance/compute?api-version={version}")

    assert (sorted(compute["osProfile"]) if "osProfile" in compute else None) == profile


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/metadata/instance/compute/name?api-version=2021-01-01&format=text", 200),
        ("/metadata/instance/compute/name?api-version=2021-01-01", 400),
        ("/metadata/instance/compute/name?api-version=2021-01-01&format=json", 400),
        ("/metadata/instance?api-version=2021-01-01&format=json", 200),
        ("/metadata/instance?api-version=2021-01-01&format=text", 400),
        ("/metadata/instance/network?api-version=2017-04-02", 200),
        ("/metadata/instance/network/interface/0?api-version=2017-04-02", 200),
        ("/metadata/instance/network/interface/1?api-version=2017-04-02", 404),
        ("/metadata/instance/nothing?api-version=2021-01-01", 404),
        ("/metadata/instance", 400),
        ("/metadata/instance?api-version=latest", 400),
        ("/metadata/instance?api-version=2021-01-01&api-version=2021-01-01", 400),
        ("/metadata/attested/document?api-version=2021-01-01", 404),
        ("/metadata/reprovisiondata?api-version=2019-06-01", 404),
        ("/metadata", 404),
    ],
)
def test_each_query_has_its_status(target: str, status: int) -> None:
    """A leaf needs format=text, every other value JSON, and all need one api-version."""
    assert ask(target).status == status


def test_a_wrong_version_is_answered_with_newer_ones() -> None:
    """An agent can choose an api-version from the error."""
    error = json.loads(ask("/metadata/instance?api-version=1999-01-01").body)

    assert error["newest-versions"] == ["2023-11-15", "2023-07-01", "2021-12-13"]
    assert "2019-06-01" in value("/metadata/versions")["apiVersions"]


@pytest.mark.parametrize(
    ("method", "metadata", "status"),
    [("GET", None, 400), ("GET", "false", 400), ("GET", "True", 200), ("POST", "true", 405)],
)
def test_the_metadata_header_is_required(method: str, metadata: Optional[str], status: int) -> None:
    """The header protects against requests that a browser or a proxy was made to send."""
    target = "/metadata/instance?api-version=2021-01-01"

    assert ask(target, method, metadata).status == status
