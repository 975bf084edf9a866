"""The goal state: which incarnation of this VM the platform wants to hear about.

Source: the page "Creating generalized images without a provisioning agent"
and the goal states in the fixtures of cloud-init, walinuxagent and afterburn.
"""

from typing import NamedTuple

from ...errors import DocumentError
from . import xml


class GoalState(NamedTuple):
    """The three identifiers that a health report echoes.

    Text, to be sent back as it came but for the white space around it; none is
    empty. No form is promised: an incarnation need not be a number, nor a
    container id a GUID.
    """

    incarnation: str
    container_id: str
    instance_id: str


def parse_goal_state(document: bytes) -> GoalState:
    """Parse a goal state; of several role instances the first one counts.

    Its version and all else that it holds are not looked at. Raises
    DocumentError if it is no goal state or one of the identifiers is missing,
    empty, or not plain text.
    """
    root = xml.parse(document, "goal state")
    if root.tag != "GoalState":
        raise DocumentError(f"the answer is no goal state, its root element is {root.tag[:40]}")
    return GoalState(
        incarnation=root.identifier("Incarnation"),
        container_id=root.identifier("Container/ContainerId"),
        instance_id=root.identifier("Container/RoleInstanceList/RoleInstance/InstanceId"),
    )


def render_goal_state(goal_state: GoalState) -> bytes:
    """Render a goal state of one started role instance, as WireServer sends it."""
    role_instance = xml.Element(
        "RoleInstance",
        children=(
            xml.Element("InstanceId", goal_state.instance_id),
            xml.Element("State", "Started"),
        ),
    )
    container = xml.Element(
        "Container",
        children=(
            xml.Element("ContainerId", goal_state.container_id),
            xml.Element("RoleInstanceList", children=(role_instance,)),
        ),
    )
    machine = xml.Element("Machine", children=(xml.Element("ExpectedState", "Started"),))
    return xml.render(
        xml.Element(
            "GoalState",
            children=(
                xml.Element("Version", "2012-11-30"),
                xml.Element("Incarnation", goal_state.incarnation),
                machine,
                container,
            ),
        )
    )
