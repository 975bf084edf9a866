"""Whether Azure answers: when check asks, and what it reports if there is no answer."""

import re
from pathlib import Path
from typing import Dict, List, Tuple

from azprov.check.facts.image import Image
from azprov.check.finding import Finding, Rule
from azprov.check.rules.platform import Probe, ask, check_platform
from azprov.cli.commands import check
from azprov.cli.output import Answer
from azprov.cli.registry import command_parser
from azprov.errors import NotConnected
from azprov.system.root import Root
from ports import RawServer, replying
from sample_files import sample
from unit.cli.test_cli import http

GOAL_STATE = http(sample("goal_state/version-2012-11-30.xml"))
INSTANCE = http(sample("instance/vm.json"))
UNUSED = "127.0.0.1:9"


def checked(image: Path, *argv: str, is_live: bool = True) -> Answer:
    """The answer of check for an image that may be the running machine."""
    root = Root(str(image))
    root.is_live = is_live
    options = command_parser("check").parse(argv)
    options.root = root
    return check.run(options)


def platform_findings(answer: Answer) -> Dict[str, Tuple[str, str]]:
    """The severity and text of each finding about WireServer and the metadata service."""
    return {
        one["rule"]: (one["severity"], re.sub(r"after [0-9.]+ s", "after T", one["what"]))
        for one in answer.data["findings"]
        if one["rule"] in ("wireserver", "metadata-service")
    }


def test_a_platform_that_answers_gives_no_finding(image: Path) -> None:
    """check asks once for the goal state and once for the instance, as a first boot does."""
    goal_state: List[bytes] = []
    instance: List[bytes] = []
    servers = [
        RawServer(replying(GOAL_STATE, seen=goal_state)),
        RawServer(replying(INSTANCE, seen=instance)),
    ]
    with servers[0] as wireserver, servers[1] as imds:
        addresses = ["--wireserver", str(wireserver.endpoint), "--imds", str(imds.endpoint)]

        assert platform_findings(checked(image, *addresses)) == {}

    assert [request.split(b" HTTP")[0] for request in goal_state] == [
        b"GET /machine?comp=goalstate"
    ]
    assert [request.split(b"?")[0] for request in instance] == [b"GET /metadata/instance"]


def test_a_platform_that_does_not_answer_is_found(image: Path) -> None:
    """A missing WireServer prevents Ready, and a missing metadata service the host name."""
    addresses = ["--wireserver", UNUSED, "--imds", UNUSED]
    limits = ["--timeout", "1", "--imds-timeout", "1"]

    assert platform_findings(checked(image, *addresses, *limits)) == {
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


def last_line(image: Path, *argv: str) -> str:
    """The last line for a sound machine; a service without an address is not asked."""
    answer = checked(image, *argv)
    assert answer.exit_code == 0
    return str(answer.text).splitlines()[-1]


def test_the_last_line_names_the_services_that_answered(image: Path) -> None:
    """A service that was not asked, or did not answer, is not named."""
    good = "0 errors, 0 warnings, 1 note: this machine should provision on Azure"
    with RawServer(replying(GOAL_STATE, GOAL_STATE)) as wireserver, RawServer(
        replying(INSTANCE)
    ) as imds:
        one, other = str(wireserver.endpoint), str(imds.endpoint)

        assert last_line(image) == good
        assert last_line(image, "--wireserver", one) == f"{good}, and WireServer answered"
        assert last_line(image, "--wireserver", one, "--imds", other) == (
            f"{good}, and WireServer and the metadata service answered"
        )
        unanswered = last_line(image, "--imds", UNUSED, "--imds-timeout", "0.1")
        assert unanswered == good.replace("0 warnings", "1 warning")


def test_a_check_of_an_image_asks_no_service(image: Path) -> None:
    """The addresses are ignored, since the machine that runs check is not the image."""
    with RawServer(replying(GOAL_STATE)) as server:
        address = str(server.endpoint)

        checked(image, "--wireserver", address, "--imds", address, is_live=False)

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
