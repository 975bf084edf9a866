"""What the laws are tried on: texts, identifiers and documents of every form."""

from hypothesis import strategies as st

from azprov.documents.goal_state import GoalState
from azprov.documents.health import Details, HealthReport

# XML 1.0, production 2, written out here once more and not taken from the code.
XML_CHARACTERS = st.one_of(
    st.sampled_from("\t\n\r &<>\"'];"),
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
    st.characters(min_codepoint=0x10000, max_codepoint=0x10FFFF),
)
XML_TEXT = st.text(XML_CHARACTERS)

_BLANKS = " \t\r\n"

#: Text that survives trimming unchanged, as identifiers do.
IDENTIFIERS = st.text(XML_CHARACTERS, min_size=1).map(lambda text: f"i{text}d") | st.text(
    XML_CHARACTERS.filter(lambda character: character not in _BLANKS), min_size=1
)

GOAL_STATES = st.builds(GoalState, IDENTIFIERS, IDENTIFIERS, IDENTIFIERS)

HEALTH_REPORTS = st.builds(
    HealthReport,
    IDENTIFIERS,
    IDENTIFIERS,
    IDENTIFIERS,
    IDENTIFIERS,
    st.none() | st.builds(Details, IDENTIFIERS, XML_TEXT),
)
