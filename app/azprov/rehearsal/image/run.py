"""Runs a scenario with an image: its boots beside the platform, the DHCP server and a login."""

import threading
from contextlib import suppress
from typing import Callable, Dict, List, NamedTuple, Optional

from ...azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ...errors import HostError
from ...system.clock import Clock
from ...system.own_network import set_up_link
from ..platform import HOST_PLUGIN_PORT, VM_IDS, Exchange, Platform
from ..scenario import Scenario
from ..transcript import Event, Transcript
from . import dhcp
from .dhcp import DhcpServer
from .evidence import CUT, DONE, LIMIT, OFF, STUCK, BootSeen, Evidence, Expected
from .login import Login, log_in, make_key
from .player import Player
from .scenarios import ImageBoot, ImageScenario
from .verdict import Verdict, judge
from .watch import Watch

_STEP_S = 0.1
# A guest that shows no progress for this long after a final line is switched off.
_STUCK_S = 5.0
# A guest that shuts down for longer than this loses its power.
_SHUTDOWN_S = 60.0
# After Ready: host name and disabled service follow, and sshd starts.
_SETTLED_S = 3.0
_LOGIN_S = 60.0
_ANNOUNCED_S = 10.0
# How long a boot after the first one must be silent after its lease, at least.
_SILENT_S = 10.0
_PORT = 80


class Tools(NamedTuple):
    """The programs by name, and a folder of this user's own that is removed afterwards."""

    programs: Dict[str, str]
    scratch: str


class Result(NamedTuple):
    scenario: ImageScenario
    events: List[Event]
    evidence: Evidence
    verdict: Verdict


def rehearse(
    scenario: ImageScenario,
    player: Player,
    tools: Tools,
    expected: Expected,
    clock: Clock,
    show: Callable[[Event], None],
    *,
    limit_s: float,
) -> Result:
    """Run the boots of a scenario; `limit_s` is that of one boot.

    This process must be in a network that has the platform's addresses. `show` is called with
    each event. Raises HostError if a program cannot be started.
    """
    return _Rehearsal(scenario, player, tools, expected, clock, show).run(limit_s)


