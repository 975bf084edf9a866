"""A first boot with hostile answers: none reaches a path, a terminal, sudoers or XML unescaped."""

import json
import logging
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from azprov.boot.outcome import exit_code_of
from azprov.boot.settings import BootSettings
from azprov.formats.platform.health import parse_health_report
from azprov.formats.platform.kvp import parse_pool
from unit.boot.scripted import ED25519, GOAL_STATE, VM, Platform, Request, Service, ok
from unit.boot.test_provision import Machine, settings

BLOB = ED25519.split()[1]
ESCAPE = "\x1b]0;x\x07\x1b[2J"
#: What any boot may change, whatever the platform answers.
OWN = ("var/lib/azprov/state.json", "var/lib/hyperv/.kvp_pool_1")
NAMED = ("etc/hostname", "etc/hosts")
ADMIN = (
    "etc/group",
    "etc/passwd",
    "etc/shadow",
    "etc/ssh/sshd_config.d/00-azprov.conf",
    "etc/sudoers.d/90-azprov",
    "home/azureuser/.ssh/authorized_keys",
)
WITH_ADMIN = settings(900.0, create_admin_user=True)


def answer(keys: Optional[List[Any]] = None, vm_id: Any = VM, **profile: Any) -> Service:
    """A metadata service whose answer is right except for the given values."""
    usual = {
        "computerName": "web01",
        "adminUsername": "azureuser",
        "disablePasswordAuthentication": "true",
    }
    compute = {
        "name": "web01",
        "vmId": vm_id,
        "osProfile": {**usual, **profile},
        "publicKeys": [{"keyData": key} for key in ([ED25519] if keys is None else keys)],
    }
    return lambda _: ok(json.dumps({"compute": compute}).encode("ascii"))


def contents(machine: Machine) -> Dict[str, bytes]:
    return {
        str(path.relative_to(machine.folder)): path.read_bytes()
        for path in machine.folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def boot(
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    platform: Platform,
    given: BootSettings = WITH_ADMIN,
) -> Tuple[int, List[str]]:
    """The exit code and the files that differ afterwards, when all output is harmless."""
    caplog.set_level(logging.DEBUG, "azprov")
    before = contents(machine)

    outcome = machine.boot(platform, given)

    assert [message for message in caplog.messages if not message.isprintable()] == []
    for document in platform.posted:
        parse_health_report(document)
    pool = (machine.folder / "var/lib/hyperv/.kvp_pool_1").read_bytes()
    records = parse_pool(pool)
    assert [key for key, _ in records] == ["PROVISIONING_REPORT"] * len(records)
    assert all(value.isprintable() for _, value in records)
    after = contents(machine)
    return exit_code_of(outcome), sorted(name for name in after if after[name] != before.get(name))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "root",
        "toor",
        "www-data",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc",
        "-x",
        "--root",
        "1000",
        "0",
        "#0",
        "+netgroup",
        "%sudo",
        "a b",
        "a,b",
        "a:b",
        'a" ALL=(ALL) ALL',
        "a\nroot2::0:0::/:/bin/sh",
        "azureuser\n",
        "azureuser\0",
        "a\\",
        "$(reboot)",
        "`reboot`",
        "a;reboot",
        "~",
        "*",
        ESCAPE,
        "\u202eazureuser",
        "\ud800",
        "é",
        "x" * 33,
    ],
)
def test_a_hostile_user_name_creates_no_user(
    machine: Machine, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Only the host name is set, and the failure is reported, as no answer makes the name good."""
    users = machine.folder / "etc/passwd"
    users.write_text(
        users.read_text() + "toor:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n"
    )

    code, changed = boot(machine, caplog, Platform(imds=answer(adminUsername=name)))

    assert code == 78
    assert changed == sorted([*OWN, *NAMED])
    assert sorted(path.name for path in (machine.folder / "home").iterdir()) == ["ops"]


@pytest.mark.parametrize("value", [5, True, ["root"], {"a": 1}, 1e300, [[]]])
@pytest.mark.parametrize("field", ["adminUsername", "computerName"])
def test_a_value_that_is_no_text_changes_nothing(
    machine: Machine, caplog: pytest.LogCaptureFixture, field: str, value: object
) -> None:
    """A number or a list is never written as if it were a name."""
    code, changed = boot(machine, caplog, Platform(imds=answer(None, VM, **{field: value})))

    assert code == 76
    assert changed == list(OWN)


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "-x",
        "..",
        "../../etc",
        "a/b",
        "$(reboot)",
        "a;reboot",
        "a\n1.2.3.4 login.microsoftonline.com",
        "a\tb",
        "a\0b",
        "#a",
        "a_b",
        "x" * 65,
        "1.2.3.4",
        "0x7f.1",
        ESCAPE,
        "\ud800",
        "é",
    ],
)
@pytest.mark.needs("root", "visudo")
def test_a_hostile_host_name_is_not_set(
    machine: Machine, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The name stays as it was. Ready is sent, because a VM without its name is usable."""
    platform = Platform(imds=answer(computerName=name))

    code, changed = boot(machine, caplog, platform)

    assert code == 78
    assert changed == sorted([*OWN, *ADMIN])
    assert b"<State>Ready</State>" in platform.posted[0]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (f"{ED25519.strip()} {ESCAPE}", f"{ED25519.strip()} ]0;x[2J\n"),
        (f"ssh-ed25519 {BLOB} a\rssh-rsa AAAA", f"ssh-ed25519 {BLOB} assh-rsa AAAA\n"),
        (f"ssh-ed25519 {BLOB} a\u2028b", f"ssh-ed25519 {BLOB} ab\n"),
        (f"ssh-ed25519 {BLOB}\nroot ALL", f"ssh-ed25519 {BLOB}\n"),
        (f"ssh-ed25519 {BLOB}\0root", None),
        (f'command="{ESCAPE}" ssh-ed25519 {BLOB}', None),
        (f'command="a\rb" ssh-ed25519 {BLOB}', None),
        (f'command="id" ssh-ed25519 {BLOB}', f'command="id" ssh-ed25519 {BLOB}\n'),
        (f'command="id ssh-ed25519 {BLOB}', None),
        (f'no-such-option="id" ssh-ed25519 {BLOB}', None),
        ("../../etc/shadow", None),
        (f"ssh-ed25519 {BLOB} {'c' * 9000}", None),
        ("\ud800", None),
        (5, None),
        ({"x": 1}, None),
    ],
    ids=range(15),
)
@pytest.mark.needs("root", "visudo")
def test_a_hostile_key_is_one_printable_line_or_none(
    machine: Machine, caplog: pytest.LogCaptureFixture, key: object, line: Optional[str]
) -> None:
    """Each line of authorized_keys is one that sshd reads as the platform's; options are kept."""
    code, changed = boot(machine, caplog, Platform(imds=answer(keys=[key])))

    if line is None:
        assert (code, changed) == (78, sorted([*OWN, *NAMED]))
    else:
        assert (code, changed) == (0, sorted([*OWN, *NAMED, *ADMIN]))
        assert machine.read("home/azureuser/.ssh/authorized_keys") == line
    assert ESCAPE not in json.dumps(caplog.messages)


