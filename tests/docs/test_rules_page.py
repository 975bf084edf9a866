"""The page of rules, which is written by a program."""

from docs.rules_page import COMMAND, PAGE, page


def test_the_page_of_rules_is_up_to_date() -> None:
    """unit/recipes/check-rules.md has the rules of the registry."""
    assert PAGE.read_text() == page(), f"the rules have changed, run: {COMMAND}"
