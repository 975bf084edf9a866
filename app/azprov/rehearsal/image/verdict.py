"""The verdict about an image: pure functions from what was seen to sentences.

A finding names the cause that the evidence shows, the lines that show it, and the fix.
"""

from typing import Iterator, List, NamedTuple, Optional, Tuple

from ...formats.platform.health import READY
from ...formats.text import seconds
from ..platform import WIRESERVER
from . import dhcp
from .evidence import OFF, BootSeen, Evidence, Expected, Request
from .excerpts import (
    agent_lines,
    agent_name,
    is_of_agent,
    last_lines,
    lines_around,
    request_lines,
    shown,
)
from .signs import failed_units, find_sign

_NUMBERS = ("never", "once", "twice")


class Finding(NamedTuple):
    """Why an image failed; `cause` is a stable name."""

    cause: str
    what: str
    fix: str
    #: The lines of the console and of the platform that show it.
    lines: Tuple[str, ...] = ()


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
    """Compare what was seen with what was expected."""
    if not evidence.boots:
        return Verdict((), (), ())
    findings = list(_faults_of_reports(evidence, expected))
    notes: List[str] = []
    seen: List[str] = []
    if not findings:
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
            f"acknowledged {_times(len(reports))}, not {_times(expected.ready_reports)}",
            "let only one program report, and only once for each VM",
            request_lines(boot),
        )


def why_not_ready(boot: BootSeen, expected: Expected) -> Finding:
    """The cause, from the first link of the chain that is missing."""
    sign = find_sign(boot.console)
    if sign is not None and not boot.requests:
        kind, line, rest = sign
        units = failed_units(boot.console) if kind.cause == "emergency-mode" else ()
        what = f"the image does not boot: {kind.what.replace('{rest}', rest)}"
        if units:
            what += f" ({units[0].text.strip()})"
        fix = kind.fix.replace("{check}", expected.check_command)
        return Finding(kind.cause, what, fix, lines_around(boot.console, line, units))
    lasted = seconds(boot.lasted_s)
    if boot.ending == OFF and not boot.requests:
        return Finding(
            "ended-early",
            f"the VM switched itself off after {lasted}, before any request was sent",
            "read its last lines on the console",
            last_lines(boot),
        )
    asked, leased = boot.first(dhcp.DISCOVER), boot.first(dhcp.ACK)
    if asked is None:
        asked = boot.first(dhcp.REQUEST)
    check = expected.check_command
    if boot.requests:
        return _why_refused(boot, expected)
    if asked is None:
        return Finding(
            "no-dhcp",
            f"the VM got no lease: no DHCP request was seen for {lasted}",
            f"enable a DHCP client for eth0 ({check} names it)",
            last_lines(boot),
        )
    if leased is None:
        return Finding(
            "no-lease",
            f"the VM got no lease: its DHCP client asked after {seconds(asked)}, and did not take "
            "the answer",
            f"allow UDP ports 67 and 68 in its firewall ({check} names it)",
            last_lines(boot),
        )
    return _why_no_request(boot, check, f"got a lease after {seconds(leased)}")


def _why_no_request(boot: BootSeen, check: str, so_far: str) -> Finding:
    """The cause in a boot with a lease: no agent, one that failed, or one that cannot connect."""
    lines = agent_lines(boot)
    failed = [line for line in failed_units(boot.console) if is_of_agent(line)]
    lasted = seconds(boot.lasted_s)
    if failed:
        return Finding(
            "agent-failed",
            f"the VM {so_far}, but the service that reports Ready failed ({failed[0].text})",
            f"run {check}, which names what the service lacks",
            lines,
        )
    if any(is_of_agent(line) for line in boot.console):
        return Finding(
            "unreachable",
            f"the VM {so_far} and its agent started, but nothing reached WireServer for {lasted}",
            f"allow TCP port 80 to 168.63.129.16 in the firewall ({check} names it)",
            lines,
        )
    return Finding(
        "no-agent",
        f"the VM {so_far}, but no agent was seen on the console, and nothing reached WireServer "
        f"for {lasted}",
        f"enable the service that reports Ready ({check} names it)",
        lines,
    )


def _why_refused(boot: BootSeen, expected: Expected) -> Finding:
    """The cause in a boot that sent requests, and got no acknowledgement."""
    to_wireserver = [one for one in boot.requests if one.exchange.service == WIRESERVER]
    reports = [one for one in to_wireserver if one.exchange.is_report]
    lasted = seconds(boot.lasted_s)
    if reports:
        last = reports[-1]
        return Finding(
            "report-refused",
            f"the report of {agent_name(last)} was refused {_times(len(reports))}, the last time "
            f"with {last.exchange.status}",
            "compare the report with Microsoft's page about images without a provisioning agent",
            request_lines(boot),
        )
    if not to_wireserver:
        return Finding(
            "no-report",
            f"{agent_name(boot.requests[0])} asked the metadata service only, and nothing asked "
            f"WireServer for {lasted}",
            f"enable the service that reports Ready ({expected.check_command} names it)",
            request_lines(boot) + agent_lines(boot),
        )
    last = to_wireserver[-1]
    if last.exchange.status >= 300:
        return Finding(
            "request-refused",
            f"the requests of {agent_name(last)} were refused, the last one with "
            f"{last.exchange.status}",
            "send the header x-ms-version: 2012-11-30, and ask for /machine?comp=goalstate",
            request_lines(boot),
        )
    return Finding(
        "no-report",
        f"{agent_name(last)} fetched the goal state, and reported nothing for {lasted}",
        "read its log on the console",
        request_lines(boot) + agent_lines(boot),
    )


def _ready_clause(evidence: Evidence, expected: Expected) -> str:
    for number, boot in enumerate(evidence.boots, start=1):
        for one in boot.acknowledged():
            times = _times(expected.ready_reports)
            of_boot = f" of boot {number}" if number > 1 else ""
            return (
                f"Ready was accepted {times}, {seconds(one.at_s)} after power-on{of_boot}, from "
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
    is_said = f" and is {min(names)}" if names else ""
    if expected.sets_hostname:
        finding = Finding(
            "hostname-not-set",
            f"the host name is not {wanted}{is_said and is_said[4:]}",
            "read the lines of azprov on the console",
            agent_lines(evidence.boots[0]),
        )
        return [finding], [], []
    if expected.sets_hostname is None:
        return [], [], [f"The host name {wanted} was not seen in the image."]
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


_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _times(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number} times"


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
