"""Leftovers as data: a plan is a list of values, and one function applies each of them."""

import os
from pathlib import Path
from typing import Dict, Type

import pytest

from azprov.errors import HostError, NotPermitted
from azprov.formats.host.passwd import Account
from azprov.image.deprovision import plan
from azprov.image.leftovers import leftover as actions
from azprov.image.leftovers.apply import apply
from azprov.image.leftovers.leftover import Leftover
from azprov.image.leftovers.search import find_leftovers
from azprov.system.root import Root

UID = os.geteuid() or 700
ME = Account("me", os.geteuid(), os.getegid(), "/etc", "/bin/sh")
ALICE = Account("alice", UID, UID, "/home/alice", "/bin/sh")
LINE = f"alice:x:{UID}:{UID}::/home/alice:/bin/sh\n"


def lay(root: Path, files: Dict[str, str]) -> Root:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    for path in (root / "home/alice", *(root / "home/alice").rglob("*")):
        if path.exists():
            os.chown(path, UID, -1)
    return Root(str(root))


def test_a_plan_is_a_list_of_values(tmp_path: Path) -> None:
    """The plan for one user can be printed and compared: paths, actions and requirements."""
    root = lay(
        tmp_path,
        {
            "etc/passwd": LINE,
            # No number is in the range of those that are reserved.
            "etc/login.defs": "UID_MAX 1\nGID_MAX 1\n",
            "etc/group": f"alice:x:{UID}:\nsudo:x:27:alice\n",
            "etc/shadow": "alice:$y$hash:1::::::\n",
            "etc/sudoers.d/90-azprov": '"alice" ALL=(ALL:ALL) NOPASSWD:ALL\n',
            "etc/ssh/ssh_host_rsa_key": "x",
            "etc/hostname": "base\n",
            "home/alice/.bash_history": "x",
        },
    )

    assert plan(root, "alice") == [
        Leftover("host-keys", "/etc/ssh/ssh_host_rsa_key", "SSH host key"),
        Leftover("", "/etc/hostname", "host name", "set host name", "localhost"),
        Leftover("", "/etc/sudoers.d/90-azprov", "sudo or doas rules of alice"),
        Leftover("", "/home/alice", "home of alice", "remove home", account=ALICE),
        Leftover("", "/etc/group", "group membership of alice", "remove member", "alice"),
        Leftover("", "/etc/shadow", "entry of alice", "remove entry", "alice"),
        Leftover("", "/etc/group", "entry of alice", "remove entry", "alice"),
        Leftover(
            "",
            "/etc/passwd",
            "entry of alice",
            "remove entry",
            "alice",
            requires_others=True,
        ),
    ]


@pytest.mark.parametrize(
    ("uid", "login_defs", "is_person"),
    [
        (500, "", False),
        (500, "UID_MIN 500\n", True),
        (1000, "", True),
        (1000, "UID_MIN 2000\n", False),
        (65534, "", False),
        (0, "UID_MIN 500\n", True),
    ],
)
def test_login_defs_decides_which_homes_are_searched(
    tmp_path: Path, uid: int, login_defs: str, is_person: bool
) -> None:
    """Homes of people and of root are searched for histories and private keys.

    A person is an account with a number from UID_MIN on, except the user 65534.
    """
    root = lay(
        tmp_path,
        {
            "etc/passwd": f"old:x:{uid}:{uid}::/srv/old:/bin/sh\n",
            "etc/login.defs": login_defs,
            "srv/old/.bash_history": "x",
            "srv/old/.ssh/id_rsa": "x",
        },
    )

    found = [(leftover.rule, leftover.path) for leftover in find_leftovers(root)]

    both = [
        ("histories", "/srv/old/.bash_history"),
        ("private-keys", "/srv/old/.ssh/id_rsa"),
    ]
    assert found == (both if is_person else [])


@pytest.mark.parametrize(
    ("action", "error"), [("EXAMINE", HostError), ("EXAMINE_AS_ROOT", NotPermitted)]
)
def test_a_path_that_could_not_be_examined_fails(
    tmp_path: Path, action: str, error: Type[HostError]
) -> None:
    """Applying the leftover raises the error of the search, which sets the exit code."""
    leftover = Leftover("unreadable", "/", "could not list x", getattr(actions, action), hint="y")

    with pytest.raises(error) as raised:
        apply(Root(str(tmp_path)), leftover)

    assert (type(raised.value), str(raised.value)) == (error, "could not list x; y")


def test_every_action_can_be_applied(tmp_path: Path) -> None:
    """Each constant of leftover.py has an operation or an edit in apply.py, and a result."""
    names = [
        name
        for name, value in vars(actions).items()
        if name.isupper() and isinstance(value, str) and name[0] != "_" and name != "UNREADABLE"
    ]
    folder = tmp_path / "etc"
    folder.mkdir()

    for name in names:
        if name.startswith("EXAMINE"):
            continue
        (folder / "file").write_text("a:x\nInitiatorName=a\n")
        path = "/etc" if name == "EMPTY_FOLDER" else "/etc/file"
        arguments = {
            "RESERVE_IDS": "1",
            "ENABLE_SERVICE": "openrc",
            "REMOVE_SENT_HOSTNAME": "ifcfg",
        }
        argument = arguments.get(name, "a")
        leftover = Leftover("", path, "x", getattr(actions, name), argument, ME)
        apply(Root(str(tmp_path)), leftover)
        assert leftover.result in (
            "removed",
            "emptied",
            "locked",
            "reserved",
            "enabled",
            "set to a",
        )
    assert len(names) == 21


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS me\n"


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        (".keys/x", "/etc/skel/.keys/x"),
        (".keys/%u", "/etc/skel/.keys/azureuser"),
        ("%h/.keys/%u.pub", "/etc/skel/.keys/azureuser.pub"),
        ("keys.%u/a", "/usr/etc/skel/keys.ops/a"),
    ],
)
def test_keys_of_a_skeleton_for_any_user_are_removed(
    tmp_path: Path, setting: str, path: str
) -> None:
    """Every new home is a copy of the skeleton, and a new user may have any name."""
    setting_file = {"etc/ssh/sshd_config": f"AuthorizedKeysFile {setting}\n"}
    root = lay(tmp_path, {**setting_file, path[1:]: KEY, f"{path[1:]}.txt": "text\n"})

    found = [(one.path, one.what) for one in find_leftovers(root)]

    assert found == [(path, "authorized SSH keys")]
