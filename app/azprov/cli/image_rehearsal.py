"""`rehearse --image`: the first boots of a whole image, and the verdict about them."""

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Sequence, Union

from ..boot.connect import real_ports
from ..check.facts.azprov_service import installed_options, own_command
from ..check.facts.image import Image
from ..errors import ERRORS_FOUND, AzprovError, HostError, NotPermitted, UsageError
from ..formats.platform.health import READY
from ..formats.text import shell_word
from ..rehearsal.image.container import Container
from ..rehearsal.image.dhcp import ACK
from ..rehearsal.image.evidence import BootSeen, Expected
from ..rehearsal.image.needed import ALWAYS, FOR_A_FOLDER, find_programs
from ..rehearsal.image.player import Player
from ..rehearsal.image.run import Result, Tools, rehearse
from ..rehearsal.image.scenarios import IMAGE_SCENARIOS, ImageScenario, find_image_scenario
from ..rehearsal.image.verdict import agent_of
from ..rehearsal.simulation import ADDRESSES
from ..system.own_network import enter_own_network
from ..system.private_mounts import leave_shared_mounts
from ..system.root import Root
from ..system.root.linux_root import require_linux_root
from .colour import coloured_word
from .output import Answer, write_line
from .transcript import hide_event, show_event

if TYPE_CHECKING:
    from .rehearsed_disk import RehearsedDisk

_BOOTS = 2
# The folder for large temporary files by file-hierarchy(7), where all users may write.
_LARGE_FILES = "/var/tmp"  # noqa: S108 - tempfile makes a new folder there


def rehearse_image(options: argparse.Namespace) -> Answer:
    """Boot the image of --image in the chosen scenarios; exit code 1 if one of them failed."""
    if options.list:
        return _list()
    scenarios = _chosen(options)
    image = _rehearsed(options)
    enter_own_network(ADDRESSES)
    image.enter()
    is_silent = options.json or options.quiet
    results: List[Result] = []
    for scenario in scenarios:
        if not is_silent:
            write_line(f"Rehearsing {scenario.name} with {options.image}: {scenario.story}")
        with _scratch_folder() as scratch:
            player = image.player(scratch)
            try:
                results.append(
                    rehearse(
                        scenario,
                        player,
                        Tools(image.programs, scratch),
                        image.expected,
                        real_ports().clock,
                        hide_event if is_silent else show_event,
                        limit_s=options.limit or image.limit_s,
                    )
                )
            finally:
                player.close()
        if not is_silent:
            write_line(_verdict(results[-1]) + ("\n" if options.all else ""))
    return _answer(options, results)


def _rehearsed(options: argparse.Namespace) -> "Union[_Folder, RehearsedDisk]":
    """The image of --image, which is a disk file if it is no folder."""
    if not os.path.isdir(options.image):
        from .rehearsed_disk import RehearsedDisk

        return RehearsedDisk(options)
    if options.disk or options.secure_boot or options.generation:
        raise UsageError(
            "--disk, --secure-boot and --generation are for a virtual machine",
            "give a disk file with --image FILE, or drop these options",
        )
    return _Folder(options.image)


class _Folder:
    """The folder of an image, and how it is booted. Raises HostError and UsageError."""

    limit_s = 300.0

    def __init__(self, path: str) -> None:
        self.programs = find_programs([*FOR_A_FOLDER, *ALWAYS])
        if os.geteuid() != 0:
            raise NotPermitted("only root may boot a folder in a container", "run it as root")
        self._root = Root(path)
        if self._root.is_live:
            raise UsageError(
                "the folder of --image is the root of this machine",
                "give the folder in which an image is made",
            )
        require_linux_root(self._root)
        self.expected = _expected(self._root)

    def enter(self) -> None:
        """Give this process what its containers need."""
        if not leave_shared_mounts():
            raise NotPermitted(
                "this process may not mount anything, which a container needs", "run it as root"
            )

    def player(self, scratch: str) -> Player:
        return Container(self._root.path, Root(scratch), self.programs, real_ports().clock)


