"""Hypothesis strategies: texts, identifiers and reports of every form."""

from hypothesis import strategies as st

from azprov.formats.platform.goal_state import GoalState
from azprov.formats.platform.health import Details, HealthReport

# XML 1.0, production 2; written out here, so that it does not depend on the code.
_MARKUP = st.sampled_from("\t\n\r &<>\"'];a")
XML_CHARACTERS = st.one_of(
    _MARKUP,
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
    st.characters(min_codepoint=0x10000, max_codepoint=0x10FFFF),
)
# Texts of markup characters only find errors that a rare one among thousands would not.
XML_TEXT = st.text(_MARKUP) | st.text(XML_CHARACTERS)

#: Text that survives trimming unchanged, as identifiers do.
IDENTIFIERS = XML_TEXT.map(lambda text: f"i{text}d") | XML_TEXT.map(
    lambda text: text.strip(" \t\r\n")
).filter(bool)

GOAL_STATES = st.builds(GoalState, IDENTIFIERS, IDENTIFIERS, IDENTIFIERS)

HEALTH_REPORTS = st.builds(
    HealthReport,
    IDENTIFIERS,
    IDENTIFIERS,
    IDENTIFIERS,
    IDENTIFIERS,
    st.none() | st.builds(Details, IDENTIFIERS, XML_TEXT),
)
