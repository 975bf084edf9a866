"""Reports to the platform: Ready, or a failure; to WireServer in XML or JSON, and to KVP.

For XML the goal state is fetched again before every post: its identifiers may change
although its incarnation does not.
"""

import logging
from functools import partial
from typing import Any, Callable, Dict, Optional

from ..azure.transport import Reply
from ..errors import HostError, NotConnected, Refused, Stopped
from ..formats.platform.goal_state import GoalState
from ..formats.platform.health import (
    NOT_READY,
    PROVISIONING_FAILED,
    READY,
    Details,
    fit_description,
    provisioning_failed,
    ready,
    render_health_report,
)
from ..formats.platform.provisioning_report import KVP_KEY, Origin, failure_report, success_report
from ..formats.text import printable
from ..system.firmware import read_platform_vm_id
from ..system.kvp_pool import NoDaemon, PoolLocked, has_daemon, send_to_host
from ..system.root import Root
from .connect import Ports, open_connection, open_wireserver
from .settings import JSON, WireServerSettings

# These lines are those of Microsoft's sample script, which people grep for.
RETRIEVING = "Retrieving goal state from the Wireserver"
_SENDING = "Sending the following data to Wireserver:"
# After a signal, if a report was posted and has no reply.
_REPEATED_READY = "Azure may have received Ready; run it again, since a second Ready is harmless"
_REPEATED_FAILURE = (
    "Azure may have received the failure report, which is final; run it again to be sure"
)
_ACKNOWLEDGED = "Azure has acknowledged the report; run it again to complete the rest"
# An installed KVP daemon starts within seconds, while azprov has already reported.
_DAEMON_S = 5.0
_DAEMON_POLL_S = 0.25

log = logging.getLogger(__name__)


class Reported:
    """A report as it was posted, or as it would be posted after a dry run."""

    def __init__(
        self, goal_state: Optional[GoalState], state: str, document: bytes, reply: Optional[Reply]
    ) -> None:
        #: None for JSON, which carries no identifiers.
        self.goal_state = goal_state
        self.state = state
        self.document = document
        #: None after a dry run.
        self.reply = reply

    def as_json(self) -> Dict[str, Any]:
        """The fields of the answer to --json."""
        goal_state = self.goal_state
        return dict(
            dict.fromkeys(GoalState._fields) if goal_state is None else goal_state._asdict(),
            state=self.state,
            document=self.document.decode("utf-8"),
            dry_run=self.reply is None,
            acknowledged=self.reply is not None,
            status=None if self.reply is None else self.reply.status,
        )


def report_ready(
    ports: Ports, root: Root, settings: WireServerSettings, *, dry_run: bool
) -> Reported:
    """Post Ready to WireServer until acknowledged; write it to KVP just before the first post.

    Raises PlatformError or DocumentError if it is not acknowledged in time.
    """

    kvp = _Kvp(ports, root, lambda: success_report(_origin(ports, root, settings.agent_name)))
    delivery = _Delivery(kvp.write)
    try:
        reported = _report(ports, root, settings, None, delivery, dry_run=dry_run)
        kvp.write_late()
    except Stopped as stop:
        stop.effect = delivery.effect_of_stop(_REPEATED_READY)
        raise
    return reported


def report_failure(
    ports: Ports, root: Root, settings: WireServerSettings, line: str, *, dry_run: bool
) -> Reported:
    """Write a failure to KVP at once, even without a network; post it until acknowledged.

    `line` is a provisioning report. Raises PlatformError or DocumentError if the report is
    not acknowledged in time.
    """
    kvp = _Kvp(ports, root, lambda: line)
    if not dry_run:
        kvp.write()
        if kvp.error is None:
            log.info("Reported to the host by Hyper-V KVP: %s", line)
        else:
            log.info("Reporting to WireServer only: %s", kvp.error)
    delivery = _Delivery()
    try:
        try:
            return _report(ports, root, settings, line, delivery, dry_run=dry_run)
        finally:
            kvp.write_late()
    except Stopped as stop:
        stop.effect = delivery.effect_of_stop(_REPEATED_FAILURE)
        raise


def failure_line(
    ports: Ports,
    root: Root,
    agent_name: str,
    reason: str,
    data: Dict[str, str],
    *,
    vm_id: Optional[str] = None,
) -> str:
    """The provisioning report of a failure; `data` holds additional fields.

    `vm_id` is the id that the platform provides, if known; it replaces the firmware's.
    """
    return failure_report(_origin(ports, root, agent_name, vm_id), reason, data)


def _origin(ports: Ports, root: Root, agent_name: str, vm_id: Optional[str] = None) -> Origin:
    return Origin(agent_name, vm_id or read_platform_vm_id(root), ports.clock.timestamp())


