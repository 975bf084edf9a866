"""Harnesses for files of a machine or an image: each parser gives a value or its declared error.

A harness takes bytes, and checks the properties of the value if there is one.
"""

import atexit
import os
import re
import shlex
import shutil
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Dict

from azprov.check import check as check_image
from azprov.check.facts.image import Image
from azprov.errors import HostError, UnusableError, UsageError
from azprov.formats.host.config_syntax import parse_sections, uncommented
from azprov.formats.host.hosts import replace_own_name
from azprov.formats.host.os_release import parse_os_release
from azprov.formats.host.passwd import (
    Account,
    free_id,
    parse_accounts,
    parse_groups,
    parse_login_defs,
    parse_user_name,
    with_entry,
    without_entry,
    without_member,
)
from azprov.formats.host.shadow import MATCHES_NONE, find_password, password_fields, with_password
from azprov.formats.host.sshd_config import (
    authorized_keys_path,
    common_keys_paths,
    first_values,
    for_every_connection,
    own_keys_paths,
    parse_sshd_config,
)
from azprov.formats.host.sudo_rules import (
    has_rules,
    render_doas_rule,
    render_sudo_rule,
    without_rules_of,
)
from azprov.image.deprovision import plan
from azprov.image.location import PYZ
from azprov.image.service_file import (
    command_of,
    made_folders,
    render_unit,
    with_made_folders,
    without_made_folders,
)
from azprov.system.init.known import INIT_SYSTEMS
from azprov.system.root import Root
from azprov.system.state import parse_state, render_state
from fuzz.platform_harnesses import require_sentence, text_of

_NAME = "azureuser"
_ACCOUNT = Account(_NAME, 1000, 1000, f"/home/{_NAME}", "/bin/bash")
# The number after the last one means "no change" to chown(2).
_IDS = range((1 << 32) - 1)

# Files of other programs that azprov reads to make decisions.
_READ = (
    "etc/fstab",
    "etc/default/grub",
    "etc/os-release",
    "etc/network/interfaces",
    "etc/netplan/50-x.yaml",
    "etc/systemd/network/10-azure.network",
    "etc/dhcpcd.conf",
    "etc/NetworkManager/system-connections/a.nmconnection",
    "etc/nftables.conf",
    "etc/sysconfig/network-scripts/ifcfg-eth0",
    "etc/ssh/sshd_config",
    "etc/passwd",
    "etc/shadow",
    "etc/group",
    "etc/gshadow",
    "etc/sudoers",
    "etc/sudoers.d/90-x",
    "etc/hosts",
    "etc/hostname",
    "etc/machine-id",
    "var/lib/azprov/state.json",
    "etc/systemd/system/azure-provisioning.service",
    "etc/ufw/ufw.conf",
    "etc/chrony.conf",
    "etc/iptables/rules.v4",
    "etc/selinux/config",
    "etc/login.defs",
    "boot/initrd.img-1",
)


def require_text(error: ValueError) -> None:
    """An error of parse_state is not shown, so it need not be a sentence."""
    assert str(error)


def hosts(data: bytes) -> None:
    """The lines of 127.0.1.1 get the name once, and all other lines are kept."""
    for name in ("web01", "web01.example.org"):
        renamed = replace_own_name(data, ["old"], name)
        assert replace_own_name(renamed, ["old"], name) == renamed
        before, after = data.split(b"\n"), renamed.split(b"\n")
        assert len(before) == len(after)
        own = []
        for old, new in zip(before, after):
            if old.partition(b"#")[0].split()[:1] == [b"127.0.1.1"]:
                words = new.partition(b"#")[0].lower().split()
                assert words[0] == b"127.0.1.1"
                assert b"old" not in words
                own += words
            else:
                assert new == old
        assert not own or name.encode() in own


def os_release(data: bytes) -> None:
    values = parse_os_release(data)
    assert all(re.match(r"[A-Za-z_][A-Za-z0-9_.]*\Z", name) for name in values)
    written = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    assert parse_os_release(written.encode("utf-8", "surrogateescape")) == values


def unit(data: bytes) -> None:
    """The input is used as a unit file, and as the words of a command, one per line."""
    text = data.decode("utf-8", "replace")
    for setting in parse_sections(text):
        assert not set("\n\r") & set("".join(setting))
    assert all(uncommented(text))
    command = command_of(text)
    assert all(word == word.strip() for word in command.options)
    python, *words = text.split("\n")
    for init in INIT_SYSTEMS:
        assert without_made_folders(without_made_folders(text, init), init) in text
        folders = [word for word in made_folders(text, init) if word.startswith("/")]
        try:
            unit_text = render_unit(python, words, init=init)
        except HostError as error:
            require_sentence(error)
            continue
        noted = with_made_folders(unit_text, folders, init=init)
        assert made_folders(noted, init) == folders
        assert without_made_folders(noted, init) == unit_text
        if init.name == "systemd":
            (start,) = [s.value for s in parse_sections(noted) if s.key == "ExecStart"]
            assert start.split() == [python, "-I", PYZ, "provision", *words]


