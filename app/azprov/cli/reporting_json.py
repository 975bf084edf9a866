"""A report by `--protocol json`; nothing here is imported where that was not asked for."""

from functools import partial
from typing import Callable, Optional

from ..azure.provisioning_health import post_json_health
from ..boot.connect import Ports, open_connection
from ..boot.report import Account, Reported
from ..boot.settings import WireServerSettings
from ..formats.platform.health import (
    NOT_READY,
    PROVISIONING_FAILED,
    READY,
    Details,
    fit_description,
)
from ..formats.platform.health_json import JsonHealth, render_json_health
from ..system.root import Root


def report_by_json(
    settings: WireServerSettings,
    ports: Ports,
    root: Root,
    failure: Optional[str],
    *,
    before_post: Callable[[], None],
    dry_run: bool,
) -> Reported:
    """Report Ready, or a failure, until it is acknowledged. Raises PlatformError.

    `before_post` is called once, before the first attempt to post.
    """
    health = JsonHealth(READY)
    if failure is not None:
        details = Details(PROVISIONING_FAILED, fit_description(failure))
        health = JsonHealth(NOT_READY, details)
    document = render_json_health(health)
    if dry_run:
        return Reported(None, health.state, document, None)
    account = Account(before_post)
    transport, conversation = open_connection(ports, root, settings)
    send = partial(post_json_health, transport, conversation, agent_name=settings.agent_name)
    reply = conversation.retry(lambda: account.post(document, send))
    return Reported(None, health.state, document, reply)