def _report(
    ports: Ports,
    root: Root,
    settings: WireServerSettings,
    failure: Optional[str],
    delivery: "_Delivery",
    *,
    dry_run: bool,
) -> Reported:
    """Report Ready, or this failure, until it is acknowledged."""
    if settings.protocol == JSON:
        return _report_by_json(ports, root, settings, failure, delivery, dry_run=dry_run)
    wireserver, retry_loop = open_wireserver(ports, root, settings)

    def attempt() -> Reported:
        goal_state = wireserver.fetch_goal_state()
        delivery.log_goal_state(goal_state)
        health = ready(goal_state) if failure is None else provisioning_failed(goal_state, failure)
        document = render_health_report(health)
        reply = None if dry_run else delivery.post(document, wireserver.post_health)
        return Reported(goal_state, health.state, document, reply)

    log.info(RETRIEVING)
    return retry_loop.run(attempt)


def _report_by_json(
    ports: Ports,
    root: Root,
    settings: WireServerSettings,
    failure: Optional[str],
    delivery: "_Delivery",
    *,
    dry_run: bool,
) -> Reported:
    # Imported only for --protocol json.
    from ..azure.wireserver_json import post_json_health
    from ..formats.platform.health_json import JsonHealth, render_json_health

    health = JsonHealth(READY)
    if failure is not None:
        health = JsonHealth(NOT_READY, Details(PROVISIONING_FAILED, fit_description(failure)))
    document = render_json_health(health)
    if dry_run:
        return Reported(None, health.state, document, None)
    transport, retry_loop = open_connection(ports, root, settings)
    send = partial(post_json_health, transport, retry_loop, agent_name=settings.agent_name)
    reply = retry_loop.run(lambda: delivery.post(document, send))
    return Reported(None, health.state, document, reply)


class _Kvp:
    """A line for the Hyper-V host. The report to WireServer never waits for it."""

    def __init__(self, ports: Ports, root: Root, render: Callable[[], str]) -> None:
        self._ports = ports
        self._root = root
        self._render = render
        #: Why the last attempt failed.
        self.error: Optional[HostError] = None

    def write(self, *, may_wait: bool = False) -> None:
        self.error = None
        try:
            line = self._render()
            send_to_host(self._root, KVP_KEY, line, self._ports.clock, may_wait=may_wait)
        except HostError as error:
            self.error = error

    def write_late(self) -> None:
        """Write a line that could not be written before the report.

        The daemon, if it is installed, may not have started yet, or the pool was locked.
        """
        clock = self._ports.clock
        has_time = has_daemon(self._root) if isinstance(self.error, NoDaemon) else None
        until = clock.now() + (_DAEMON_S if has_time else 0.0)
        while isinstance(self.error, NoDaemon):
            self.write()
            if self.error is None or clock.now() >= until:
                break
            clock.sleep(_DAEMON_POLL_S)
        if isinstance(self.error, PoolLocked):
            self.write(may_wait=True)
        if self.error is not None:
            level = logging.DEBUG if has_time is False else logging.WARNING
            log.log(level, "The host gets no report by Hyper-V KVP: %s", self.error)


class _Delivery:
    """The attempts to deliver one report. Each thing is logged once, and again if it changes."""

    def __init__(self, before_first_post: Callable[[], None] = lambda: None) -> None:
        self._before_first_post = before_first_post
        self._goal_state: Optional[GoalState] = None
        self._document: Optional[bytes] = None
        self._is_on_its_way = self._is_acknowledged = False

    def effect_of_stop(self, repeated: str) -> str:
        """The last words after a signal; `repeated` if the platform may have the report or not.

        Empty if nothing was posted.
        """
        if self._is_acknowledged:
            return _ACKNOWLEDGED
        return repeated if self._is_on_its_way else ""

    def log_goal_state(self, goal_state: GoalState) -> None:
        if goal_state != self._goal_state:
            self._goal_state = goal_state
            log.info("ContainerId: %s", printable(goal_state.container_id))
            log.info("InstanceId: %s", printable(goal_state.instance_id))
            log.info("Incarnation: %s", printable(goal_state.incarnation))

    def post(self, document: bytes, send: Callable[[bytes], Reply]) -> Reply:
        is_first = self._document is None
        if document != self._document:
            self._document = document
            log.info(_SENDING)
            log.info("%s", printable(document.decode("utf-8"), 10000))
        if is_first:
            self._before_first_post()
        was_on_its_way, self._is_on_its_way = self._is_on_its_way, True
        try:
            reply = send(document)
        except (NotConnected, Refused):
            self._is_on_its_way = was_on_its_way
            raise
        self._is_acknowledged = True
        log.info("Response: %s", reply)
        return reply
