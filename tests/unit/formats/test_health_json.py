"""The health report as JSON: literal documents, and properties of its renderer and parser."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import DocumentError
from azprov.formats.platform.health import Details
from azprov.formats.platform.health_json import JsonHealth, parse_json_health, render_json_health
from sample_files import sample

READY = JsonHealth("Ready")
FAILED = JsonHealth(
    "NotReady",
    Details("ProvisioningFailed", 'user <ops> & "key":\nno such shell \N{SNOWMAN}'),
)
HEALTH = st.builds(JsonHealth, st.text(), st.none() | st.builds(Details, st.text(), st.text()))


@pytest.mark.parametrize(
    ("name", "health"), [("ready.json", READY), ("provisioning-failed.json", FAILED)]
)
def test_both_reports_are_the_known_documents(name: str, health: JsonHealth) -> None:
    """Rendering gives the known bytes, and parsing them gives the values."""
    assert render_json_health(health) == sample(f"health_report/{name}")
    assert parse_json_health(sample(f"health_report/{name}")) == health


@given(HEALTH)
def test_parsing_inverts_rendering(health: JsonHealth) -> None:
    """parse(render(x)) == x, for all text, even with lone surrogates."""
    assert parse_json_health(render_json_health(health)) == health


@given(HEALTH)
def test_a_report_is_one_line_of_ascii(health: JsonHealth) -> None:
    """A line end in a text does not break the line, which is ASCII and valid JSON."""
    document = render_json_health(health).decode("ascii")

    assert document.isprintable()
    assert json.loads(document)["state"] == health.state


def test_white_space_and_order_do_not_matter() -> None:
    """The parser accepts any JSON with the documented names and values."""
    document = '{"details": {"description": "d", "subStatus": "s"},\n"state": "NotReady"}'

    assert parse_json_health(document.encode()) == JsonHealth("NotReady", Details("s", "d"))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "Ready",
        '"Ready"',
        "[]",
        "{}",
        "null",
        '{"state":"Ready"',
        '{"State":"Ready"}',
        '{"state":"Ready","extra":1}',
        '{"state":"Ready","details":null}',
        '{"state":"NotReady","details":{}}',
        '{"state":"NotReady","details":{"subStatus":"s"}}',
        '{"state":"NotReady","details":{"subStatus":"s","description":1}}',
        '{"state":"NotReady","details":{"subStatus":"s","description":"d","more":""}}',
        '{"state":true}',
        '{"state":"NotReady","state":"Ready"}',
        '{"state":' * 100000,
        "<Health/>",
    ],
)
def test_a_report_of_another_form_is_refused(document: str) -> None:
    """A missing, additional or repeated name, or a wrong type, raises DocumentError."""
    with pytest.raises(DocumentError, match=r"^health report "):
        parse_json_health(document.encode())


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_anything_is_a_report_or_a_document_error(document: bytes) -> None:
    """No other exception is raised."""
    try:
        health = parse_json_health(document)
    except DocumentError:
        return
    assert isinstance(health, JsonHealth)
