"""Name services: which ones ask a server, by nsswitch.conf."""

from pathlib import Path
from typing import List

import pytest

from azprov.system.root import Root
from azprov.system.user_database import USER_FOLDERS, directories, find_directory, names_service


def root_with(folder: Path, text: str, path: str = "etc/nsswitch.conf") -> Root:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    return Root(str(folder))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("passwd: files systemd\n", []),
        ("passwd: compat db mymachines altfiles extrausers\n", []),
        ("passwd: files ldap\ngroup: nis\n", ["ldap"]),
        ("shadow: files ldap\n", ["ldap"]),
        ("shadow: nis\npasswd: winbind nis\n", ["winbind", "nis"]),
        ("passwd: files [NOTFOUND=return] ldap\n", ["ldap"]),
        ("PASSWD files ldap\n", ["ldap"]),
        ("passwd: a\npasswd: b\n", ["a", "b"]),
        ("passwd: files sss\n", []),
    ],
)
def test_services_that_ask_a_server_are_found(tmp_path: Path, text: str, found: List[str]) -> None:
    """Those of users and of passwords count, without sssd where it has no settings."""
    assert directories(root_with(tmp_path, text)) == found


@pytest.mark.parametrize("path", ["etc/sssd/sssd.conf", "etc/sssd/conf.d/a.conf"])
def test_sssd_counts_with_its_settings(tmp_path: Path, path: str) -> None:
    """Fedora names it everywhere."""
    root = root_with(tmp_path, "passwd: files sss\n")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("")

    assert directories(root) == ["sss"]


def test_suse_ships_its_file_elsewhere(tmp_path: Path) -> None:
    """That one counts only without the file in /etc."""
    shipped = root_with(tmp_path, "passwd: ldap\n", "usr/etc/nsswitch.conf")
    assert directories(shipped) == ["ldap"]

    assert directories(root_with(tmp_path, "passwd: nis\n")) == ["nis"]


def test_a_server_is_asked_on_a_live_machine_only(tmp_path: Path) -> None:
    """The first one is named in messages."""
    root = root_with(tmp_path, "passwd: files ldap nis\n")
    assert find_directory(root) is None

    root.is_live = True

    assert find_directory(root) == "ldap"


def test_a_name_service_may_be_for_passwords_alone(tmp_path: Path) -> None:
    """That of groups does not count."""
    root = root_with(tmp_path, "passwd: files\nshadow: db\ngroup: nis\n")

    assert [names_service(root, word) for word in ("files", "db", "nis")] == [True, True, False]


def test_the_folders_of_users_are_those_of_three_name_services() -> None:
    """files, nss-altfiles and libnss-extrausers."""
    assert USER_FOLDERS == ("/etc", "/usr/lib", "/var/lib/extrausers")
