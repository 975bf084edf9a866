"""The provisioning report and the KVP records that contain it."""

from typing import Dict, List, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.platform.kvp import (
    RECORD_BYTES,
    VALUE_LIMIT_BYTES,
    key_of,
    parse_pool,
    render_record,
)
from azprov.formats.platform.provisioning_report import (
    Origin,
    failure_report,
    parse_report,
    render_report,
    success_report,
)

ORIGIN = Origin("azprov/1.0", "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "2026-11-22T03:20:00+00:00")


def test_a_success_report_has_cloud_inits_form() -> None:
    """A success report has the result, the agent, the time and the VM id."""
    assert success_report(ORIGIN) == (
        "result=success|agent=azprov/1.0|timestamp=2026-11-22T03:20:00+00:00|"
        "vm_id=b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
    )


def test_a_failure_report_quotes_fields_and_drops_empty_ones() -> None:
    """A field is quoted only if it needs quotes."""
    line = failure_report(
        Origin(ORIGIN.agent, None, ORIGIN.timestamp),
        "it's | broken\r\nbadly\x1b[2J\x9b\u202e",
        {"step": "admin-user", "hint": ""},
    )

    assert line == (
        "result=error|'reason=it''s | broken badly?[2J??'|agent=azprov/1.0|step=admin-user|"
        "timestamp=2026-11-22T03:20:00+00:00|"
        "documentation_url=https://aka.ms/linuxprovisioningerror"
    )


NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
# Without line ends and unprintable characters, which are replaced.
VALUES = (
    st.text(
        st.sampled_from("a|'\"=<& é€😀")
        | st.characters(min_codepoint=0x21, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs"]),
        min_size=1,
        max_size=30,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text.isprintable() and bool(text))
)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=5, unique_by=lambda field: field[0]))
def test_parsing_inverts_rendering(fields: "list[tuple[str, str]]") -> None:
    """parse(render(x)) == x."""
    assert parse_report(render_report(tuple(fields))) == tuple(fields)


@pytest.mark.parametrize("line", ["result", "result=error|reason", "a=1||b=2"])
def test_a_report_word_without_an_equals_sign_is_refused(line: str) -> None:
    """Each word of a report is NAME=VALUE."""
    with pytest.raises(ValueError, match="not a field"):
        parse_report(line)


def test_a_value_may_be_empty_or_have_equals_signs() -> None:
    """The first equals sign ends the name."""
    assert parse_report("a=|b=c=d") == (("a", ""), ("b", "c=d"))


@given(st.text(), st.dictionaries(NAMES, st.text(), max_size=4))
def test_a_report_is_one_line_within_the_limit(reason: str, data: Dict[str, str]) -> None:
    """Any reason and data give one line below the host's limit."""
    line = failure_report(ORIGIN, reason * 200, data)

    assert len(line.encode()) <= 1022
    assert len(line.splitlines()) == 1
    assert ("result", "error") in parse_report(line)


ALL = ["result", "reason", "agent", "step", "hint", "vm_id", "timestamp", "documentation_url"]


@pytest.mark.parametrize(
    ("hint", "reason", "dropped"),
    [
        (20, 700, set()),
        (1, 9000, set()),
        (60, 9000, {"hint"}),
        (200, 700, {"hint"}),
        (800, 100, {"hint"}),
    ],
)
def test_a_long_report_drops_whole_fields(hint: int, reason: int, dropped: Set[str]) -> None:
    """The data of a step is dropped first, from its end; the reason is cut and stays."""
    line = failure_report(ORIGIN, "x" * reason, {"step": "ssh-keys", "hint": "h" * hint})

    fields = dict(parse_report(line))
    assert list(fields) == [name for name in ALL if name not in dropped]
    assert fields["reason"] == "x" * min(reason, 800)
    assert fields.get("hint") in (None, "h" * hint)


@given(st.text())
def test_any_line_gives_fields_or_a_value_error(line: str) -> None:
    """No other exception is raised."""
    try:
        parse_report(line)
    except ValueError:
        return


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.binary(max_size=100))
def test_records_are_read_back_from_their_pool(
    records: "list[tuple[str, str]]", torn: bytes
) -> None:
    """parse(render(x)) == x, even with an incomplete record at the end."""
    pool = b"".join(render_record(*record) for record in records)

    assert len(pool) == 2560 * len(records)
    assert parse_pool(pool + torn) == records


@pytest.mark.parametrize(("key", "value"), [("k" * 512, "v"), ("k", "v" * 2048), ("k", "a\0b")])
def test_a_text_that_does_not_fit_a_record_is_refused(key: str, value: str) -> None:
    """A text that is too long or has a zero raises ValueError and is not cut."""
    with pytest.raises(ValueError, match="bytes, or contains a zero byte"):
        render_record(key, value)


def test_a_record_has_the_layout_of_the_daemon() -> None:
    """A record has 512 bytes of key and 2048 of value, each padded with zeros."""
    record = render_record("K", "é")

    assert key_of(render_record("KEYXX", "v")) == b"KEYXX"
    assert record == b"K" + bytes(511) + b"\xc3\xa9" + bytes(2046)


def test_the_sizes_are_those_of_the_daemon_and_the_host() -> None:
    """The host uses less than 1024 bytes of a value, and azure-init cuts at 1022."""
    assert (RECORD_BYTES, VALUE_LIMIT_BYTES) == (2560, 1022)


@pytest.mark.parametrize(
    ("reason", "others", "left"),
    [
        (100, 150, ["result", "reason", "agent", "vm_id", "timestamp", "documentation_url"]),
        (100, 250, ["result", "reason", "agent", "vm_id", "timestamp"]),
        (400, 250, ["result", "reason", "agent", "vm_id"]),
        (600, 250, ["result", "reason", "vm_id"]),
        (790, 250, ["result", "reason"]),
    ],
)
def test_the_least_important_field_is_dropped_first(
    reason: int, others: int, left: List[str]
) -> None:
    """The address of the documentation, the time, the agent and the VM id, in this order."""
    names = ("agent", "vm_id", "timestamp", "documentation_url")
    fields = [("result", "error"), ("reason", "r" * reason)]

    line = render_report((*fields, *((name, "x" * others) for name in names)))

    assert [name for name, _ in parse_report(line)] == left


def test_a_reason_that_is_long_only_because_of_its_quotes_is_cut() -> None:
    """Each quote is doubled: of 800 characters, a tenth is cut off until the line fits."""
    line = render_report((("result", "error"), ("reason", "'" * 800)))

    assert line == "result=error|'reason=" + "''" * 471 + "'"
