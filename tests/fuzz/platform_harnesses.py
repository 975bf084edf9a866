"""Harnesses for input from the platform: each parser gives a value or its declared error.

A harness takes bytes, and checks the properties of the value if there is one.
"""

import ipaddress
import socket
import string
from typing import Optional

from azprov.azure.replies import judge
from azprov.azure.transport import Transport
from azprov.boot.steps import keys_of
from azprov.errors import AzprovError, DocumentError, PlatformError, Refused, UnusableError
from azprov.formats.host.authorized_keys import merge_authorized_keys
from azprov.formats.host.dhcp_lease import parse_lease
from azprov.formats.host.hostname import parse_hostname
from azprov.formats.host.passwd import parse_user_name
from azprov.formats.host.ssh_keys import parse_ssh_keys
from azprov.formats.platform import xml
from azprov.formats.platform.goal_state import parse_goal_state
from azprov.formats.platform.health import (
    DESCRIPTION_LIMIT_BYTES,
    parse_health_report,
    provisioning_failed,
    ready,
    render_health_report,
)
from azprov.formats.platform.instance import find, parse_instance
from azprov.formats.platform.kvp import RECORD_BYTES, parse_pool, render_record
from azprov.formats.platform.provisioning_report import Origin, failure_report, parse_report
from azprov.formats.platform.vm_id import is_same_vm, parse_vm_id, swapped
from azprov.rehearsal.documents import goal_state_document
from azprov.system.clock import Clock
from ports import RawServer
from sample_files import sample

