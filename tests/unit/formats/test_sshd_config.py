"""sshd_config: the settings in effect, and the files in which sshd looks for keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.passwd import Account
from azprov.formats.host.sshd_config import (
    authorized_keys_path,
    common_keys_paths,
    first_values,
    for_every_connection,
    own_keys_paths,
    parse_sshd_config,
)

ID = 54321
USER = Account("ops", ID, 54322, "/home/ops", "/bin/sh")


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ("PasswordAuthentication no", ["no"]),
        ("passwordauthentication=no", ["no"]),
        ("  PasswordAuthentication \t = no  ", ["no"]),
        ('PasswordAuthentication "no"', ["no"]),
        ("PasswordAuthentication no # yes", ["no"]),
        ("PasswordAuthentication no\nPasswordAuthentication yes", ["no"]),
        ("#PasswordAuthentication no\nPasswordAuthentication\tyes", ["yes"]),
        ("Match User x\nPasswordAuthentication no", None),
        ("#\fPasswordAuthentication no", None),
        ("PasswordAuthentication\rno", ["no"]),
        ("MATCH all\nPasswordAuthentication no", None),
        ("PasswordAuthentication", None),
        ("", None),
    ],
)
def test_the_first_value_of_a_keyword_is_in_effect(config: str, values: object) -> None:
    """Keywords are read as sshd reads them: any case, any spelling, without Match blocks."""
    settings = for_every_connection(parse_sshd_config(config.encode()))

    assert first_values(settings, "PasswordAuthentication") == values


@given(st.binary())
def test_any_config_is_read_without_an_error(content: bytes) -> None:
    """Damaged files raise no exception."""
    authorized_keys_path(list(parse_sshd_config(content)), USER)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, "/home/ops/.ssh/authorized_keys"),
        (".ssh/authorized_keys .ssh/authorized_keys2", "/home/ops/.ssh/authorized_keys"),
        ("%h/.ssh/keys", "/home/ops/.ssh/keys"),
        ("/etc/ssh/keys/%u", "/etc/ssh/keys/ops"),
        ("/etc/ssh/%u.d/%%%U", f"/etc/ssh/ops.d/%{ID}"),
        ("none", None),
    ],
)
def test_the_first_file_of_keys_is_used(value: object, path: object) -> None:
    """The path is relative to the home, and its tokens are replaced."""
    config = b"" if value is None else f"AuthorizedKeysFile {value}".encode()

    assert authorized_keys_path(list(parse_sshd_config(config)), USER) == path


DEFAULTS = ["/home/ops/.ssh/authorized_keys", "/home/ops/.ssh/authorized_keys2"]


@pytest.mark.parametrize(
    ("config", "own", "common"),
    [
        ("", DEFAULTS, []),
        ("AuthorizedKeysFile none", DEFAULTS, []),
        ("AuthorizedKeysFile .ssh/authorized_keys", DEFAULTS, []),
        ("AuthorizedKeysFile k /e/%u /e/all", [*DEFAULTS, "/home/ops/k", "/e/ops"], ["/e/all"]),
        ("AuthorizedKeysFile %h/k\nauthorizedkeysfile=k", [*DEFAULTS, "/home/ops/k"], []),
        ("AuthorizedKeysFile /e/%%u", DEFAULTS, ["/e/%u"]),
        (
            "Match User a\nAuthorizedKeysFile /a%U\nMatch all\nAuthorizedKeysFile NONE /b",
            [*DEFAULTS, f"/a{ID}"],
            ["/b"],
        ),
    ],
)
def test_all_files_of_keys_are_found(config: str, own: object, common: object) -> None:
    """Default files and those of any setting are found, for one user and for all users."""
    settings = list(parse_sshd_config(config.encode()))

    assert own_keys_paths(settings, USER) == own
    assert common_keys_paths(settings) == common


def test_a_setting_has_the_match_block_around_it() -> None:
    """Settings outside Match blocks are in effect for every connection."""
    config = b"Port 1\nMatch User a\nPort 2\nMATCH all\nPort 3\n"

    settings = list(parse_sshd_config(config))

    assert [(one.keyword, one.values, one.match) for one in settings] == [
        ("port", ["1"], ()),
        ("port", ["2"], ("User", "a")),
        ("port", ["3"], ("all",)),
    ]
    assert for_every_connection(settings) == settings[:1]


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("DSAAuthentication no", "pubkeyauthentication"),
        ("HostDSAKey /k", "hostkey"),
        ("SkeyAuthentication no", "challengeresponseauthentication"),
        ("PubkeyAuthentication no", "pubkeyauthentication"),
    ],
)
def test_a_keyword_of_an_old_release_has_its_present_name(line: str, keyword: str) -> None:
    """sshd still knows it."""
    (setting,) = parse_sshd_config(line.encode())

    assert setting.keyword == keyword


@pytest.mark.parametrize(
    "criterion",
    ["user", "group", "host", "address", "localaddress", "localport", "rdomain", "version"],
)
def test_each_criterion_of_a_match_block_has_a_value(criterion: str) -> None:
    """The value may be written after a blank or after an equals sign."""
    for separator in " =":
        (setting,) = parse_sshd_config(f"Match {criterion}{separator}a\nUsePAM no\n".encode())

        assert setting.match == (criterion, "a")
