"""Questions to the platform: asked where they make sense, and what no answer costs."""

import argparse
import json
import re
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check.facts.image import Image
from azprov.check.finding import Finding
from azprov.check.rules.live import Probe, ask, check_platform
from azprov.cli import main
from azprov.cli.commands import check
from azprov.errors import NotConnected
from azprov.system.root import Root
from ports import RawServer, replying
from samples_of import sample
from sound_image import make_sound
from unit.cli.test_cli import http

GOAL_STATE = http(sample("goal_state/version-2012-11-30.xml"))
INSTANCE = http(sample("instance/vm.json"))
NOBODY = "127.0.0.1:9"


def asked(capfd: pytest.CaptureFixture[str], *argv: str) -> Dict[str, Tuple[str, str]]:
    """The severity and sentence of each finding about the platform, of this machine."""
    main(["check", "--json", *argv])
    answer = json.loads(capfd.readouterr().out)
    return {
        one["rule"]: (one["severity"], re.sub(r"after [0-9.]+ s", "after T", one["what"]))
        for one in answer["findings"]
        if one["rule"] in ("wireserver", "metadata-service")
    }


def test_a_platform_that_answers_is_no_finding(capfd: pytest.CaptureFixture[str]) -> None:
    """Each is asked once for what azprov will need."""
    goal_state: List[bytes] = []
    instance: List[bytes] = []
    servers = [
        RawServer(replying(GOAL_STATE, seen=goal_state)),
        RawServer(replying(INSTANCE, seen=instance)),
    ]
    with servers[0] as wireserver, servers[1] as imds:
        addresses = ["--wireserver", str(wireserver.endpoint), "--imds", str(imds.endpoint)]

        assert asked(capfd, *addresses) == {}

    assert [request.split(b" HTTP")[0] for request in goal_state] == [
        b"GET /machine?comp=goalstate"
    ]
    assert [request.split(b"?")[0] for request in instance] == [b"GET /metadata/instance"]


def test_no_answer_is_told_with_what_it_costs(capfd: pytest.CaptureFixture[str]) -> None:
    """Without WireServer there is no Ready, without the metadata service no name."""
    addresses = ["--wireserver", NOBODY, "--imds", NOBODY]

    assert asked(capfd, *addresses, "--timeout", "0.2", "--imds-timeout", "0.2") == {
        "wireserver": (
            "error",
            "gave up after T: 127.0.0.1:9 cannot be reached (Connection refused), so Ready "
            "cannot be reported",
        ),
        "metadata-service": (
            "warning",
            "gave up after T: 127.0.0.1:9 cannot be reached (Connection refused), so a VM "
            "does not learn its host name",
        ),
    }


def last_line(root: Path, **addresses: str) -> str:
    """What a check of a sound machine ends with; nobody is asked by an address that is None."""
    machine = Root(str(root))
    machine.is_live = True
    options = {"wireserver": None, "imds": None, "agent_name": "x", **addresses}
    answer = check.run(argparse.Namespace(root=machine, timeout=0.2, imds_timeout=0.2, **options))
    assert answer.exit_code == 0
    return str(answer.text).splitlines()[-1]


def test_a_good_check_says_who_answered(tmp_path: Path) -> None:
    """Of those who were asked, and nothing where nobody was."""
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
        assert last_line(tmp_path, imds=NOBODY) == good.replace("0 warnings", "1 warning")


def test_an_image_asks_nobody(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Whatever addresses are given: it is not what would be speaking."""
    with RawServer(replying(GOAL_STATE)) as server:
        address = str(server.endpoint)

        asked(
            capfd, "--root", str(make_sound(tmp_path)), "--wireserver", address, "--imds", address
        )

        assert server.connections == 0


def test_an_answer_that_is_no_good_is_a_finding() -> None:
    """With its own hint as the mend."""

    def refused() -> None:
        raise NotConnected("it cannot be reached", "look at the route")

    probes = [
        Probe("A", "a", "error", "so it fails", refused),
        Probe("B", "b", "note", "", lambda: None),
    ]

    assert list(ask(probes)) == [
        Finding("a", "error", "it cannot be reached, so it fails", "look at the route")
    ]


def test_an_image_is_not_expected_on_azure(tmp_path: Path) -> None:
    """Only of a running machine its firmware says something."""
    assert list(check_platform(Image(Root(str(tmp_path))))) == []
