"""Every output is printable text, whatever the platform or an image contains."""

import io
import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from typing import List, Tuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azprov.cli import main
from azprov.cli.log import set_up_log
from azprov.cli.output import Answer, Output, write_line
from azprov.formats.platform.kvp import render_record
from azprov.formats.platform.provisioning_report import render_report
from ports import RawServer, replying

#: Escape sequences in 7 and 8 bits, line ends, bidirectional controls, and half a character.
CONTROLS = (
    "\x1b[2J \x9b2J \x7f \0 \r \x0b \x85 \u2028 \u2029 \u200f \u202e \u2066 \ufeff \udc9b \ud83d"
)
TEXTS = st.text(st.sampled_from(CONTROLS + "a\n\t") | st.characters(categories=None))


def is_printable(content: bytes) -> bool:
    """Whether a text in UTF-8 has only printable characters, line ends and tabs."""
    return content.decode("utf-8").replace("\n", "").replace("\t", "").isprintable()


def written(argv: List[str], answer: Answer) -> bytes:
    stream = io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(stream):
        Output(argv).write_answer(answer)
        return stream.buffer.getvalue()


@given(TEXTS)
@example(CONTROLS)
def test_an_answer_is_printable(text: str) -> None:
    """An answer of text ends in one line end more than it has, unless it ends in one."""
    content = written([], Answer(text, {}))

    assert is_printable(content)
    assert content.endswith(b"\n") or not text


@given(TEXTS)
@example(CONTROLS)
def test_a_json_answer_is_printable_and_exact(text: str) -> None:
    """JSON escapes what cannot be shown, so that a program gets the exact value."""
    content = written(["--json"], Answer("", {"value": {text: [text]}}))

    assert content.isascii()
    assert is_printable(content)
    assert json.loads(content)["value"] == {text: [text]}


@given(TEXTS)
@example(CONTROLS)
def test_a_log_record_is_one_printable_line(text: str) -> None:
    """No text in a record can add a line to the log, or a control character."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stderr(stream):
        set_up_log([])
        (handler,) = logging.getLogger("azprov").handlers
        # Not by the logger: pytest-xdist cannot send half a character that pytest has captured.
        handler.handle(logging.makeLogRecord({"msg": text, "levelno": logging.INFO}))
        content = stream.buffer.getvalue()

    assert is_printable(content)
    assert content.count(b"\n") == 1


@given(TEXTS)
@example(CONTROLS)
def test_a_report_to_azure_is_one_printable_line(text: str) -> None:
    """The report goes to KVP and to WireServer, whose host shows it to the owner of the VM."""
    line = render_report((("result", "error"), ("reason", text)))

    assert line.isprintable()
    assert line.encode("utf-8") in render_record("PROVISIONING_REPORT", line)


@given(TEXTS)
@example(CONTROLS)
def test_a_line_of_a_running_command_is_printable(text: str) -> None:
    """A rehearsal shows lines of the client that it runs, before its answer."""
    stream = io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(stream):
        write_line(text)
        content = stream.buffer.getvalue()

    assert is_printable(content)


COMPUTE = {"name": "vm", "tags": CONTROLS, "publicKeys": [{"keyData": CONTROLS}]}
METADATA = json.dumps({"compute": COMPUTE}).encode()
RAW = f"<a>{CONTROLS}</a>".encode("utf-8", "surrogatepass")
IDS = (
    "<GoalState><Incarnation>1</Incarnation><Container><ContainerId>c\x9b2J\u202e</ContainerId>"
    "<RoleInstanceList><RoleInstance><InstanceId>i\x7f\u2028</InstanceId></RoleInstance>"
    "</RoleInstanceList></Container></GoalState>"
).encode()


@pytest.mark.parametrize("json_option", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(
    ("command", "body"),
    [
        (("metadata", "--imds"), METADATA),
        (("metadata", "compute/tags", "--imds"), METADATA),
        (("metadata", "compute/publicKeys/0/keyData", "--imds"), METADATA),
        (("goal-state", "--raw", "--wireserver"), RAW),
        (("goal-state", "--raw", "--wireserver"), RAW.decode("utf-8", "replace").encode("utf-16")),
        (("goal-state", "--wireserver"), IDS),
        (("report-ready", "-v", "--dry-run", "--wireserver"), IDS),
        (("report-ready", "-v", "--dry-run", "--wireserver"), RAW),
    ],
    ids=["metadata", "tag", "key", "raw", "raw-utf-16", "goal-state", "dry-run", "bad-reply"],
)
def test_an_answer_of_the_platform_is_shown_as_printable_text(
    capfdbinary: pytest.CaptureFixture[bytes],
    command: Tuple[str, ...],
    body: bytes,
    json_option: Tuple[str, ...],
) -> None:
    """Control characters reach neither stdout nor the log, although both are pipes."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with RawServer(replying(reply)) as server:
        code = main([*command, str(server.endpoint), "--timeout", "0.5", *json_option])

    out, err = capfdbinary.readouterr()
    assert code in (0, 76)
    assert out or code == 76
    assert is_printable(out)
    assert is_printable(err)


def test_json_has_the_exact_text_of_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that needs a value with control characters asks for JSON."""
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(METADATA), METADATA)
    with RawServer(replying(reply)) as server:
        main(["metadata", "compute/tags", "--imds", str(server.endpoint), "--json"])

    assert json.loads(capsys.readouterr().out)["value"] == CONTROLS