@pytest.mark.parametrize("vm_id", ["../../x", ESCAPE, "\ud800", "a|reason='x", "0" * 100000])
@pytest.mark.needs("root", "visudo")
def test_a_hostile_vm_id_is_not_used(
    machine: Machine, caplog: pytest.LogCaptureFixture, vm_id: str
) -> None:
    """Only a GUID is an id; without one the state belongs to no VM."""
    (machine.folder / "sys/class/dmi/id/product_uuid").unlink()

    code, _ = boot(machine, caplog, Platform(imds=answer(vm_id=vm_id)))

    assert code == 0
    assert vm_id[:3] not in "".join(value for value in machine.kvp)
    assert machine.state is None or machine.state["vm_id"] == ""


@pytest.mark.parametrize(
    "text",
    [
        "</ContainerId><State>NotReady</State>",
        "]]>",
        "a&b<c>",
        "'|result=error",
        "\u202e\u2028\x85",
        "x" * 1000,
    ],
)
def test_hostile_identifiers_are_escaped_in_the_report(
    machine: Machine, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """WireServer gets back its own text, and nothing that it did not send."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    document = GOAL_STATE
    for tag in ("Incarnation", "ContainerId", "InstanceId"):
        start = document.index(f"<{tag}>".encode()) + len(tag) + 2
        end = document.index(f"</{tag}>".encode())
        document = document[:start] + escaped.encode("utf-8") + document[end:]

    def wireserver(request: Request) -> Any:
        return ok(document) if request.method == "GET" else ok()

    platform = Platform(wireserver=wireserver)
    code, changed = boot(machine, caplog, platform, settings())

    assert code == 0
    assert changed == sorted([*OWN, *NAMED])
    report = parse_health_report(platform.posted[0])
    assert {report.incarnation, report.container_id, report.instance_id} == {text}
    assert report.state == "Ready"


@pytest.mark.parametrize(
    "reply",
    [
        b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><GoalState>&c;</GoalState>',
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/shadow"><a/>'.encode("utf-16"),
        b"<a>" * 200_000,
        b"<a " + b"b='' " * 200_000 + b"/>",
        b"<GoalState>" + b"<!-- -->" * 100_000,
        b"<" + b"a" * 1_000_000,
        b"\0" * 1_000_000,
        b"<GoalState><\x1b[2J/></GoalState>",
        "<\N{ARABIC END OF AYAH}a/>".encode(),
    ],
    ids=range(9),
)
def test_an_xml_bomb_is_refused(
    machine: Machine, caplog: pytest.LogCaptureFixture, reply: bytes
) -> None:
    """No entity is expanded and no file is read; the boot ends at its deadline."""
    code, changed = boot(machine, caplog, Platform(wireserver=lambda _: ok(reply)), settings())

    assert code == 76
    assert changed == sorted(NAMED)
