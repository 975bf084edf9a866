"""User accounts: names, and the lines of passwd, shadow, group and login.defs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import UnusableError
from azprov.formats.host.passwd import (
    Account,
    free_id,
    is_person,
    members,
    parse_accounts,
    parse_groups,
    parse_login_defs,
    parse_user_name,
    people,
    with_entry,
    without_entry,
    without_member,
)
from azprov.formats.host.shadow import (
    find_password,
    has_hash,
    hidden_password_fields,
    is_password,
    password_fields,
    with_password,
    with_shadowed_passwords,
    without_ageing,
)

PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
GROUP = b"root:x:0:\nadm:x:4:daemon,azureuser\nsudo:x:27:azureuser\n"
SHADOW = b"root:$y$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"


@pytest.mark.parametrize("name", ["azureuser", "a", "_x", "Ops.Team-1_a", "ADMIN", "a" * 32])
def test_user_names_of_azure_and_linux_are_accepted(name: str) -> None:
    """Names in upper case, with dots and with hyphens, up to 32 characters, are valid."""
    assert parse_user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "-a",
        ".a",
        "a b",
        "a:b",
        "a/b",
        "..",
        "a\n",
        "a$",
        "é",
        "a" * 33,
        "a\0",
        "a,b",
        "$(id)",
    ],
)
def test_other_user_names_are_refused(name: str) -> None:
    """A name that means more to a shell, a path, passwd or sudoers raises UnusableError."""
    with pytest.raises(UnusableError, match="cannot be used"):
        parse_user_name(name)


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("", "is empty"),
        (
            "a b",
            "has other characters than the letters A to Z and a to z, digits, '_', '.' and '-'",
        ),
        ("é", "has other characters than the letters A to Z and a to z, digits, '_', '.' and '-'"),
        ("a" * 33, "is longer than 32 characters"),
        ("1st", "does not begin with a letter or '_'"),
        ("-a", "does not begin with a letter or '_'"),
    ],
)
def test_the_rule_that_a_user_name_breaks_is_named(name: str, flaw: str) -> None:
    """The message has the name and one rule, for the person who deployed the VM."""
    with pytest.raises(UnusableError) as refusal:
        parse_user_name(name)

    assert str(refusal.value) == (
        f"the user name '{name}' cannot be used: it {flaw}; deploy the VM with another user name"
    )


def test_invalid_lines_of_passwd_and_group_are_ignored() -> None:
    """Valid lines around broken ones are still read, and the first line of a name wins."""
    broken = b"+::::::\nx\nbad:x:-1:0::/:\nbad:x:a:0::/:\n\xff\xfe:x:1:1::/:\n# c:x:1:1::/:/\n"

    assert parse_accounts(PASSWD + broken)[:2] == [
        Account("root", 0, 0, "/root", "/bin/bash"),
        Account("daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin"),
    ]
    assert parse_groups(GROUP + b"x\nadm:x:99:\n") == {"root": 0, "adm": 4, "sudo": 27}


def test_a_hash_is_found_behind_a_lock() -> None:
    """A sign with a hash has a name between two dollars; the oldest one has 13 letters."""
    for field in (
        "$y$j9T$salt$hash",
        "!$6$salt$hash",
        "*LK*$1$a$b",
        "ab0123456789.",
        "!ab0123456789/",
    ):
        assert has_hash(field), field
    for field in ("", "*", "!", "!!", "x", "*LK*", "$", "$$", "ab0123456789", "ab0123456789./"):
        assert not has_hash(field), field


def test_a_hash_or_an_empty_field_is_a_password() -> None:
    """An empty field lets anyone in; fields that start with *, ! or x let no one in."""
    assert find_password(SHADOW, "root") == "$y$hash"
    assert find_password(SHADOW, "nobody") is None
    assert [is_password(field) for field in ("$y$hash", "", "*", "!", "!!", "!$y$hash", "x")] == [
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert with_password(SHADOW, "root", "*") == SHADOW.replace(b"$y$hash", b"*")
    assert with_password(SHADOW, "roo", "*") == SHADOW


@pytest.mark.parametrize(
    ("shadow", "changed"),
    [
        (b"root:\ndaemon:*\n", b"root:*\ndaemon:*\n"),
        (b"root:x", b"root:*"),
        (b"root:x\r\n", b"root:*\r\n"),
        (b"a:b\rroot:x:1\n", b"a:b\rroot:x:1\n"),
    ],
)
def test_a_password_is_set_in_its_place(shadow: bytes, changed: bytes) -> None:
    """Only the password field changes; a line keeps its end, and a bare "\\r" ends no line."""
    assert with_password(shadow, "root", "*") == changed


@pytest.mark.parametrize("number", ["4294967295", "9999999999", "-1", "1e3", "\u0663"])
def test_numbers_that_no_user_can_have_are_ignored(number: str) -> None:
    """chown(2) reads 4294967295 as "no change", and higher numbers do not exist."""
    assert parse_accounts(f"a:x:{number}:0::/:\nb:x:0:{number}::/:\n".encode()) == []
    assert parse_groups(f"a:x:{number}:\nb:x:4294967294:\n".encode()) == {"b": 4294967294}
    assert free_id([], {"UID_MIN": number}, "UID") == 1000


def test_entries_are_added_once_and_removed() -> None:
    """An entry is appended if its name has none; all other bytes are kept."""
    assert with_entry(b"", "a", "x", 1) == b"a:x:1\n"
    assert with_entry(b"b:x:2", "a", "x", 1) == b"b:x:2\na:x:1\n"
    assert with_entry(b"a:y:3\n", "a", "x", 1) == b"a:y:3\n"
    assert without_entry(b"ab:1\na:2\r\nb:3", "a") == b"ab:1\nb:3"
    assert without_entry(b"b:1\ra:2\n", "a") == b"b:1\ra:2\n"


def test_members_of_a_group_are_found_by_its_number() -> None:
    """All lines with the number of the group count."""
    assert members(b"a:x:1:b,c\nd:x:1:e\nf:x:11:g\nh:x:1:\nx:x:1\n", 1) == ["b", "c", "e"]


def test_a_member_is_removed_from_every_group() -> None:
    """Other members, also those with a similar name, are kept."""
    assert without_member(GROUP, "azureuser") == b"root:x:0:\nadm:x:4:daemon\nsudo:x:27:\n"
    assert without_member(b"a:x:1:bb,b\r\nb:x:2:", "b") == b"a:x:1:bb\r\nb:x:2:"
    assert without_member(b"a:x:1:b,X\n", "b") == b"a:x:1:X\n"


NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,9}", fullmatch=True)


@given(st.binary(), NAMES)
def test_removing_an_added_entry_restores_the_file(content: bytes, name: str) -> None:
    """The result is the old file, except for a missing line end."""
    whole = content if content.endswith(b"\n") or not content else content + b"\n"
    added = with_entry(content, name, "x", "1")

    if added != content:
        assert without_entry(added, name) == without_entry(whole, name)


@given(st.binary(), NAMES)
def test_any_bytes_are_read_without_an_error(content: bytes, name: str) -> None:
    """Damaged files of accounts raise no exception, and removing a member is idempotent."""
    parse_accounts(content)
    parse_groups(content)
    find_password(content, name)
    assert without_member(without_member(content, name), name) == without_member(content, name)
    with_password(content, name, "*")


def test_the_lowest_free_number_is_used() -> None:
    """The range is that of login.defs; a full range raises UnusableError."""
    settings = parse_login_defs(b"# UID_MIN 5\nUID_MIN\t\t 2000\nUID_MAX 2001 \nSHELL=/bin/sh\n")

    assert settings == {"UID_MIN": "2000", "UID_MAX": "2001", "SHELL": "/bin/sh"}
    assert free_id([0, 1000, 1002], {}, "UID") == 1001
    assert free_id([2000], settings, "UID") == 2001
    with pytest.raises(UnusableError, match="no UID from 2000 to 2001 is free"):
        free_id([2000, 2001], settings, "UID")


def test_a_person_is_counted_by_login_defs() -> None:
    """UID_MIN decides who is a person, 65534 is not, and only people with a shell can log in."""
    accounts = [
        Account("root", 0, 0, "/root", "/bin/sh"),
        Account("old", 500, 500, "/home/old", "/bin/bash"),
        Account("ops", 1000, 1000, "/home/ops", "/bin/bash"),
        Account("web", 1001, 1001, "/home/web", "/usr/sbin/nologin"),
        Account("nobody", 65534, 65534, "/", "/bin/sh"),
    ]
    low = {"UID_MIN": "500"}

    assert [one.name for one in accounts if is_person(one, {})] == ["ops", "web"]
    assert [one.name for one in accounts if is_person(one, low)] == ["old", "ops", "web"]
    assert people(accounts, {}) == ["ops"]
    assert people(accounts, low) == ["old", "ops"]


@pytest.mark.parametrize("odd", ["\f", "\u2028", "\x85", "\r"])
def test_an_account_with_an_odd_full_name_is_found(odd: str) -> None:
    """Only a line feed ends a line, so an account cannot hide behind its full name."""
    line = f"ops:x:1001:1001:a{odd}b:/home/ops:/bin/sh\n".encode()

    assert [account.name for account in parse_accounts(PASSWD + line)][-1] == "ops"


def test_a_password_of_any_name_is_replaced() -> None:
    """The password of an account is replaced even if azprov would not give a user its name."""
    shadow = "zoë:$y$hash:19000::::::\n".encode()

    assert with_password(shadow, "zoë", "*") == "zoë:*:19000::::::\n".encode()


def test_a_damaged_line_of_the_shadow_file_stays() -> None:
    """A name alone has no fields, and is no account."""
    assert without_ageing(b"ops\nops:*:1:0:9:7:::\n", "ops", with_expiry=False) == (
        b"ops\nops:*::0:99999:7:::\n"
    )


def test_a_password_in_a_damaged_line_counts() -> None:
    """The C library reads a short line too; + and - are rules about another name service."""
    shadow = b"root:*:19000:0\nops:$y$hash\ndaemon\n+nis:x\n-dev:x\n"

    assert list(password_fields(shadow)) == [("root", "*"), ("ops", "$y$hash")]


def test_a_carriage_return_at_the_end_of_a_line_is_left_out() -> None:
    """Nothing else is: a shell may end in any letter."""
    content = b"a:x:1:1::/:/bin/X\r\nb:x:2:2::/:/bin/X\n"

    assert [account.shell for account in parse_accounts(content)] == ["/bin/X", "/bin/X"]


def test_lines_that_only_musl_reads_may_have_a_hash() -> None:
    """For glibc they are comments, or include users of another name service."""
    hashed = "$6$salt$hash"
    content = (
        f"#ops:{hashed}:1:2\n+nis:{hashed}:1:2\n-x:{hashed}:1:2\n"
        f"# a comment:{hashed}:1:2\nroot:{hashed}:1:2\n#few:{hashed}:1\n#none:x:1:2\n"
    )

    assert hidden_password_fields(content.encode()) == [
        ("#ops", hashed),
        ("+nis", hashed),
        ("-x", hashed),
    ]


def test_passwords_move_to_shadow() -> None:
    """Only the lines of these names are changed."""
    content = b"a:$6$s$h:1:1::/:/bin/sh\nb:$6$s$h:2:2::/:/bin/sh\n"

    assert with_shadowed_passwords(content, {"b", "c"}) == (
        b"a:$6$s$h:1:1::/:/bin/sh\nb:x:2:2::/:/bin/sh\n"
    )
