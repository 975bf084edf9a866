"""Writes the files that list every rule of `check`: a page, and the ids in a JSON schema.

Run it after a change to the rules: python3 tests/docs/rules_page.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "app"))

from azprov.check import RULES  # noqa: E402 - the path has to be set first

PAGE = ROOT / "unit" / "recipes" / "check-rules.md"
SCHEMA = ROOT / "tests" / "schemas" / "check.json"
COMMAND = "python3 tests/docs/rules_page.py"

_HEAD = f"""\
# The rules of check

`azprov.pyz check` reads the files of an image, or of the running machine, and compares them with
these rules. An error makes the deployment fail, or makes every VM of the image unsafe or
unreachable. A warning may do so, or causes trouble later. A note is worth knowing. The severity of
a finding can differ from its rule's, for example if another setting makes up for the fault.

A finding names the file and has the exact fix, usually a command to paste. `--ignore RULE` leaves
out the findings of a rule, and can be repeated. `--list-rules` lists the rules; with `--json` it
includes the fixes.

<!-- Written by {COMMAND}; do not edit. -->

| rule | severity | what it means | how to fix it |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as its file should be."""
    rows = [f"| `{rule.id}` | {rule.severity} | {rule.sentence} | {rule.fix} |\n" for rule in RULES]
    return _HEAD + "".join(rows)


def schema() -> str:
    """Return the JSON schema of check's output, with the current ids."""
    described = json.loads(SCHEMA.read_text())
    finding = described["properties"]["findings"]["items"]["properties"]
    finding["rule"] = {
        "description": "see check --list-rules",
        "enum": sorted(rule.id for rule in RULES),
    }
    return json.dumps(described, indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    SCHEMA.write_text(schema())
