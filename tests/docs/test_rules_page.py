"""The generated files that list every rule of `check` are up to date."""

from docs.rules_page import COMMAND, PAGE, SCHEMA, page, schema


def test_the_page_of_rules_is_up_to_date() -> None:
    """The page unit/recipes/check-rules.md lists the rules of the registry."""
    assert PAGE.read_text() == page(), f"the rules have changed, run: {COMMAND}"


def test_the_schema_lists_every_rule() -> None:
    """The schema tests/schemas/check.json allows exactly the registry's ids as a finding's rule."""
    assert SCHEMA.read_text() == schema(), f"the rules have changed, run: {COMMAND}"
