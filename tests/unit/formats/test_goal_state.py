"""The goal state: literal documents, and properties of its parser and renderer."""

from pathlib import Path
from typing import List

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azprov.errors import DocumentError
from azprov.formats.platform.goal_state import GoalState, parse_goal_state
from azprov.formats.platform.xml import LIMIT_BYTES
from azprov.rehearsal.documents import goal_state_document
from sample_files import SAMPLES, sample
from strategies import GOAL_STATES

CONTAINER = "6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901"
INSTANCE = "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01"
USUAL = ("1", CONTAINER, INSTANCE)

EXPECTED = {
    "version-2012-11-30.xml": USUAL,
    "version-2010-12-15.xml": ("3", CONTAINER, INSTANCE),
    "version-2015-04-05.xml": ("17", CONTAINER, INSTANCE),
    "without-lb-probe-ports.xml": ("4", CONTAINER, INSTANCE),
    "without-schema-location.xml": ("42", CONTAINER, INSTANCE),
    "expects-health-report.xml": USUAL,
    "goal-states-support.xml": USUAL,
    "remote-access-info.xml": USUAL,
    "container-id-no-guid.xml": ("1", "container-7", INSTANCE),
    "instance-id-dot-name.xml": (
        "1",
        CONTAINER,
        "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11.web-01",
    ),
    "instance-id-without-dashes.xml": (
        "1",
        CONTAINER,
        "0d3b5a516f6e4a59a2b17c1b0e9d4f11._web01",
    ),
    "instance-id-machine-role.xml": (
        "1",
        CONTAINER,
        "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11.MachineRole_IN_0",
    ),
    "incarnation-no-number.xml": ("17-b", CONTAINER, INSTANCE),
    "white-space-around.xml": USUAL,
    "one-line.xml": USUAL,
    "crlf.xml": USUAL,
    "two-role-instances.xml": USUAL,
    "utf-8-bom.xml": USUAL,
    "utf-16-le-bom.xml": USUAL,
    "utf-16-be-bom.xml": USUAL,
    "without-declaration.xml": USUAL,
    "newline-before-declaration.xml": USUAL,
    "declaration-contradicts.xml": USUAL,
    "decoys.xml": USUAL,
    "id-in-cdata.xml": USUAL,
    "escaped-characters.xml": ("1", "a&b <c> \N{SNOWMAN}", "\"i'"),
}

REFUSALS = {
    "no-role-instance-list.xml": "GoalState lacks Container/RoleInstanceList/RoleInstance/"
    "InstanceId",
    "empty-role-instance-list.xml": "GoalState lacks Container/RoleInstanceList/RoleInstance/"
    "InstanceId",
    "first-role-instance-without-id.xml": "GoalState lacks Container/RoleInstanceList/"
    "RoleInstance/InstanceId",
    "no-container.xml": "GoalState lacks Container/ContainerId",
    "no-incarnation.xml": "GoalState lacks Incarnation",
    "empty-incarnation.xml": "GoalState has an empty Incarnation",
    "blank-container-id.xml": "GoalState has an empty Container/ContainerId",
    "element-inside-id.xml": "GoalState has elements inside Container/ContainerId",
    "truncated.xml": "goal state is not XML",
    "two-documents.xml": "goal state is not XML (junk after document element",
    "empty.xml": "goal state is empty",
    "only-white-space.xml": "goal state is empty",
    "only-bom.xml": "goal state is empty",
    "plain-text.xml": "goal state is not XML",
    "json.xml": "goal state is not XML",
    "nul-bytes.xml": "goal state is not XML",
    "latin-1.xml": "goal state is neither UTF-8 nor UTF-16 text",
    "undefined-entity.xml": "goal state is not XML (undefined entity",
    "dtd-internal-entity.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
    "dtd-external-file.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
    "dtd-external-http.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
    "dtd-entity-bomb.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
    "error-410.xml": "the reply is not a goal state: its root element is Error",
    "error-400.xml": "the reply is not a goal state: its root element is Error",
    "error-503.html": "the reply is a web page (HTML), not a goal state",
    "error-403.html": "the reply is a web page (HTML), not a goal state",
    "health-report.xml": "the reply is not a goal state: its root element is Health",
}

ALL_SAMPLES: List[Path] = sorted(SAMPLES.glob("*goal_state/*"))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_known_form_is_understood(name: str) -> None:
    """Every form that was seen in practice gives its three identifiers."""
    assert parse_goal_state(sample(f"goal_state/{name}")) == GoalState(*EXPECTED[name])


@pytest.mark.parametrize("name", REFUSALS)
def test_each_unusable_document_is_refused(name: str) -> None:
    """A document that is not a goal state raises DocumentError with the reason."""
    with pytest.raises(DocumentError) as refusal:
        parse_goal_state(sample(f"not_goal_state/{name}"))

    assert refusal.value.summary.startswith(REFUSALS[name])


