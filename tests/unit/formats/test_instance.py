"""Instance metadata: its document, and the client of its service."""

import json
from typing import Any, Callable, Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.azure.imds import CompleteInstance, Imds
from azprov.azure.retry_loop import RetryLoop
from azprov.azure.transport import Transport
from azprov.errors import AzprovError, DocumentError, PlatformError
from azprov.formats.platform.instance import Instance, Wanted, find, find_gap, parse_instance
from azprov.system.clock import Clock
from ports import FakeClock, RawServer, replying
from sample_files import sample

SAMPLE = sample("instance/vm.json")
SCALE_SET = sample("instance/scale-set.json")
OLD = sample("instance/api-2019-06-01.json")
VM_ID = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"


@pytest.mark.parametrize(
    ("document", "vm_id", "name", "computer_name"),
    [
        (SAMPLE, VM_ID, "web01", "web01-host"),
        (SCALE_SET, VM_ID, "set_0", "set000000"),
        (OLD, VM_ID, "web01", ""),
        (b'\xef\xbb\xbf{"compute": {"name": "a"}}', "", "a", ""),
        (b'{"compute": {"name": "a", "osProfile": null, "vmId": null}}', "", "a", ""),
        (b'{"compute": {"name": "a", "osProfile": "none"}}', "", "a", ""),
    ],
)
def test_the_values_are_found(document: bytes, vm_id: str, name: str, computer_name: str) -> None:
    """A missing value is an empty string."""
    instance = parse_instance(document)

    assert (instance.vm_id, instance.name, instance.computer_name) == (vm_id, name, computer_name)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html><body>Welcome</body></html>",
        b"web01",
        b"null",
        b"[]",
        b"{}",
        b'{"compute": []}',
        b'{"compute": {}}',
        b'{"compute": {"name": ""}}',
        b'{"compute": {"name": 7}}',
        b'{"compute": {"name": "a", "vmId": ["b"]}}',
        b'{"error": "Bad request", "newest-versions": ["2021-08-01"]}',
        b'{"compute": {"name": "\xff"}}',
        b"[" * 100000,
        b'{"compute":' * 50000,
        b"1" * 5000,
    ],
)
def test_a_document_of_another_form_is_refused(document: bytes) -> None:
    """A reply of another server, or with values of a wrong type, raises DocumentError."""
    with pytest.raises(DocumentError, match="instance metadata"):
        parse_instance(document)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"[" + b"{}," * 10000 + b"{}]", "instance metadata has too many values"),
        (b"[" * 10000, "instance metadata has too many values"),
        (b"[" + b"0," * 10000 + b"0]", "instance metadata has too many values"),
        (b"[" * 101 + b"]" * 101, "instance metadata is nested too deeply"),
        (b'{"a":' * 101 + b"0" + b"}" * 101, "instance metadata is nested too deeply"),
        (b"9" * 101, "instance metadata is not JSON"),
        (b"NaN", "instance metadata is not JSON"),
        (b"-Infinity", "instance metadata is not JSON"),
        (b"1e999", "instance metadata is not JSON"),
    ],
)
def test_a_document_beyond_the_limits_is_refused(value: bytes, said: str) -> None:
    """A document is refused if it would use much memory or time, or has no valid JSON form."""
    with pytest.raises(DocumentError) as refusal:
        parse_instance(b'{"compute": {"name": "a"}, "x": %s}' % value)

    assert refusal.value.summary == said


