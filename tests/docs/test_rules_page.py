"""The files that list every rule, which a program writes."""

from docs.rules_page import COMMAND, PAGE, SCHEMA, page, schema


def test_the_page_of_rules_is_up_to_date() -> None:
    """unit/recipes/check-rules.md has the rules of the registry."""
    assert PAGE.read_text() == page(), f"the rules have changed, run: {COMMAND}"


def test_the_schema_lists_every_rule() -> None:
    """In tests/schemas/check.json the rule of a finding is one of the registry's ids."""
    assert SCHEMA.read_text() == schema(), f"the rules have changed, run: {COMMAND}"
