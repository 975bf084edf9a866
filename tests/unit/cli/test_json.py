"""The answers with --json fit their schemas, and README lists the members of each schema."""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import fastjsonschema
import pytest

from azprov.cli.commands import COMMANDS
from images import azprov
from person import LOGIN_DEFS
from ports import RawServer, replying
from project import ROOT
from sample_files import sample
from sound_image import Change, change, make_sound

SCHEMAS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "tests/schemas").iterdir()}
HEAD = ("command", "ok", "exit_code")
CLOSED = "127.0.0.1:9"
#: The schemas that have `error` beside other members.
WITH_ERROR = {
    "check",
    "deprovision",
    "failure",
    "install",
    "provision",
    "rehearse",
    "rehearse-image",
    "simulate",
    "uninstall",
}

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS me"
METADATA = {
    "compute": {
        "name": "web01",
        "vmId": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90",
        "osProfile": {"adminUsername": "deployer", "computerName": "web01"},
        "publicKeys": [{"keyData": KEY, "path": ""}],
    }
}

#: For each command: command lines, their exit codes and the schemas of their answers.
# {imds} and {wireserver} are the options for a healthy platform, {image} for a sound image;
# {bare} is a root without a Python, and {tmp} is no root.
CASES: Dict[str, List[Tuple[str, int, str]]] = {
    "report-ready": [
        ("report-ready {wireserver}", 0, "report-ready"),
        ("report-ready --dry-run {wireserver}", 0, "report-ready"),
        ("report-ready --protocol json {wireserver}", 0, "report-ready"),
        (f"report-ready --timeout 0.2 --wireserver {CLOSED}", 69, "failure"),
    ],
    "report-failure": [
        ("report-failure --dry-run --reason broken {wireserver}", 0, "report-failure"),
        ("report-failure", 2, "failure"),
    ],
    "goal-state": [
        ("goal-state {wireserver}", 0, "goal-state"),
        ("goal-state --raw {wireserver}", 0, "goal-state"),
        ("goal-state {imds_as_wireserver} --timeout 0.2", 76, "failure"),
    ],
    "metadata": [
        ("metadata {imds}", 0, "metadata"),
        ("metadata compute/publicKeys {imds}", 0, "metadata"),
        ("metadata compute/nothing {imds}", 76, "failure"),
    ],
    "set-hostname": [
        ("set-hostname {image} {imds}", 0, "set-hostname"),
        ("set-hostname web_01 {image}", 2, "failure"),
    ],
    "ssh-keys": [
        ("ssh-keys --user root {image} {imds}", 0, "ssh-keys"),
        ("ssh-keys --user no-such-user {image} {imds}", 2, "failure"),
    ],
    "admin-user": [
        ("admin-user {image} {imds}", 0, "admin-user"),
        (f"admin-user {{image}} --imds {CLOSED} --imds-timeout 0.2", 69, "failure"),
    ],
    "provision": [
        ("provision --admin-user {image} {imds} {wireserver}", 0, "provision"),
        (f"provision {{image}} {{imds}} --wireserver {CLOSED} --timeout 0.4", 69, "provision"),
    ],
    "install": [
        ("install --force --no-hostname {image}", 0, "install"),
        ("install {image} --ssh-keys no-such-user", 2, "failure"),
        ("install {image} --python nosuch", 2, "failure"),
        ("install {image} --python /usr/bin/python3;", 2, "failure"),
        ("install {image} --python /usr/bin/nosuch", 2, "failure"),
        ("install {image} --init openrc", 2, "failure"),
    ],
    "uninstall": [
        ("uninstall {image}", 0, "uninstall"),
        ("uninstall --root no/such/folder", 2, "failure"),
    ],
    "check": [
        ("check {image}", 0, "check"),
        ("check --root {bare}", 1, "check"),
        ("check --root {tmp}", 2, "failure"),
        ("check --list-rules", 0, "check-list-rules"),
        ("check --ignore agent-enable {image}", 2, "failure"),
    ],
    "deprovision": [
        ("deprovision {image}", 2, "deprovision"),
        ("deprovision --user zz {image}", 2, "failure"),
        ("deprovision --yes {image}", 0, "deprovision"),
        ("deprovision --yes --user zz {image}", 2, "failure"),
        ("deprovision --user root:x {image}", 2, "failure"),
    ],
    "unit": [("unit {image}", 0, "unit"), ("unit --root {bare}", 73, "failure")],
    "script": [
        ("script --timeout 60", 0, "script"),
        ("script --timeout 0.5", 2, "failure"),
    ],
    "rehearse": [
        ("rehearse --list", 0, "rehearse"),
        ("rehearse", 0, "rehearse"),
        ("rehearse --scenario none", 2, "failure"),
    ],
    "simulate": [
        ("simulate -- true", 1, "simulate"),
        ("simulate", 2, "failure"),
    ],
    "completion": [("completion fish", 0, "completion"), ("completion csh", 2, "failure")],
    "no command": [
        ("--version", 0, "version"),
        ("--help", 0, "help"),
        ("check --help", 0, "help"),
        ("", 2, "failure"),
        ("reprot-ready", 2, "failure"),
    ],
}


