"""The reporter for images without Python: a POSIX shell script of at most 4096 bytes."""

import pkgutil

from ..azure.endpoint import WIRESERVER_ADDRESS
from ..azure.wireserver import GET_S, GOAL_STATE_TARGET, HEALTH_TARGET, POST_S, PROTOCOL_VERSION
from ..formats.platform.goal_state import GoalState
from ..formats.platform.health import ready, render_health_report

#: Longer values would not pass the script's own check of AZPROV_TIMEOUT.
LONGEST_TIMEOUT_S = 99_999

# These lines of reporter.sh are for its authors.
_NOT_PRINTED = "#!"


def render_reporter(timeout_s: int, agent_name: str) -> str:
    """The script, with the values of the client; `timeout_s` is from 1 to LONGEST_TIMEOUT_S.

    It is the same script as reporter.sh, without indentation and without the comments for authors.
    """
    ids = GoalState("$inc", "$con", "$ins")
    document = render_health_report(ready(ids)).decode("ascii").replace('"', '\\"')
    first, *rest = (pkgutil.get_data(__name__, "reporter.sh") or b"").decode("ascii").splitlines()
    lines = (line.lstrip("\t") for line in rest)
    text = "\n".join([first, *(line for line in lines if not line.startswith(_NOT_PRINTED)), ""])
    for name, value in (
        ("ADDRESS", WIRESERVER_ADDRESS),
        ("TIMEOUT", str(timeout_s)),
        ("PROTOCOL", PROTOCOL_VERSION),
        ("AGENT", agent_name),
        ("GOAL_STATE", GOAL_STATE_TARGET),
        ("HEALTH", HEALTH_TARGET),
        ("GET_S", f"{GET_S:.0f}"),
        ("POST_S", f"{POST_S:.0f}"),
        ("DOCUMENT", document),
    ):
        text = text.replace(f"@{name}@", value)
    return text
