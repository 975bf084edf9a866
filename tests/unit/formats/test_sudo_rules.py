"""Rules of sudoers and doas.conf: writing them, and removing those of one user."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import needs
from azprov.formats.host.sudo_rules import (
    has_rules,
    render_doas_rule,
    render_sudo_rule,
    without_rules_of,
)


def test_rules_let_a_user_do_everything() -> None:
    """The name is quoted: a word in capitals is an alias of sudo, and doas has keywords."""
    assert render_sudo_rule("ADMIN") == b'"ADMIN" ALL=(ALL:ALL) NOPASSWD:ALL\n'
    assert render_doas_rule("as") == b'permit nopass "as"\n'


#: Names that mean something to sudo or doas; useradd accepts each of them.
NAMES = ["as", "cmd", "deny", "keepenv", "nopass", "permit", "persist", "setenv", "args"]
NAMES += ["ALL", "ADMIN", "Defaults", "User_Alias", "a.b", "a-b", "_x", "a" * 32]


@pytest.mark.needs("doas")
@pytest.mark.parametrize("name", NAMES)
def test_doas_accepts_the_rule_for_every_name(name: str, tmp_path: Path) -> None:
    """A file that does not parse would make doas refuse every user."""
    config = tmp_path / "doas.conf"
    config.write_bytes(render_doas_rule(name))
    config.chmod(0o600)

    done = subprocess.run(
        [needs.program("doas"), "-C", str(config)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.needs("visudo")
@pytest.mark.parametrize("name", NAMES)
def test_visudo_accepts_the_rule_for_every_name(name: str, tmp_path: Path) -> None:
    """A file that does not parse is ignored by sudo, so the user would have no rights."""
    rules = tmp_path / "rules"
    rules.write_bytes(render_sudo_rule(name))
    rules.chmod(0o440)

    done = subprocess.run(
        [needs.program("visudo"), "-c", "-s", "-f", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, f"{rules}: parsed OK\n")


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"ops ALL=(ALL) ALL\ndev ALL=(ALL) ALL\n", b"dev ALL=(ALL) ALL\n"),
        (b'"ops" ALL=(ALL) ALL\n', b""),
        (b"ops ALL=(ALL) \\\n  NOPASSWD:ALL\ndev ALL=ALL", b"dev ALL=ALL"),
        (b"ops,dev ALL=ALL\n%ops ALL=ALL\n", b"ops,dev ALL=ALL\n%ops ALL=ALL\n"),
        (b"opsdev ALL=ALL\n# ops ALL=ALL\n", b"opsdev ALL=ALL\n# ops ALL=ALL\n"),
        (b"permit nopass ops\npermit :ops\n", b"permit :ops\n"),
        (b'permit nopass "ops"\npermit nopass "dev"\n', b'permit nopass "dev"\n'),
        (b"permit persist setenv { A=b ops } ops cmd ls\n", b""),
        (b"permit setenv { ops } dev\n", b"permit setenv { ops } dev\n"),
        (b"permit dev as ops\n", b"permit dev as ops\n"),
        (b"", b""),
    ],
)
def test_only_rules_for_the_user_alone_are_removed(content: bytes, left: bytes) -> None:
    """Rules for groups, for lists of users, and for other users stay."""
    assert without_rules_of(content, "ops") == left


def test_a_name_that_is_not_ascii_has_no_rules() -> None:
    """Such a user may be left in an image."""
    content = b"ops ALL=(ALL) ALL\n"

    assert without_rules_of(content, "\N{LATIN SMALL LETTER E WITH ACUTE}") == content


def test_rules_are_removed_by_number() -> None:
    """sudoers accepts #NUMBER in place of a name."""
    content = b"#1000 ALL=(ALL) ALL\n#10001 ALL=(ALL) ALL\n"

    assert without_rules_of(content, "#1000") == b"#10001 ALL=(ALL) ALL\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", False),
        (b"# a comment\n\n", False),
        (b"Defaults:ops !requiretty\n", False),
        (b"#1000 ALL=(ALL) ALL\n", True),
        (b"#include /etc/x\n", True),
        (b"#includedir /etc/x\n", True),
        (b"@include /etc/x\n", True),
        (b"permit :wheel\n", True),
        (b"# ops\nops ALL=ALL\n", True),
    ],
)
def test_comments_and_defaults_are_no_rules(content: bytes, expected: bool) -> None:
    """A file with nothing else gives no one any rights."""
    assert has_rules(content) is expected


@given(st.binary(), st.sampled_from(["ops", "#1000"]))
def test_removing_rules_again_changes_nothing(content: bytes, user: str) -> None:
    """Any bytes are read without an error."""
    left = without_rules_of(content, user)

    assert without_rules_of(left, user) == left