@pytest.mark.parametrize(
    "value", ["9" * 100, "-1.5e3", "[" * 99 + "]" * 99, "[" + "0," * 5000 + "0]"]
)
def test_the_limits_are_far_above_real_documents(value: str) -> None:
    """Larger numbers, depths and sizes than any known VM has are accepted."""
    document = f'{{"compute": {{"name": "a"}}, "x": {value}}}'.encode()

    assert parse_instance(document).document["x"] == json.loads(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["compute", "name", "vmId"]), inner)
    ),
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_document_gives_a_value_or_a_document_error(document: bytes) -> None:
    """No other exception is raised, and the values are strings."""
    try:
        instance = parse_instance(document)
    except DocumentError:
        return
    assert isinstance(instance.name, str)
    assert isinstance(instance.vm_id, str)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("compute/name", "web01"),
        ("/compute/name/", "web01"),
        ("compute/userData", ""),
        ("network/interface/0/macAddress", "000D3A123456"),
        ("compute/publicKeys/0/path", "/home/admin/.ssh/authorized_keys"),
    ],
)
def test_a_value_is_found_by_its_path(path: str, value: str) -> None:
    """A path has the form of the service's own addresses."""
    assert find(parse_instance(SAMPLE), path) == value


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "compute/x",
        "compute/name/x",
        "network/interface/9",
        "network/interface/" + "9" * 5000,
    ],
    ids=lambda path: path[:30],
)
def test_a_path_without_a_value_is_a_document_error(path: str) -> None:
    """The error names the path."""
    with pytest.raises(DocumentError, match="instance metadata lacks "):
        find(parse_instance(SAMPLE), path)


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def refused(status: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def ask(*replies: bytes, timeout_s: float = 120) -> "tuple[Instance | AzprovError, List[bytes]]":
    requests: List[bytes] = []
    retry_loop = RetryLoop(FakeClock(), timeout_s=timeout_s, jitter=lambda: 1.0)
    with RawServer(replying(*replies, seen=requests)) as server:
        imds = Imds(Transport(server.endpoint, Clock()), retry_loop, agent_name="test/1")
        try:
            return retry_loop.run(imds.fetch_instance), requests
        except AzprovError as error:
            return error, requests


def targets(requests: List[bytes]) -> List[str]:
    return [request.split(b" ")[1].decode() for request in requests]


NEWEST = "/metadata/instance?api-version=2021-08-01&extended=true"
MIDDLE = "/metadata/instance?api-version=2020-10-01"
OLDEST = "/metadata/instance?api-version=2019-06-01"


def test_the_request_is_the_documented_one() -> None:
    """A request has Metadata: true, no X-Forwarded-For, and no query key twice."""
    instance, requests = ask(ok(SAMPLE))

    assert isinstance(instance, Instance)
    assert targets(requests) == [NEWEST]
    head = requests[0].decode().split("\r\n")
    assert "Metadata: true" in head
    assert not any(line.lower().startswith("x-forwarded-for") for line in head)


def test_an_unknown_version_falls_back_to_older_ones() -> None:
    """The client tries older API versions in the same attempt, without a pause."""
    bad = refused("400 Bad Request")
    instance, requests = ask(bad, bad, ok(OLD))

    assert isinstance(instance, Instance)
    assert targets(requests) == [NEWEST, MIDDLE, OLDEST]
    assert not instance.knows_profile
    assert not instance.is_specialized


def test_the_version_2020_10_01_has_the_profile() -> None:
    """An answer of this version without osProfile is one of a specialized VM."""
    instance, requests = ask(refused("400 Bad Request"), ok(OLD))

    assert isinstance(instance, Instance)
    assert targets(requests) == [NEWEST, MIDDLE]
    assert instance.is_specialized


@pytest.mark.parametrize(
    "status",
    ["403 No", "404 Not Found", "410 Gone", "429 Too Many Requests", "500 Error", "503 Busy"],
)
def test_a_service_without_an_answer_is_asked_again(status: str) -> None:
    """The client asks for the newest version again, after a pause."""
    instance, requests = ask(refused(status), refused(status), ok(SAMPLE))

    assert isinstance(instance, Instance)
    assert targets(requests) == [NEWEST, NEWEST, NEWEST]


ALL = Wanted(hostname=True, admin_user=True, keys=True)


@pytest.mark.parametrize(
    ("profile", "keys", "wanted", "what"),
    [
        ({"computerName": "a", "adminUsername": "b"}, ["c"], ALL, None),
        ({}, [], Wanted(), None),
        ({}, ["c"], Wanted(keys=True), None),
        ({}, [], Wanted(keys=True), "osProfile"),
        ({}, ["c"], Wanted(hostname=True), "osProfile"),
        ({"computerName": "", "adminUsername": ""}, ["c"], ALL, "osProfile"),
        ({"computerName": "a"}, ["c"], ALL, "the name of the admin user"),
        ({"computerName": "a"}, ["c"], Wanted(hostname=True, keys=True), None),
        ({"computerName": "a", "adminUsername": "b"}, [], ALL, "public keys"),
        ({"adminUsername": "b"}, ["c"], ALL, "a host name"),
        ({"computerName": "a"}, ["c"], Wanted(keys=True, usable=True), "a usable SSH public key"),
    ],
)
def test_a_gap_is_the_first_missing_value_that_is_wanted(
    profile: Dict[str, str], keys: List[str], wanted: Wanted, what: Optional[str]
) -> None:
    """A missing value that is not wanted is no gap."""
    held = [{"keyData": key} for key in keys]
    compute = {"name": "r", "osProfile": profile, "publicKeys": held}

    gap = find_gap(parse_instance(json.dumps({"compute": compute}).encode()), wanted)

    expected = None if what is None else f"the instance metadata lacks {what}"
    assert (None if gap is None else gap.summary) == expected


def complete(clock: FakeClock, **compute: Any) -> Callable[[], Instance]:
    """Attempts at an answer with the keys and the host name of a VM."""
    instance = parse_instance(json.dumps({"compute": dict(compute, name="r")}).encode())
    request = CompleteInstance(clock, Wanted(hostname=True, keys=True), settling_s=30.0)
    return lambda: request.fetch(lambda: instance)


@pytest.mark.parametrize("keys", [["c"], []])
def test_a_user_name_that_is_not_valid_is_believed_after_five_seconds(keys: List[str]) -> None:
    """Only another deployment can change the name, so missing keys are not waited for."""
    clock = FakeClock()
    compute = {
        "name": "r",
        "osProfile": {"adminUsername": "azure user", "disablePasswordAuthentication": "true"},
        "publicKeys": [{"keyData": key} for key in keys],
    }
    instance = parse_instance(json.dumps({"compute": compute}).encode())
    wanted = Wanted(admin_user=True, keys=True, usable=True)
    request = CompleteInstance(clock, wanted, settling_s=30.0)

    with pytest.raises(DocumentError) as refusal:
        request.fetch(lambda: instance)
    assert refusal.value.summary == (
        "the user name 'azure user' cannot be used: it has other characters than the letters A to "
        "Z and a to z, digits, '_', '.' and '-'"
    )
    assert refusal.value.accepted_in_s == 5.0
    clock.spend(5.0)
    assert request.fetch(lambda: instance) == instance


def test_a_vm_without_a_profile_is_believed_after_a_while() -> None:
    """An answer without osProfile may be partial for 30 s."""
    clock = FakeClock()
    attempt = complete(clock)

    with pytest.raises(DocumentError) as refusal:
        attempt()
    assert str(refusal.value) == (
        "the instance metadata lacks osProfile; see the answer: azprov.pyz metadata compute"
    )
    clock.spend(29.9)
    with pytest.raises(DocumentError):
        attempt()
    clock.spend(0.1)
    assert attempt().is_specialized


def test_a_deployment_with_a_password_is_believed_the_second_time() -> None:
    """Its osProfile says that passwords are allowed, so it may have no keys."""
    clock = FakeClock()
    profile = {"computerName": "a", "disablePasswordAuthentication": "false"}
    attempt = complete(clock, osProfile=profile, publicKeys=[])

    with pytest.raises(DocumentError, match="lacks public keys"):
        attempt()
    clock.spend(0.5)
    assert attempt().public_keys == ()


def test_a_deployment_without_passwords_and_keys_is_never_believed() -> None:
    """Azure accepts no such deployment, so its keys are still to come."""
    clock = FakeClock()
    profile = {"computerName": "a", "disablePasswordAuthentication": "true"}
    attempt = complete(clock, osProfile=profile)

    for _ in range(9):
        with pytest.raises(DocumentError, match="lacks public keys"):
            attempt()
        clock.spend(100.0)


def test_a_web_page_is_asked_again() -> None:
    """Status 200 with another document is a failure."""
    instance, requests = ask(ok(b"<html></html>"), ok(SAMPLE))

    assert isinstance(instance, Instance)
    assert len(requests) == 2


def test_a_service_that_never_recovers_gives_the_exit_code() -> None:
    """Bad documents give exit code 76, and refusals 69."""
    wrong, _ = ask(ok(b"<html></html>"), timeout_s=5)
    none, _ = ask(refused("404 Not Found"), timeout_s=5)

    assert isinstance(wrong, DocumentError)
    assert wrong.exit_code == 76
    assert isinstance(none, PlatformError)
    assert none.exit_code == 69
    assert "404 Not Found" in none.summary


def test_the_whole_document_is_kept() -> None:
    """The command `metadata` can show every value of the reply."""
    document: Dict[str, Any] = parse_instance(SAMPLE).document

    assert document == json.loads(SAMPLE)
