"""Reporting to the platform: Ready, or provisioning failed.

The goal state is fetched anew before every post: the identifiers may change
although the incarnation does not.
"""

import logging
from typing import Callable, NamedTuple, Optional

from ..azure.conversation import Conversation
from ..azure.transport import Reply
from ..azure.wireserver import WireServer
from ..formats.platform.goal_state import GoalState
from ..formats.platform.health import HealthReport, render_health_report
from ..formats.text import printable

# The account's first lines are those of the page's script, which people grep for.
RETRIEVING = "Retrieving goal state from the Wireserver"

log = logging.getLogger(__name__)


class Reported(NamedTuple):
    """What was posted for which goal state; no reply if it was only to be shown."""

    #: None where the report names none.
    goal_state: Optional[GoalState]
    state: str
    document: bytes
    reply: Optional[Reply]


def report(
    wireserver: WireServer,
    conversation: Conversation,
    health: Callable[[GoalState], HealthReport],
    *,
    before_post: Callable[[], None],
    dry_run: bool,
) -> Reported:
    """Report until the platform acknowledges. Raises PlatformError or DocumentError.

    `before_post` is called once, when the first post is to be sent.
    """
    account = Account(before_post)

    def attempt() -> Reported:
        goal_state = wireserver.fetch_goal_state()
        account.say_goal_state(goal_state)
        report = health(goal_state)
        document = render_health_report(report)
        reply = None if dry_run else account.post(document, wireserver.post_health)
        return Reported(goal_state, report.state, document, reply)

    log.info(RETRIEVING)
    return conversation.retry(attempt)


class Account:
    """Says what is fetched and sent, once, and again only when it is something else."""

    def __init__(self, before_post: Callable[[], None]) -> None:
        """`before_post` is called before the first post."""
        self._before_post = [before_post]
        self._goal_state: Optional[GoalState] = None
        self._document = b""

    def say_goal_state(self, goal_state: GoalState) -> None:
        if goal_state != self._goal_state:
            self._goal_state = goal_state
            log.info("ContainerId: %s", printable(goal_state.container_id))
            log.info("InstanceId: %s", printable(goal_state.instance_id))
            log.info("Incarnation: %s", printable(goal_state.incarnation))

    def post(self, document: bytes, send: Callable[[bytes], Reply]) -> Reply:
        if document != self._document:
            self._document = document
            log.info("Sending the following data to Wireserver:")
            log.info("%s", printable(document.decode("utf-8"), 10000))
        if self._before_post:
            self._before_post.pop()()
        reply = send(document)
        log.info("Response: %s", reply)
        return reply
