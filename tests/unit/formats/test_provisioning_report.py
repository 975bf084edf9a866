"""The provisioning report and the records that carry it: they come back as they were."""

from typing import Dict, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.platform.kvp import parse_pool, render_record
from azprov.formats.platform.provisioning_report import (
    Origin,
    failure_report,
    parse_report,
    render_report,
    success_report,
)

ORIGIN = Origin("azprov/1.0", "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "2026-11-22T03:20:00+00:00")


def test_success() -> None:
    """As cloud-init writes it."""
    assert success_report(ORIGIN) == (
        "result=success|agent=azprov/1.0|timestamp=2026-11-22T03:20:00+00:00|"
        "vm_id=b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
    )


def test_failure() -> None:
    """A field that needs it is quoted; one that is empty is left out."""
    line = failure_report(
        ORIGIN._replace(vm_id=None), "it's | broken\r\nbadly", {"step": "admin-user", "hint": ""}
    )

    assert line == (
        "result=error|'reason=it''s | broken badly'|agent=azprov/1.0|step=admin-user|"
        "timestamp=2026-11-22T03:20:00+00:00|"
        "documentation_url=https://aka.ms/linuxprovisioningerror"
    )


NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
# Without what is made one line, and without what XML cannot hold.
VALUES = (
    st.text(
        st.sampled_from("a|'\"=<& é€😀")
        | st.characters(min_codepoint=0x21, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs"]),
        min_size=1,
        max_size=30,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=5, unique_by=lambda field: field[0]))
def test_a_report_survives_its_line(fields: "list[tuple[str, str]]") -> None:
    """parse(render(x)) == x."""
    assert parse_report(render_report(tuple(fields))) == tuple(fields)


@given(st.text(), st.dictionaries(NAMES, st.text(), max_size=4))
def test_a_line_is_one_line_and_fits(reason: str, data: Dict[str, str]) -> None:
    """Below the host's limit, in every text that people and programs may give."""
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
def test_the_least_important_field_goes_whole(hint: int, reason: int, dropped: Set[str]) -> None:
    """First what a step added, last first; the reason is cut and stays."""
    line = failure_report(ORIGIN, "x" * reason, {"step": "ssh-keys", "hint": "h" * hint})

    fields = dict(parse_report(line))
    assert list(fields) == [name for name in ALL if name not in dropped]
    assert fields["reason"] == "x" * min(reason, 800)
    assert fields.get("hint") in (None, "h" * hint)


@given(st.text())
def test_any_line_gives_fields_or_a_value_error(line: str) -> None:
    """Nothing else, whoever wrote it."""
    try:
        parse_report(line)
    except ValueError:
        return


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.binary(max_size=100))
def test_records_survive_their_pool(records: "list[tuple[str, str]]", torn: bytes) -> None:
    """parse(render(x)) == x, also where another one is cut off behind them."""
    pool = b"".join(render_record(*record) for record in records)

    assert len(pool) == 2560 * len(records)
    assert parse_pool(pool + torn) == records


@pytest.mark.parametrize(("key", "value"), [("k" * 512, "v"), ("k", "v" * 2048), ("k", "a\0b")])
def test_what_a_record_cannot_hold(key: str, value: str) -> None:
    """Is refused, not cut."""
    with pytest.raises(ValueError, match="not a text of less than"):
        render_record(key, value)


def test_a_record_is_laid_out_as_the_daemon_reads_it() -> None:
    """512 bytes of key, 2048 of value, zeros behind each."""
    record = render_record("K", "é")

    assert record == b"K" + bytes(511) + b"\xc3\xa9" + bytes(2046)
