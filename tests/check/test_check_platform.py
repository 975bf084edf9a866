"""Whether Azure answers: when check asks, and what it reports if there is no answer."""

import json
import re
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check.facts.image import Image
from azprov.check.finding import Finding, Rule
from azprov.check.rules.platform import Probe, ask, check_platform
from azprov.cli import main
from azprov.cli.commands import check
from azprov.cli.registry import command_parser
from azprov.errors import NotConnected
from azprov.system.root import Root
from ports import RawServer, replying
from sample_files import sample
from sound_image import make_sound
from unit.cli.test_cli import http

GOAL_STATE = http(sample("goal_state/version-2012-11-30.xml"))
INSTANCE = http(sample("instance/vm.json"))
UNUSED = "127.0.0.1:9"


def platform_findings(capfd: pytest.CaptureFixture[str], *argv: str) -> Dict[str, Tuple[str, str]]:
    """The severity and text of each finding about WireServer and the metadata service."""
    main(["check", "--json", *argv])
    answer = json.loads(capfd.readouterr().out)
    return {
        one["rule"]: (one["severity"], re.sub(r"after [0-9.]+ s", "after T", one["what"]))
        for one in answer["findings"]
        if one["rule"] in ("wireserver", "metadata-service")
    }


def test_a_platform_that_answers_gives_no_finding(capfd: pytest.CaptureFixture[str]) -> None:
    """check asks once for the goal state and once for the instance, as a first boot does."""
    goal_state: List[bytes] = []
    instance: List[bytes] = []
    servers = [
        RawServer(replying(GOAL_STATE, seen=goal_state)),
        RawServer(replying(INSTANCE, seen=instance)),
    ]
    with servers[0] as wireserver, servers[1] as imds:
        addresses = ["--wireserver", str(wireserver.endpoint), "--imds", str(imds.endpoint)]

        assert platform_findings(capfd, *addresses) == {}

    assert [request.split(b" HTTP")[0] for request in goal_state] == [
        b"GET /machine?comp=goalstate"
    ]
    assert [request.split(b"?")[0] for request in instance] == [b"GET /metadata/instance"]


def test_a_platform_that_does_not_answer_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    """A missing WireServer prevents Ready, and a missing metadata service the host name."""
    addresses = ["--wireserver", UNUSED, "--imds", UNUSED]

    assert platform_findings(capfd, *addresses, "--timeout", "2", "--imds-timeout", "2") == {
        "wireserver": (
            "error",
            "gave up after T: 127.0.0.1:9 cannot be reached (Connection refused), so Ready "
            "cannot be reported",
        ),
        "metadata-service": (
            "warning",
            "gave up after T: 127.0.0.1:9 cannot be reached (Connection refused), so a VM "
            "does not get its host name",
        ),
    }


def last_line(root: Path, **addresses: str) -> str:
    """The last line for a sound machine; a service without an address is not asked."""
    machine = Root(str(root))
    machine.is_live = True
    options = command_parser("check").parse(["--timeout", "10", "--imds-timeout", "1"])
    vars(options).update(root=machine, **addresses)
    answer = check.run(options)
    assert answer.exit_code == 0
    return str(answer.text).splitlines()[-1]


def test_the_last_line_names_the_services_that_answered(tmp_path: Path) -> None:
    """A service that was not asked, or did not answer, is not named."""
    make_sound(tmp_path)
    good = "0 errors, 0 warnings, 1 note: this machine should provision on Azure"
    with RawServer(replying(GOAL_STATE, GOAL_STATE)) as wireserver, RawServer(
        replying(INSTANCE)
    ) as imds:
        one, other = str(wireserver.endpoint), str(imds.endpoint)

        assert last_line(tmp_path) == good
        assert last_line(tmp_path, wireserver=one) == f"{good}, and WireServer answered"
        assert last_line(tmp_path, wireserver=one, imds=other) == (
            f"{good}, and WireServer and the metadata service answered"
        )
        assert last_line(tmp_path, imds=UNUSED) == good.replace("0 warnings", "1 warning")


def test_a_check_of_an_image_asks_no_service(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The addresses are ignored, since the machine that runs check is not the image."""
    with RawServer(replying(GOAL_STATE)) as server:
        address = str(server.endpoint)

        platform_findings(
            capfd, "--root", str(make_sound(tmp_path)), "--wireserver", address, "--imds", address
        )

        assert server.connections == 0


def test_the_hint_of_a_failed_question_is_the_fix() -> None:
    """The finding has the rule and the cost of its probe."""

    def refused() -> None:
        raise NotConnected("it cannot be reached", "look at the route")

    probes = [
        Probe("A", Rule("a", "error", "", ""), "so it fails", refused),
        Probe("B", Rule("b", "note", "", ""), "", lambda: None),
    ]

    assert list(ask(probes)) == [
        Finding("a", "error", "it cannot be reached, so it fails", "look at the route")
    ]


def test_an_image_need_not_be_on_azure(tmp_path: Path) -> None:
    """Only a running machine has firmware that could identify it."""
    assert list(check_platform(Image(Root(str(tmp_path))))) == []