_KEYS = [
    *parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())[0],
    *parse_ssh_keys(sample("ssh_key/ecdsa-256.pub").decode())[0],
]
_ORIGIN = Origin("azprov/1.0", "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "2026-11-22T03:20:00+00:00")
_REPORT_LIMIT_BYTES = 1022
_BODY_LIMIT_BYTES = 1 << 20
_BOUND_S = 2.0


def text_of(data: bytes) -> str:
    """The bytes as text, with surrogates for bytes that are not UTF-8, as JSON can contain."""
    return data.decode("utf-8", "surrogateescape")


def require_sentence(error: Exception) -> None:
    """An error message is one line without control characters."""
    assert str(error), "no sentence"
    assert not isinstance(error, UnicodeError)
    assert str(error).isprintable(), str(error)
    if isinstance(error, AzprovError):
        assert error.exit_code in (2, 69, 73, 76, 77, 78)


def require_pause(seconds: Optional[float]) -> None:
    assert seconds is None or 0 <= seconds < float("inf")


def goal_state(data: bytes) -> None:
    try:
        value = parse_goal_state(data)
    except DocumentError as error:
        require_sentence(error)
        return
    assert all(value)
    assert parse_goal_state(goal_state_document(value)) == value
    report = ready(value)
    assert parse_health_report(render_health_report(report)) == report
    failed = provisioning_failed(value, text_of(data))
    assert parse_health_report(render_health_report(failed)) == failed
    assert failed.details is not None
    escaped = xml.escape(failed.details.description).encode("utf-8")
    assert len(escaped) <= DESCRIPTION_LIMIT_BYTES


def health_report(data: bytes) -> None:
    try:
        value = parse_health_report(data)
    except DocumentError as error:
        require_sentence(error)
        return
    assert parse_health_report(render_health_report(value)) == value


def instance(data: bytes) -> None:
    """The input is a document, and after a zero byte the path of a value in it."""
    document, _, path = data.partition(b"\0")
    try:
        value = parse_instance(document)
    except DocumentError as error:
        require_sentence(error)
        return
    assert value.computer_name or value.name
    for attempt in (
        lambda: find(value, text_of(path)),
        lambda: parse_hostname(value.computer_name or value.name),
        lambda: parse_user_name(value.admin_username),
        lambda: [key.line.encode("utf-8") for key in keys_of(value)],
    ):
        try:
            attempt()
        except (DocumentError, UnusableError) as error:
            require_sentence(error)
    assert parse_vm_id(value.vm_id) is None or len(value.vm_id.strip()) == len(_ORIGIN.vm_id or "")


def hostname(data: bytes) -> None:
    try:
        name = parse_hostname(text_of(data))
    except UnusableError as error:
        require_sentence(error)
        return
    assert parse_hostname(name) == name
    assert set(name) <= set(string.ascii_letters + string.digits + ".-")
    assert len(name) <= 64


def ssh_key(data: bytes) -> None:
    keys, bad_lines = parse_ssh_keys(text_of(data))
    assert keys or bad_lines
    for bad in bad_lines:
        assert bad.reason
        assert bad.reason.isprintable()
    for key in keys:
        assert "\n" not in key.line
        assert (key.type + key.comment).isprintable()
        assert parse_ssh_keys(key.line) == ([key], [])
        assert key.fingerprint.startswith("SHA256:")


def authorized_keys(data: bytes) -> None:
    """Every key is on a line that sshd reads, and the old content is kept."""
    merged = merge_authorized_keys(data, _KEYS)
    assert merged.startswith(data)
    assert merge_authorized_keys(merged, _KEYS) == merged
    lines = [line.strip() for line in merged.split(b"\n")]
    words = [line.split() for line in lines if not line.startswith(b"#")]
    for key in _KEYS:
        assert any(key.blob.encode("ascii") in line for line in words), key.type


def lease(data: bytes) -> None:
    try:
        address = parse_lease(data)
    except ValueError as error:
        require_sentence(error)
        return
    if address is not None:
        named = ipaddress.IPv4Address(address)
        assert str(named) == address
        assert True not in (named.is_unspecified, named.is_multicast, named.is_loopback)


def vm_id(data: bytes) -> None:
    texts = text_of(data).split("\n")
    one, other = (parse_vm_id(text) for text in (texts[0], texts[-1]))
    assert is_same_vm(one, other) == is_same_vm(other, one)
    if one is not None:
        assert parse_vm_id(one) == one
        assert swapped(swapped(one)) == one
        assert is_same_vm(one, swapped(one))


def report(data: bytes) -> None:
    """The input is a reason, and after a zero byte a hint."""
    reason, _, hint = text_of(data).partition("\0")
    try:
        fields = dict(parse_report(reason))
        assert "=" not in "".join(fields)
    except ValueError as error:
        require_sentence(error)
    line = failure_report(_ORIGIN, reason, {"step": "admin-user", "hint": hint})
    content = line.encode("utf-8")
    assert len(content) <= _REPORT_LIMIT_BYTES
    assert xml.representable(line) == line
    assert line.split() == line.split(" ") or "'" in line or "|" in line
    fields = dict(parse_report(line))
    assert fields["result"] == "error"
    whole, shown = " ".join(reason.split()), fields.get("reason", "")
    assert len(shown) <= len(whole)
    assert all(seen in (one, "?") for seen, one in zip(shown, whole))
    assert bool(shown) == bool(whole)
    (record,) = parse_pool(render_record("PROVISIONING_REPORT", line))
    assert record == ("PROVISIONING_REPORT", line)


def kvp_pool(data: bytes) -> None:
    records = parse_pool(data)
    assert len(records) == len(data) // RECORD_BYTES
    key, _, value = text_of(data).partition("=")
    try:
        record = render_record(key, value)
    except ValueError:
        return
    assert len(record) == RECORD_BYTES
    assert parse_pool(data[: len(records) * RECORD_BYTES] + record) == [*records, (key, value)]


def http_reply(data: bytes) -> None:
    """The input is the reply of a server that then closes the connection."""

    def serve(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(data)

    with RawServer(serve) as server:
        transport = Transport(server.endpoint, Clock())
        for body_matters in (True, False):
            try:
                reply = transport.send(
                    "GET", "/", headers={}, bound_s=_BOUND_S, body_matters=body_matters
                )
                assert len(reply.body) <= _BODY_LIMIT_BYTES + (1 << 16)
                assert str(reply).isprintable()
                assert judge(reply, accepted=range(200, 300), request="a request") is reply
            except Refused as error:
                require_sentence(error)
                require_pause(error.retry_after_s)
            except PlatformError as error:
                require_sentence(error)