def state(data: bytes) -> None:
    try:
        value = parse_state(data)
    except ValueError as error:
        require_text(error)
        return
    assert parse_state(render_state(value)) == value


def sshd_config(data: bytes) -> None:
    every = list(parse_sshd_config(data))
    for setting in every:
        assert setting.keyword == setting.keyword.lower().strip(" \t\r\n")
        assert "\n" not in "".join(setting.values)
    settings = for_every_connection(every)
    path = authorized_keys_path(settings, _ACCOUNT)
    assert path is None or path.startswith("/")
    assert first_values(settings, "AuthorizedKeysFile") != []
    own, common = own_keys_paths(every, _ACCOUNT), common_keys_paths(every)
    assert all(held.startswith("/") for held in own + common)
    assert path is None or path in own + common


def accounts(data: bytes) -> None:
    """The input is used as each of the account files, with names that may be in it."""
    held = parse_accounts(data)
    for account in held:
        assert account.uid in _IDS
        assert account.gid in _IDS
    assert all(number in _IDS for number in parse_groups(data).values())
    defs = parse_login_defs(data)
    try:
        assert free_id([account.uid for account in held], defs, "UID") in _IDS
    except UnusableError as error:
        require_sentence(error)
    for name in (_NAME, "root"):
        _edit_entries(data, name)
    try:
        parse_user_name(text_of(data))
    except UnusableError as error:
        require_sentence(error)


def _edit_entries(data: bytes, name: str) -> None:
    entry = with_entry(data, name, "x", 1234, 1234, "", f"/home/{name}", "/bin/sh")
    assert entry.startswith(data)
    assert with_entry(entry, name, "y") == entry
    # glibc skips blanks before a name.
    lines = [line.strip() for line in entry.split(b"\n")]
    assert any(line == name.encode() or line.startswith(name.encode() + b":") for line in lines)
    without = without_entry(data, name)
    assert name not in [account.name for account in parse_accounts(without)]
    others = [account for account in parse_accounts(data) if account.name != name]
    assert parse_accounts(without) == others
    locked = with_password(data, name, MATCHES_NONE)
    assert len(locked.split(b"\n")) == len(data.split(b"\n"))
    assert find_password(locked, name) in (None, MATCHES_NONE)
    assert len(list(password_fields(locked))) == len(list(password_fields(data)))
    for old, new in zip(data.split(b"\n"), locked.split(b"\n")):
        assert old == new or old.lstrip().startswith(name.encode() + b":")
    removed = without_member(data, name)
    assert without_member(removed, name) == removed
    assert parse_groups(removed) == parse_groups(data)


def sudo_rules(data: bytes) -> None:
    for user in (_NAME, "#1000"):
        left = without_rules_of(data, user)
        assert without_rules_of(left, user) == left
        assert len(left) <= len(data)
    for rule in (render_sudo_rule(_NAME), render_doas_rule(_NAME)):
        assert has_rules(rule)
        assert without_rules_of(rule, _NAME) == b""
    if not has_rules(data):
        assert not has_rules(without_rules_of(data, _NAME))


@lru_cache(maxsize=None)
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="azprov-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in _READ:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / "home" / _NAME).mkdir(parents=True)
    links: Dict[str, str] = {"up": "../../..", "root": "/", "loop": "loop", "hosts": "/etc/hosts"}
    for name, target in links.items():
        (folder / "home" / _NAME / name).symlink_to(target)
    systemd = folder / "usr/lib/systemd/systemd"
    systemd.parent.mkdir(parents=True)
    systemd.write_bytes(b"")
    return folder


def path(data: bytes) -> None:
    """The input is used as a path, below a root with links of all kinds."""
    root, inside = Root(str(_scratch())), text_of(data)
    for look in (root.read, root.status, root.names, root.read_link, root.real_path):
        try:
            found = look(inside)
        except HostError as error:
            require_sentence(error)
            continue
        if look == root.real_path:
            assert str(found).startswith("/")
            assert ".." not in str(found).split("/")
    with suppress(HostError):
        outside = os.path.realpath(_scratch()) + root.real_path(inside, allow_missing=True)
        assert os.path.realpath(outside) == os.path.normpath(outside)


def image(data: bytes) -> None:
    """The input is the content of all files of an image; every finding can still be shown."""
    folder = _scratch()
    for name in _READ:
        (folder / name).write_bytes(data)
    for finding in check_image(Image(Root(str(folder)))):
        assert finding.what.isprintable()
        assert finding.fix.isprintable()
    try:
        for change in plan(Root(str(folder)), _NAME):
            assert change.what
    except (HostError, UsageError) as error:  # the image may have no such user
        require_sentence(error)