class _Rehearsal:
    def __init__(
        self,
        scenario: ImageScenario,
        player: Player,
        tools: Tools,
        expected: Expected,
        clock: Clock,
        show: Callable[[Event], None],
    ) -> None:
        self._scenario = scenario
        self._player = player
        self._tools = tools
        self._clock = clock
        self._transcript = Transcript(clock, show)
        self._log = self._transcript.log_of("VM")
        self._watch = Watch(clock, self._transcript)
        self._key = f"{tools.scratch}/key-{scenario.name}"
        self._public_key = make_key(tools.programs["ssh-keygen"], self._key)
        self._login: Optional[Login] = None
        self._server = DhcpServer(
            tools.programs["dnsmasq"], f"{tools.scratch}/leases", self._watch.on_lease
        )
        silent = tuple(boot.is_silent for boot in scenario.boots)
        self._expected = expected._replace(
            computer_name=scenario.platform.computer_name,
            user=scenario.platform.admin_username,
            ready_reports=scenario.ready_reports,
            silent_boots=silent,
        )

    def run(self, limit_s: float) -> Result:
        boots: List[BootSeen] = []
        platform = Platform(
            self._scenario.platform._replace(public_keys=(self._public_key,)),
            self._transcript.log_of("platform"),
            wireserver=(WIRESERVER_ADDRESS, _PORT),
            imds=(IMDS_ADDRESS, _PORT),
            host_plugin=(WIRESERVER_ADDRESS, HOST_PLUGIN_PORT),
        )
        with platform:
            for number, boot in enumerate(self._scenario.boots, start=1):
                self._log(f"boot {number}: power on")
                boots.append(self._boot(boot, platform, boots, limit_s))
                if boot.refused_reports:
                    platform.relent()
                if boots[-1].ending not in (DONE, CUT):
                    break
        evidence = Evidence(tuple(boots), self._player.hostname(), self._login)
        verdict = judge(evidence, self._expected)
        return Result(self._scenario, self._transcript.events, evidence, verdict)

    def _boot(
        self, boot: ImageBoot, platform: Platform, before: List[BootSeen], limit_s: float
    ) -> BootSeen:
        self._watch.begin()
        is_cut = threading.Event()

        def on_exchange(exchange: Exchange) -> None:
            self._watch.on_exchange(exchange)
            if boot.loses_power and exchange.acknowledged:
                is_cut.set()
                self._player.cut_power()

        platform.on_exchange = on_exchange
        try:
            self._player.start(VM_IDS[0], self._watch.on_console)
            ending = self._follow(boot, before, limit_s)
            if is_cut.is_set():
                ending = CUT
            seen = self._watch.seen(ending)
            if ending == CUT:
                self._log("the power is cut")
            if ending == DONE:
                self._switch_off()
            if ending != OFF:
                return seen
            # The last lines of a program that ended are still being read.
            self._player.cut_power()
            return self._watch.seen(ending)._replace(lasted_s=seen.lasted_s)
        finally:
            self._player.cut_power()
            self._server.stop()

    def _follow(self, boot: ImageBoot, before: List[BootSeen], limit_s: float) -> str:
        """Wait until everything was seen, or nothing more can be; how the boot ended."""
        late_s = 0.0 if before else self._scenario.platform.closed_s
        is_linked = False
        while self._watch.elapsed_s < limit_s:
            if not self._player.is_running():
                return OFF
            if not is_linked and self._watch.elapsed_s >= late_s:
                is_linked = self._open_link()
            seen = self._watch.seen(DONE)
            if self._watch.stuck_for_s > _STUCK_S:
                return STUCK
            if boot.is_silent:
                leased = seen.first(dhcp.ACK)
                silence_s = _silence_s(before[0], self._scenario.platform)
                if leased is not None and seen.lasted_s > leased + silence_s:
                    return DONE
            elif boot.refused_reports:
                refused = [one for one in seen.requests if one.exchange.is_report]
                if len(refused) >= boot.refused_reports:
                    return DONE
            elif seen.acknowledged() and not boot.loses_power and self._has_settled(seen, limit_s):
                return DONE
            self._clock.sleep(_STEP_S)
        return LIMIT

    def _open_link(self) -> bool:
        try:
            set_up_link(self._player.link_name, dhcp.ROUTER, dhcp.NETMASK)
        except OSError:  # not there yet, or no longer
            return False
        self._server.start(self._player.link_name)
        return True

    def _has_settled(self, seen: BootSeen, limit_s: float) -> bool:
        """Whether what follows Ready was seen, or has had its time."""
        since_s = seen.lasted_s - seen.acknowledged()[0].at_s
        if since_s < _SETTLED_S or seen.lasted_s - seen.requests[-1].at_s < _SETTLED_S:
            return False
        if self._may_log_in() and since_s < min(_LOGIN_S, limit_s):
            self._login = log_in(
                self._tools.programs["ssh"], self._expected.user, dhcp.GUEST, self._key
            )
            if self._login.is_in:
                self._log(f"{self._expected.user} logs in by SSH with the deployed key")
            elif self._expected.makes_user or not self._login.reason:
                self._clock.sleep(1)
                return False
        needs_name = self._expected.sets_hostname is not False
        is_announced = self._expected.computer_name in seen.names()
        return is_announced or not needs_name or since_s >= _ANNOUNCED_S

    def _may_log_in(self) -> bool:
        is_in = self._login is not None and self._login.is_in
        return self._expected.makes_user is not False and not is_in

    def _switch_off(self) -> None:
        if not self._player.is_running():
            return
        with suppress(HostError):
            self._player.power_off()
        until = self._clock.now() + _SHUTDOWN_S
        while self._player.is_running() and self._clock.now() < until:
            self._clock.sleep(_STEP_S)


def _silence_s(first: BootSeen, platform: Scenario) -> float:
    """How long after its lease a boot must send nothing: longer than the first boot needed."""
    leased, reports = first.first(dhcp.ACK), first.acknowledged()
    if leased is None or not reports:
        return _SILENT_S
    could_report = max(leased, platform.closed_s, platform.imds_closed_s)
    return max(_SILENT_S, 2 * (reports[0].at_s - could_report))
