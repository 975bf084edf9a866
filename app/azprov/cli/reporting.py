"""What the reports share: the line for the host, by KVP as well, and the answer."""

import logging
import time
from typing import Dict, Optional

from ..boot.connect import Ports, open_wireserver
from ..boot.report import Reported, report
from ..boot.settings import JSON, WireServerSettings
from ..errors import HostError
from ..formats.platform.goal_state import GoalState
from ..formats.platform.health import HealthReport, provisioning_failed, ready
from ..formats.platform.provisioning_report import KVP_KEY, Origin, failure_report, success_report
from ..system.kvp import tell_host
from ..system.root import Root
from ..system.vm_id import read_platform_vm_id
from .output import Answer

log = logging.getLogger(__name__)


def report_ready(
    settings: WireServerSettings, ports: Ports, root: Root, *, dry_run: bool
) -> Reported:
    """Report Ready until it is acknowledged; by KVP when it can be posted."""

    def tell_success() -> None:
        try:
            tell_host(root, KVP_KEY, success_report(_origin(settings, root)))
        except HostError as error:
            log.debug("KVP: %s", error)

    if settings.protocol == JSON:
        from .reporting_json import report_by_json

        return report_by_json(
            settings, ports, root, None, before_post=tell_success, dry_run=dry_run
        )
    wireserver, conversation = open_wireserver(ports, root, settings)
    return report(wireserver, conversation, ready, before_post=tell_success, dry_run=dry_run)


def report_failed(
    settings: WireServerSettings, ports: Ports, root: Root, line: str, *, dry_run: bool
) -> Reported:
    """Report a failure until it is acknowledged; by KVP at once, network or not."""

    def failed(goal_state: GoalState) -> HealthReport:
        return provisioning_failed(goal_state, line)

    if not dry_run:
        try:
            tell_host(root, KVP_KEY, line)
            log.info("Told the host by Hyper-V KVP: %s", line)
        except HostError as error:
            log.info("The host is told by WireServer only: %s", error)
    if settings.protocol == JSON:
        from .reporting_json import report_by_json

        return report_by_json(settings, ports, root, line, before_post=_nothing, dry_run=dry_run)
    wireserver, conversation = open_wireserver(ports, root, settings)
    return report(wireserver, conversation, failed, before_post=_nothing, dry_run=dry_run)


def failure_line(
    settings: WireServerSettings,
    root: Root,
    reason: str,
    data: Dict[str, str],
    *,
    vm_id: Optional[str] = None,
) -> str:
    """The provisioning report of a failure, as the host is told it.

    `vm_id` is the platform's own, where it is known.
    """
    origin = _origin(settings, root)
    return failure_report(origin._replace(vm_id=vm_id or origin.vm_id), reason, data)


def answer_of(reported: Reported, *, dry_run: bool) -> Answer:
    goal_state = reported.goal_state
    data = dict(
        dict.fromkeys(GoalState._fields) if goal_state is None else goal_state._asdict(),
        state=reported.state,
        document=reported.document.decode("utf-8"),
        dry_run=dry_run,
        acknowledged=reported.reply is not None,
        status=None if reported.reply is None else reported.reply.status,
    )
    return Answer(reported.document + b"\n" if dry_run else "", data)


def _origin(settings: WireServerSettings, root: Root) -> Origin:
    timestamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    return Origin(settings.agent_name, read_platform_vm_id(root), timestamp)


def _nothing() -> None:
    """A failure is told by KVP before there is anything to post."""