BOMB = b'<!DOCTYPE a [<!ENTITY b "c">]><GoalState><Incarnation>&b;</Incarnation></GoalState>'
HOSTILE = {
    "a DTD in UTF-16 that is not said to be": (
        BOMB.decode().encode("utf-16-le"),
        "goal state is not XML (it contains NUL characters)",
    ),
    "attributes that take forty times their size": (
        b"<GoalState%s/>" % b"".join(b' a%d=""' % number for number in range(10001)),
        "goal state has too many attributes",
    ),
    "an id with many line ends": (
        b"<GoalState><Incarnation>1%s1</Incarnation></GoalState>" % (b"\n" * 1000),
        "GoalState has more than 1000 characters in Incarnation",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_that_would_use_much_memory_is_refused(name: str) -> None:
    """The parser refuses a document before it uses the memory."""
    document, said = HOSTILE[name]

    with pytest.raises(DocumentError) as refusal:
        parse_goal_state(document)

    assert refusal.value.summary == said


def test_an_id_may_be_long() -> None:
    """An id of a thousand characters is accepted."""
    goal_state = GoalState("1" * 1000, "\N{SNOWMAN}" * 1000, "a")

    assert parse_goal_state(goal_state_document(goal_state)) == goal_state


def test_every_sample_has_an_expectation() -> None:
    """Each sample file is in one of the two tables above."""
    names = {path.name for path in ALL_SAMPLES}

    assert names == {*EXPECTED, *REFUSALS}


@given(GOAL_STATES)
@example(GoalState("a\rb", "a\r\nb", "]]>&amp;"))
@example(GoalState("a\x85b", "a\u2028b", "{c}"))
def test_parsing_inverts_rendering(goal_state: GoalState) -> None:
    """parse(render(x)) == x, for all text that XML allows."""
    assert parse_goal_state(goal_state_document(goal_state)) == goal_state


def value_or_document_error(document: bytes) -> None:
    try:
        goal_state = parse_goal_state(document)
    except DocumentError:
        return
    assert all(field and field == field.strip(" \t\r\n") for field in goal_state)


FRAGMENTS = st.sampled_from(
    [
        b"<",
        b">",
        b"&",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<?x",
        b"?>",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"</Container>",
        b"<ContainerId>",
        b"<ContainerId/>",
        b"<Incarnation> </Incarnation>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"&b;",
        b"&#0;",
        b"&#xD800;",
        b"&#x110000;",
        b"encoding='utf-7'",
        b"encoding='hex'",
        b"xmlns='u'",
        b"xmlns:x='u'",
        b"<x:a/>",
    ]
) | st.binary(max_size=8)


@given(st.sampled_from(ALL_SAMPLES), st.data())
def test_any_mutation_gives_a_value_or_a_document_error(path: Path, data: st.DataObject) -> None:
    """A damaged document is parsed, or raises DocumentError and no other error."""
    document = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, min(len(document), start + 40)))
        document = document[:start] + data.draw(FRAGMENTS) + document[end:]

    value_or_document_error(document)


@given(st.binary())
def test_any_bytes_give_a_value_or_a_document_error(document: bytes) -> None:
    """Random bytes raise no error except DocumentError."""
    value_or_document_error(document)


@pytest.mark.parametrize(
    "encoding",
    ["utf-7", "hex", "rot13", "idna", "utf-32", "ebcdic-cp-us", "none such", "\N{SNOWMAN}"],
)
def test_a_declared_encoding_is_ignored(encoding: str) -> None:
    """The parser loads no codec that a declaration names."""
    document = sample("goal_state/without-declaration.xml")
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()

    value_or_document_error(declaration + document)


def test_the_size_is_limited() -> None:
    """A document of the largest size is parsed, and one more byte is refused."""
    document = sample("goal_state/version-2012-11-30.xml")
    room = LIMIT_BYTES - len(document) - len("<!---->")
    full = document + b"<!--" + b"x" * room + b"-->"

    assert len(full) == 1048576
    assert parse_goal_state(full) == GoalState(*USUAL)
    with pytest.raises(DocumentError, match="goal state is larger than 1048576 bytes"):
        parse_goal_state(full + b"\n")


@pytest.mark.parametrize(
    "hostile",
    [
        b"<a>" * 300000,
        b"<a>" + b"<b/>" * 200000 + b"</a>",
        b"<a>" * 101 + b"</a>" * 101,
        b"<a>" + b"<b/>" * 10000 + b"</a>",
    ],
)
def test_depth_and_number_of_elements_are_limited(hostile: bytes) -> None:
    """A megabyte of tags is refused before it becomes a tree."""
    with pytest.raises(DocumentError, match="too many elements, or nests them too deeply"):
        parse_goal_state(hostile)


@pytest.mark.parametrize("large", [b"<a>" * 100 + b"</a>" * 100, b"<a>" + b"<b/>" * 9999 + b"</a>"])
def test_the_limits_are_far_above_real_documents(large: bytes) -> None:
    """A hundred levels and ten thousand elements are parsed."""
    with pytest.raises(DocumentError, match="the reply is not a goal state: its root element is a"):
        parse_goal_state(large)


def test_the_root_element_of_another_document_is_shown_in_part() -> None:
    """A proxy may answer with any document."""
    with pytest.raises(DocumentError) as refused:
        parse_goal_state(b"<" + b"x" * 100 + b"/>")

    assert refused.value.summary == (
        "the reply is not a goal state: its root element is " + "x" * 40
    )
