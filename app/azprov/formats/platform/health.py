"""The health report: a VM reports to WireServer that it is ready, or why it is not.

The order and names are those that every agent sends. The goal state has RoleInstance
where the report has Role, and a report of Ready has no Details.
"""

from typing import NamedTuple, Optional

from ...errors import DocumentError
from . import xml
from .goal_state import GoalState

READY = "Ready"
NOT_READY = "NotReady"
PROVISIONING_FAILED = "ProvisioningFailed"

# For more than 4096 characters WireServer always answers 500 (WALinuxAgent #2017, #2020).
# It is not documented whether it counts before or after unescaping. The escaped bytes
# are counted here, because they are never fewer.
DESCRIPTION_LIMIT_BYTES = 4096


class Details(NamedTuple):
    """Why a VM is not ready: a fixed word, and a text for people."""

    substatus: str
    description: str


class HealthReport(NamedTuple):
    incarnation: str
    container_id: str
    instance_id: str
    state: str
    details: Optional[Details] = None


def ready(goal_state: GoalState) -> HealthReport:
    return HealthReport(*goal_state, state=READY)


def provisioning_failed(goal_state: GoalState, reason: str) -> HealthReport:
    """The final report of a VM that will not become ready; a long reason is cut."""
    details = Details(PROVISIONING_FAILED, fit_description(reason))
    return HealthReport(*goal_state, state=NOT_READY, details=details)


def fit_description(text: str, limit_bytes: int = DESCRIPTION_LIMIT_BYTES) -> str:
    """The longest beginning of a text of at most limit_bytes, escaped and in UTF-8.

    Characters that XML does not allow become U+FFFD first.
    """
    text = xml.representable(text)
    room = limit_bytes
    for end, character in enumerate(text):
        room -= len(xml.escape(character).encode("utf-8"))
        if room < 0:
            return text[:end]
    return text


def render_health_report(report: HealthReport) -> bytes:
    """Render a report. Raises ValueError if XML cannot represent a text."""
    health = [xml.Element("State", report.state)]
    if report.details is not None:
        substatus = xml.Element("SubStatus", report.details.substatus)
        description = xml.Element("Description", report.details.description)
        health.append(xml.Element("Details", children=(substatus, description)))
    role = xml.Element(
        "Role",
        children=(
            xml.Element("InstanceId", report.instance_id),
            xml.Element("Health", children=tuple(health)),
        ),
    )
    container = xml.Element(
        "Container",
        children=(
            xml.Element("ContainerId", report.container_id),
            xml.Element("RoleInstanceList", children=(role,)),
        ),
    )
    incarnation = xml.Element("GoalStateIncarnation", report.incarnation)
    return xml.render(xml.Element("Health", children=(incarnation, container)))


def parse_health_report(document: bytes) -> HealthReport:
    """Parse a report as strictly as WireServer may: exactly these elements, in this order.

    Raises DocumentError for any other document.
    """
    health = xml.parse(document, "health report")
    if health.tag != "Health":
        raise DocumentError("document is not a health report")
    _require_exactly(health, "GoalStateIncarnation", "Container")
    _require_exactly(health.at("Container"), "ContainerId", "RoleInstanceList")
    _require_exactly(health.at("Container/RoleInstanceList"), "Role")
    role = health.at("Container/RoleInstanceList/Role")
    _require_exactly(role, "InstanceId", "Health")
    state = role.at("Health")
    details = None
    if len(state.children) == 1:
        _require_exactly(state, "State")
    else:
        _require_exactly(state, "State", "Details")
        _require_exactly(state.at("Details"), "SubStatus", "Description")
        details = Details(state.identifier("Details/SubStatus"), state.leaf("Details/Description"))
    return HealthReport(
        incarnation=health.identifier("GoalStateIncarnation"),
        container_id=health.identifier("Container/ContainerId"),
        instance_id=role.identifier("InstanceId"),
        state=state.identifier("State"),
        details=details,
    )


def _require_exactly(element: xml.Element, *tags: str) -> None:
    if tuple(child.tag for child in element.children) != tags:
        raise DocumentError("{} must hold exactly {}".format(element.tag, ", ".join(tags)))