USED: Change = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    # A new user gets the numbers of the user who runs the tests, because azprov acts as that user.
    "etc/login.defs": LOGIN_DEFS,
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:*:::::::\n",
    "root/.profile": "",
    "var/lib/systemd/random-seed": "seed",
}


def make_used(image: Path) -> Path:
    """A sound image with accounts, and with one leftover of use."""
    make_sound(image)
    change(image, USED)
    return image


def answering(*bodies: bytes) -> RawServer:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    return RawServer(replying(*(head % len(body) + body for body in bodies)))


@lru_cache(maxsize=None)
def validator(name: str) -> Callable[[object], object]:
    compiled: Callable[[object], object] = fastjsonschema.compile(SCHEMAS[name])
    return compiled


def fits(answer: object, name: str) -> bool:
    try:
        validator(name)(answer)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


NEEDS = {
    "install": [pytest.mark.needs("archive")],  # which it copies
    # The process that simulates leaves its network.
    "simulate": [pytest.mark.needs("archive", "unshare")],
    "ssh-keys": [pytest.mark.needs("root")],  # azprov acts as root
}


@pytest.mark.parametrize(
    "command", [pytest.param(command, marks=NEEDS.get(command, [])) for command in CASES]
)
def test_an_answer_fits_its_schema_and_no_other(command: str, tmp_path: Path) -> None:
    """The answer of each command line, also of one that fails, fits exactly one schema."""
    run = azprov
    if command in ("install", "simulate"):
        from pyz import azprov as run
    bare = tmp_path / "bare"
    (bare / "usr/bin").mkdir(parents=True)
    for number, (command_line, exit_code, schema) in enumerate(CASES[command]):
        image = make_used(tmp_path / str(number))
        goal_state = sample("goal_state/version-2012-11-30.xml")
        with answering(goal_state, b"") as wireserver, answering(
            json.dumps(METADATA).encode()
        ) as imds:
            words = command_line.format(
                wireserver=f"--wireserver {wireserver.endpoint}",
                imds=f"--imds {imds.endpoint}",
                imds_as_wireserver=f"--wireserver {imds.endpoint}",
                image=f"--root {image}",
                tmp=tmp_path,
                bare=bare,
            )
            first, rest = words.split()[:1], words.split()[1:]
            code, out, err = run(*first, "--json", *rest)

        assert code == exit_code, err
        assert out.count("\n") == 1
        answer = json.loads(out)
        assert answer["exit_code"] == code
        assert bool(answer.get("error")) is (code != 0)
        fitting = {name for name in SCHEMAS if fits(answer, name)}
        assert fitting == {schema}, (command_line, answer)


def test_every_command_has_a_schema_and_more_than_one_case() -> None:
    """Each command has a schema of its own, and at least one of its cases gives that answer."""
    assert set(CASES) == {*COMMANDS, "no command"}
    # tests/boot/test_boot_rehearsal.py has an answer of rehearse --image.
    others = {"failure", "help", "check-list-rules", "rehearse-image", "version"}
    assert set(SCHEMAS) == {*COMMANDS, *others}
    for command in COMMANDS:
        assert len(CASES[command]) > 1
        assert command in {schema for _, _, schema in CASES[command]}


def test_the_member_error_has_the_same_shape_in_all_schemas() -> None:
    """`error` has the cause and the next step in every schema that has it."""
    members = {name: schema["properties"] for name, schema in SCHEMAS.items()}
    details = [members[name]["error"]["properties"] for name in WITH_ERROR]

    assert all(detail == details[0] for detail in details)
    assert {name for name, known in members.items() if "error" in known} == WITH_ERROR


def objects(schema: object) -> List[Dict[str, Any]]:
    """Each object in a schema, at any depth."""
    if isinstance(schema, list):
        return [found for part in schema for found in objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for part in schema.values() for found in objects(part)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_names_all_members_and_requires_them(name: str) -> None:
    """No schema allows other members, and only goal-state has members that may be missing."""
    for described in objects(SCHEMAS[name]):
        assert described["additionalProperties"] is False
        needed = HEAD if name == "goal-state" else tuple(described["properties"])
        assert tuple(described["required"]) == needed


def test_readme_lists_the_members_of_each_answer() -> None:
    """README's table has the members of each schema in their order."""
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("| answer of |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([a-z].*) \| (.+) \|$", table, re.MULTILINE)
    named = {
        # The other names in a row say what the members are.
        answer.replace(" --", "-"): re.findall(r"`(\w+)`", members.partition("; `command`")[0])
        for answers, members in rows
        for answer in answers.split(", ")
    }

    assert named == {
        name: [member for member in schema["properties"] if member not in HEAD]
        for name, schema in SCHEMAS.items()
    }
