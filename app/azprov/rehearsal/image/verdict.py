"""The verdict about an image: pure functions from evidence to sentences.

A finding names the cause that the evidence shows, the lines that show it, and the fix.
"""

from typing import Iterator, List, NamedTuple, Optional, Tuple

from ...formats.platform.health import READY
from ...formats.text import seconds
from . import dhcp
from .causes import Finding, why_not_ready
from .evidence import OFF, BootSeen, Evidence, Expected, Request
from .excerpts import (
    agent_lines,
    agent_name,
    last_lines,
    lines_around,
    request_lines,
    shown,
    times,
)
from .signs import find_sign


class Verdict(NamedTuple):
    findings: Tuple[Finding, ...]
    #: What was seen of a first boot that passed: clauses.
    seen: Tuple[str, ...]
    #: Sentences about what a builder may want to know, and no fault.
    notes: Tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        return not self.findings

    @property
    def sentence(self) -> str:
        """The line that a builder reads, after PASSED or FAILED."""
        if self.findings:
            return "; and ".join(f"{one.what}; {one.fix}" for one in self.findings)
        return "; ".join(self.seen)


def judge(evidence: Evidence, expected: Expected) -> Verdict:
    """Compare the evidence with the expected end."""
    if not evidence.boots:
        return Verdict((), (), ())
    findings = list(_faults_of_reports(evidence, expected))
    notes: List[str] = []
    seen: List[str] = []
    if not findings:
        notes += [expected.devices] if expected.devices else []
        seen.append(_ready_clause(evidence, expected))
        sign = find_sign(evidence.boots[0].console)
        if sign is not None:
            kind, line, rest = sign
            clause = kind.what.replace("{rest}", rest)
            notes.append(f"Ready was accepted although {clause}: {shown(line)}.")
        for part in (_hostname, _login, _later_boots):
            found, clauses, remarks = part(evidence, expected)
            findings += found
            seen += clauses
            notes += remarks
    return Verdict(tuple(findings), tuple(seen), tuple(notes))


_Part = Tuple[List[Finding], List[str], List[str]]


