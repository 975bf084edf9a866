"""The goal state: the identifiers of this VM that a health report must contain.

Source: the page "Creating generalized images without a provisioning agent"
and the goal states in the fixtures of cloud-init, walinuxagent and afterburn.
"""

from typing import NamedTuple

from ...errors import DocumentError
from ..text import printable
from . import xml


class GoalState(NamedTuple):
    """The three identifiers that a health report sends back.

    Each is text without white space around it, otherwise unchanged, and never empty.
    They have no fixed form: the incarnation may not be a number, and the container id
    may not be a GUID.
    """

    incarnation: str
    container_id: str
    instance_id: str


def parse_goal_state(document: bytes) -> GoalState:
    """Parse a goal state; the first of several role instances is used.

    Its version and other elements are ignored. Raises DocumentError if the document is
    not a goal state, or if one of the identifiers is missing, empty or not plain text.
    """
    root = xml.parse(document, "goal state")
    if root.tag != "GoalState":
        tag = printable(root.tag[:40])
        raise DocumentError(f"the reply is not a goal state: its root element is {tag}")
    return GoalState(
        incarnation=root.identifier("Incarnation"),
        container_id=root.identifier("Container/ContainerId"),
        instance_id=root.identifier("Container/RoleInstanceList/RoleInstance/InstanceId"),
    )
