"""The registry: which rules there are, and that every finding belongs to one."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from azprov.check import CHECKS, RULES
from azprov.check.finding import SEVERITIES, Rule
from house.test_architecture import APP

CHECK = APP / "azprov" / "check"
RULE_MODULES = sorted((CHECK / "rules").glob("[!_]*.py"))


def test_rule_ids_are_unique() -> None:
    """Each id names one rule, since people ignore rules by their ids."""
    ids = [rule.id for rule in RULES]

    assert [one for one in ids if ids.count(one) > 1] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_described_in_full(rule: Rule) -> None:
    """A rule has a kebab-case id, a known severity, and a sentence and a fix that fit a list."""
    assert re.match(r"[a-z]+(-[a-z]+)*\Z", rule.id)
    assert rule.severity in SEVERITIES
    for text in (rule.sentence, rule.fix):
        assert text
        assert not text.endswith(".")
        assert not text[0].isspace()


def test_every_check_names_its_rules() -> None:
    """A check without rules could not be listed or ignored."""
    assert [one.find.__name__ for one in CHECKS if not one.rules] == []


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.name)
def test_every_rule_that_is_defined_is_registered(path: Path) -> None:
    """A rule that no check names would be missing from the list of rules."""
    module = importlib.import_module(f"azprov.check.rules.{path.stem}")
    defined = [value for value in vars(module).values() if isinstance(value, Rule)]

    assert [rule.id for rule in defined if rule not in RULES] == []


@pytest.mark.parametrize("path", RULE_MODULES, ids=lambda path: path.name)
def test_findings_are_made_by_rules(path: Path) -> None:
    """A finding comes from `Rule.found`, so that its rule is always registered."""
    made = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]

    assert made == []