def _faults_of_reports(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    reports = [one for boot in evidence.boots for one in boot.acknowledged()]
    failures = [one for one in reports if one.exchange.acknowledged != READY]
    if failures:
        boot = evidence.boots[0]
        yield Finding(
            "failure-reported",
            f"{agent_name(failures[0])} reported that provisioning failed, which is final on Azure",
            "read its log on the console",
            agent_lines(boot),
        )
        return
    for boot in evidence.boots:
        if not boot.acknowledged() and len(reports) < expected.ready_reports:
            yield why_not_ready(boot, expected)
            return
    if len(reports) > expected.ready_reports:
        boot, number = _boot_of(evidence, reports[expected.ready_reports])
        yield Finding(
            "reported-again",
            f"boot {number} reported again ({agent_name(boot.acknowledged()[0])}): Ready was "
            f"acknowledged {times(len(reports))}, not {times(expected.ready_reports)}",
            "let only one program report, and only once for each VM",
            request_lines(boot),
        )


def _ready_clause(evidence: Evidence, expected: Expected) -> str:
    for number, boot in enumerate(evidence.boots, start=1):
        for one in boot.acknowledged():
            often = times(expected.ready_reports)
            of_boot = f" of boot {number}" if number > 1 else ""
            return (
                f"Ready was accepted {often}, {seconds(one.at_s)} after power-on{of_boot}, from "
                f"{agent_name(one)}"
            )
    return "Ready was refused, as the scenario wants"


def _hostname(evidence: Evidence, expected: Expected) -> _Part:
    wanted = expected.computer_name
    announced = wanted in [name for boot in evidence.boots for name in boot.names()]
    login = evidence.login
    names = {evidence.hostname, login.hostname if login is not None else ""} - {""}
    is_set = wanted in names or announced
    if is_set and announced:
        return [], [f"host name {wanted} set and announced"], []
    if is_set:
        note = (
            f"The host name {wanted} was set, but no DHCP client sent it, so Azure's DNS does not "
            f"know it; {expected.check_command} names the reason."
        )
        return [], [f"host name {wanted} set, but not announced"], [note]
    if expected.sets_hostname:
        is_said = f"{min(names)}, not" if names else "not"
        finding = Finding(
            "hostname-not-set",
            f"the host name is {is_said} {wanted}",
            "read the lines of azprov on the console",
            agent_lines(evidence.boots[0]),
        )
        return [finding], [], []
    if expected.sets_hostname is None:
        return [], [], [f"The host name {wanted} was not seen in the image."]
    is_said = f" and is {min(names)}" if names else ""
    return [], [f"the host name was kept{is_said}"], []


def _login(evidence: Evidence, expected: Expected) -> _Part:
    login, user = evidence.login, expected.user
    if login is not None and login.is_in:
        return [], [f"{user} logged in by SSH with the deployed key"], []
    if expected.makes_user:
        reason = f" ({login.reason})" if login is not None and login.reason else ""
        is_refused = login is not None and login.is_refused
        finding = Finding(
            "login-refused" if is_refused else "no-login",
            f"{user} could not log in by SSH with the deployed key{reason}",
            "allow this login in the settings of sshd"
            if is_refused
            else f"install and enable an SSH server, and allow TCP port 22 "
            f"({expected.check_command} names it)",
            agent_lines(evidence.boots[0]),
        )
        return [finding], [], []
    if expected.makes_user is None and login is not None:
        return [], [], [f"No one logged in as {user} by SSH: {login.reason}."]
    return [], [], []


def _later_boots(evidence: Evidence, expected: Expected) -> _Part:
    findings: List[Finding] = []
    clauses: List[str] = []
    if len(evidence.boots) < len(expected.silent_boots):
        findings.append(_ended_after_ready(evidence.boots[-1]))
    for number, (boot, is_silent) in enumerate(zip(evidence.boots, expected.silent_boots), start=1):
        if not is_silent:
            continue
        ordinal = _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"{number}th"
        sign = find_sign(boot.console)
        if boot.requests:
            findings.append(
                Finding(
                    "not-silent",
                    f"the {ordinal} boot sent {_counted(len(boot.requests), 'request')}, not none",
                    "read which step is still open in the log of the service",
                    request_lines(boot) + agent_lines(boot),
                )
            )
        elif boot.first(dhcp.ACK) is None or sign is not None:
            cause = why_not_ready(boot, expected)
            findings.append(cause._replace(what=f"the {ordinal} boot failed: {cause.what}"))
        else:
            clauses.append(f"the {ordinal} boot was silent")
    return findings, clauses, []


def _ended_after_ready(boot: BootSeen) -> Finding:
    """The image reported Ready, and then did not stay up, so that it could not boot again."""
    sign = find_sign(boot.console)
    if sign is None:
        what = "the VM switched itself off" if boot.ending == OFF else "the boot did not settle"
        return Finding(
            "ended-after-ready",
            f"Ready was accepted, but {what}, and the VM was not booted again",
            "read its last lines on the console",
            last_lines(boot),
        )
    kind, line, rest = sign
    return Finding(
        kind.cause,
        f"Ready was accepted, but {kind.what.replace('{rest}', rest)}",
        kind.fix.replace("{check}", "azprov.pyz check"),
        lines_around(boot.console, line, ()),
    )


_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _boot_of(evidence: Evidence, request: Request) -> Tuple[BootSeen, int]:
    for number, boot in enumerate(evidence.boots, start=1):
        if any(one is request for one in boot.requests):
            return boot, number
    return evidence.boots[-1], len(evidence.boots)


def agent_of(evidence: Evidence) -> Optional[str]:
    """The program that reported first; None if no report was acknowledged."""
    for boot in evidence.boots:
        for one in boot.acknowledged():
            return agent_name(one)
    return None