def _expected(root: Root) -> Expected:
    """What azprov's service in the image should do; of another agent nothing is known."""
    image = Image(root)
    check = f"azprov.pyz check --root {shell_word(root.path)}"
    if own_command(image) is None:
        return Expected("", "", check_command=check)
    options = installed_options(image)
    return Expected(
        "",
        "",
        sets_hostname="--no-hostname" not in options,
        makes_user="--admin-user" in options,
        check_command=check,
    )


def _list() -> Answer:
    stories = [{"name": one.name, "story": one.story} for one in IMAGE_SCENARIOS]
    text = "\n".join(f"{one.name:<19} {one.story}" for one in IMAGE_SCENARIOS)
    return Answer(text, {"error": None, "scenarios": stories})


def _chosen(options: argparse.Namespace) -> Sequence[ImageScenario]:
    found = find_image_scenario(options.scenario)
    if found is None:
        from .suggestions import suggest_value

        nearest = suggest_value(options.scenario, [one.name for one in IMAGE_SCENARIOS])
        raise UsageError(
            f"there is no scenario {options.scenario!a} for an image",
            f"{nearest}azprov.pyz rehearse --image PATH --list lists them",
        )
    chosen = IMAGE_SCENARIOS if options.all else (found,)
    return [one.with_boots(options.boots or _BOOTS) for one in chosen]


@contextmanager
def _scratch_folder() -> Iterator[str]:
    # /tmp may be in memory, and a first boot writes some hundred megabytes.
    place = None if "TMPDIR" in os.environ else _LARGE_FILES
    try:
        folder = tempfile.TemporaryDirectory(prefix="azprov-rehearsal-", dir=place)
    except OSError as error:
        raise HostError(
            f"cannot create a folder for the simulated VM ({error.strerror})",
            "set TMPDIR to a writable folder",
        ) from error
    with folder as path:
        yield Root(path).path


def _answer(options: argparse.Namespace, results: Sequence[Result]) -> Answer:
    data = {
        "error": None,
        "image": options.image,
        "scenarios": [_summary(result) for result in results],
    }
    failed = [one for one in results if not one.verdict.is_passed]
    if failed:
        causes = ", ".join(
            f"{one.scenario.name}: {one.verdict.findings[0].cause}" for one in failed
        )
        failure = AzprovError(
            f"the image failed the rehearsal ({causes})", failed[0].verdict.findings[0].fix
        )
        return Answer("", data, exit_code=ERRORS_FOUND, failure=failure)
    has_summary = options.all and not options.quiet
    return Answer(f"All {len(results)} scenarios passed." if has_summary else "", data)


def _verdict(result: Result) -> str:
    verdict = result.verdict
    lines = [""]
    for finding in verdict.findings:
        lines += [f"Evidence of {finding.cause}:", *(f"  {line}" for line in finding.lines)]
    lines += [f"Note: {note}" for note in verdict.notes]
    word = coloured_word("PASSED" if verdict.is_passed else "FAILED", sys.stdout)
    return "\n".join([*lines, f"{word}: {verdict.sentence}."])


def _summary(result: Result) -> Dict[str, Any]:
    evidence, verdict = result.evidence, result.verdict
    reports = [one.exchange.acknowledged for boot in evidence.boots for one in boot.acknowledged()]
    ready_reports = sum(state == READY for state in reports)
    login = evidence.login
    return {
        "name": result.scenario.name,
        "passed": verdict.is_passed,
        "verdict": verdict.sentence,
        "findings": [
            dict(finding._asdict(), lines=list(finding.lines)) for finding in verdict.findings
        ],
        "notes": list(verdict.notes),
        "agent": agent_of(evidence),
        "ready_reports": ready_reports,
        "failure_reports": len(reports) - ready_reports,
        "hostname": evidence.hostname,
        "announced": [name for boot in evidence.boots for name in boot.names()],
        "login": None if login is None else {"succeeded": login.is_in, "reason": login.reason},
        "boots": [_boot(boot) for boot in evidence.boots],
        "events": [event._asdict() for event in result.events],
    }


def _boot(boot: BootSeen) -> Dict[str, Any]:
    reports = boot.acknowledged()
    return {
        "began_s": boot.began_s,
        "lasted_s": boot.lasted_s,
        "ending": boot.ending,
        "lease_s": boot.first(ACK),
        "report_s": reports[0].at_s if reports else None,
        "requests": len(boot.requests),
    }
