"""Why a boot ended without Ready: the first link that is missing in the chain from power-on.

The links are a boot, a lease, a request, the goal state, a report, and its acknowledgement.
"""

from typing import NamedTuple, Tuple

from ...azure.endpoint import WIRESERVER_ADDRESS
from ...azure.wireserver import GOAL_STATE_TARGET, PROTOCOL_VERSION
from ...formats.text import seconds
from ..platform import WIRESERVER
from . import dhcp
from .evidence import OFF, BootSeen, Expected
from .excerpts import (
    agent_lines,
    agent_name,
    is_of_agent,
    last_lines,
    lines_around,
    request_lines,
    times,
)
from .signs import failed_units, find_sign, is_silent_console, renamed_card

#: The causes that may be no fault of the image, since a player has other devices than Azure.
_ABOUT_THE_DISK = ("no-root-device", "initramfs-shell")


class Finding(NamedTuple):
    """Why an image failed; `cause` is a stable name."""

    cause: str
    what: str
    fix: str
    #: The lines of the console and of the platform that show it.
    lines: Tuple[str, ...] = ()


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
        if kind.cause in _ABOUT_THE_DISK and expected.devices:
            fix += f". {expected.devices}"
        return Finding(kind.cause, what, fix, lines_around(boot.console, line, units))
    lasted = seconds(boot.lasted_s)
    if boot.ending == OFF and not boot.requests:
        return Finding(
            "ended-early",
            f"the VM switched itself off after {lasted}, before any request was sent",
            "read its last lines on the console",
            last_lines(boot),
        )
    has_kernel = not expected.devices or not is_silent_console(boot.console)
    if not has_kernel and not boot.leases and not boot.requests:
        return Finding(
            "silent-console",
            f"the VM shows and sends nothing for {lasted} once its firmware has started the disk",
            "check that the boot loader is for this generation of VM, and add console=ttyS0 "
            "(console=ttyAMA0 on arm64) to the kernel command line, so that the cause can be seen",
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
            f"enable a DHCP client for eth0 ({check} names it)" + _other_name(boot),
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
            f"see what the service lacks: {check} names it",
            lines,
        )
    if any(is_of_agent(line) for line in boot.console):
        return Finding(
            "unreachable",
            f"the VM {so_far} and its agent started, but nothing reached WireServer for {lasted}",
            f"allow TCP port 80 to {WIRESERVER_ADDRESS} in the firewall ({check} names it)",
            lines,
        )
    return Finding(
        "no-agent",
        f"the VM {so_far}, but no agent was seen on the console, and nothing reached WireServer "
        f"for {lasted}",
        f"enable the service that reports Ready ({check} names it)",
        lines,
    )


def _other_name(boot: BootSeen) -> str:
    """A hint for a guest whose network card has another name than on Azure; empty otherwise."""
    name = renamed_card(boot.console)
    if not name or name == "eth0":
        return ""
    return (
        f"; in this VM it has the name {name}, so add net.ifnames=0 to the kernel command line for "
        "the rehearsal"
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
            f"the report of {agent_name(last)} was refused {times(len(reports))}, the last time "
            f"with {last.exchange.status}",
            "compare the report with Microsoft's page about images without a provisioning agent",
            request_lines(boot),
        )
    if not to_wireserver:
        return Finding(
            "no-report",
            f"{agent_name(boot.requests[0])} asked the metadata service only, and nothing asked "
            f"WireServer for {lasted}",
            f"allow TCP port 80 to {WIRESERVER_ADDRESS} in the firewall and routes, and enable the "
            f"service that reports Ready ({expected.check_command} names both)",
            request_lines(boot) + agent_lines(boot),
        )
    last = to_wireserver[-1]
    if last.exchange.status >= 300:
        return Finding(
            "request-refused",
            f"the requests of {agent_name(last)} were refused, the last one with "
            f"{last.exchange.status}",
            f"send the header x-ms-version: {PROTOCOL_VERSION}, and ask for {GOAL_STATE_TARGET}",
            request_lines(boot),
        )
    return Finding(
        "no-report",
        f"{agent_name(last)} fetched the goal state, and reported nothing for {lasted}",
        "read its log on the console",
        request_lines(boot) + agent_lines(boot),
    )
