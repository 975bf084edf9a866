"""The health report: literal documents, and properties of its renderer and parser."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import DocumentError
from azprov.formats.platform.goal_state import GoalState
from azprov.formats.platform.health import (
    Details,
    HealthReport,
    fit_description,
    parse_health_report,
    provisioning_failed,
    ready,
    render_health_report,
)
from sample_files import sample
from strategies import GOAL_STATES, HEALTH_REPORTS, XML_TEXT

GOAL_STATE = GoalState(
    "1", "6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901", "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01"
)
FAILED = HealthReport(
    *GOAL_STATE,
    state="NotReady",
    details=Details("ProvisioningFailed", "user <ops> & key:\nno such shell"),
)


def test_ready_is_the_documented_document() -> None:
    """A report of Ready has the three identifiers and no details."""
    assert render_health_report(ready(GOAL_STATE)) == sample("health_report/ready.xml")


def test_failure_is_the_documented_document() -> None:
    """A report of NotReady has a sub-status and an escaped description."""
    report = provisioning_failed(GOAL_STATE, "user <ops> & key:\nno such shell")

    assert render_health_report(report) == sample("health_report/provisioning-failed.xml")


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("ready.xml", HealthReport(*GOAL_STATE, state="Ready")),
        ("provisioning-failed.xml", FAILED),
        (
            "page-example.xml",
            HealthReport("INCARNATION", "CONTAINER_ID", "INSTANCE_ID", "Ready"),
        ),
    ],
)
def test_known_reports_are_understood(name: str, report: HealthReport) -> None:
    """The documented reports are parsed to their values."""
    assert parse_health_report(sample(f"health_report/{name}")) == report


@given(HEALTH_REPORTS)
def test_parsing_inverts_rendering(report: HealthReport) -> None:
    """parse(render(x)) == x, for all text that XML allows."""
    assert parse_health_report(render_health_report(report)) == report


@given(HEALTH_REPORTS)
def test_the_order_is_the_documented_one(report: HealthReport) -> None:
    """The tags have the documented order, with any text."""
    tags = re.findall(r"<(/?\w+)>", render_health_report(report).decode("utf-8"))

    details = "Details SubStatus /SubStatus Description /Description /Details "
    assert " ".join(tags) == (
        "Health GoalStateIncarnation /GoalStateIncarnation "
        "Container ContainerId /ContainerId "
        "RoleInstanceList Role InstanceId /InstanceId "
        f"Health State /State {details if report.details else ''}/Health "
        "/Role /RoleInstanceList /Container /Health"
    )


@given(HEALTH_REPORTS)
def test_a_report_is_one_line(report: HealthReport) -> None:
    """A line end in a text does not break the line of the log."""
    document = render_health_report(report)

    assert b"\n" not in document
    assert b"\r" not in document


def escaped_bytes(text: str) -> int:
    """The size of a description in a document, counted without the code under test."""
    report = HealthReport("1", "c", "i", "NotReady", Details("s", text))
    match = re.search(b"<Description>(.*)</Description>", render_health_report(report), re.DOTALL)
    assert match is not None
    return len(match[1])


@given(st.text(), st.integers(0, 60))
def test_a_description_never_exceeds_its_limit(text: str, limit: int) -> None:
    """The escaped bytes fit the limit, and one more character would not."""
    fitted = fit_description(text, limit)
    whole = fit_description(text, 10**9)

    assert escaped_bytes(fitted) <= limit
    assert whole.startswith(fitted)
    if fitted != whole:
        assert escaped_bytes(whole[: len(fitted) + 1]) > limit


@given(XML_TEXT)
def test_a_description_that_fits_is_unchanged(text: str) -> None:
    """A short text that XML allows is not changed."""
    assert fit_description(text, escaped_bytes(text)) == text


@pytest.mark.parametrize(
    ("text", "limit", "fitted"),
    [
        ("a&b", 5, "a"),  # "&amp;" would need five more
        ("a&b", 6, "a&"),
        ("a\N{SNOWMAN}b", 3, "a"),  # three bytes in UTF-8
        ("a\N{SNOWMAN}b", 4, "a\N{SNOWMAN}"),
        ("\U0001f600", 3, ""),
        ("bell\x07, half \ud83d", 100, "bell\ufffd, half \ufffd"),
        ("x" * 5000, 4096, "x" * 4096),
    ],
)
def test_a_cut_keeps_characters_whole(text: str, limit: int, fitted: str) -> None:
    """A cut is never inside an entity or a code point; characters XML forbids are replaced."""
    assert fit_description(text, limit) == fitted


@given(GOAL_STATES, st.text(max_size=20))
def test_every_reason_can_be_sent(goal_state: GoalState, reason: str) -> None:
    """Any text of a command line, even with lone surrogates, becomes a document."""
    report = parse_health_report(render_health_report(provisioning_failed(goal_state, reason)))

    assert report.state == "NotReady"
    assert report.details is not None
    assert report.details.substatus == "ProvisioningFailed"


def test_a_long_reason_stays_under_the_platforms_limit() -> None:
    """5000 ampersands are cut to 4096 escaped bytes, not to 4096 characters."""
    report = provisioning_failed(GOAL_STATE, "&" * 5000)

    assert report.details == Details("ProvisioningFailed", "&" * 819)  # 819 * 5 = 4095


WRONG = {
    "another root": ("<Health>", "<GoalState>"),
    "a name of the goal state": ("Role>", "RoleInstance>"),
    "an additional element": ("<Container>", "<Extra/><Container>"),
    "a missing element": ("<GoalStateIncarnation>1</GoalStateIncarnation>", ""),
    "another element in the container": ("</RoleInstanceList>", "</RoleInstanceList><Extra/>"),
    "another element in the role": ("</InstanceId>", "</InstanceId><Extra/>"),
    "an empty role before the role": ("<Role>", "<Role/><Role>"),
    "a second role": ("</Role>", "</Role><Role/>"),
    "an empty id": ("6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901", " "),
    "no state": ("<State>Ready</State>", ""),
    "details without text": ("</State>", "</State><Details/>"),
    "another order": ("<State>Ready</State>", "<Details/><State>Ready</State>"),
}


@pytest.mark.parametrize("difference", WRONG)
def test_a_report_of_another_form_is_refused(difference: str) -> None:
    """The parser, which the simulated platform uses, accepts only the documented form."""
    old, new = WRONG[difference]
    document = sample("health_report/ready.xml").decode()
    assert old in document

    with pytest.raises(DocumentError):
        parse_health_report(document.replace(old, new).encode())


def test_an_element_with_other_children_is_named() -> None:
    """The error lists those that the documentation has."""
    with pytest.raises(DocumentError) as refused:
        parse_health_report(b"<Health><Container/></Health>")

    assert refused.value.summary == "Health must hold exactly GoalStateIncarnation, Container"


def test_a_document_with_another_root_is_named() -> None:
    """The error says which document was expected."""
    with pytest.raises(DocumentError) as refused:
        parse_health_report(b"<GoalState/>")

    assert refused.value.summary == "document is not a health report"
