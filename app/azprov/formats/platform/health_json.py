"""The health report in its newer form: JSON, without the identifiers of a goal state.

Source: azure-init has used it since 2025-08 (libazureinit/src/health.rs, read
2026-11-22). Microsoft does not document it.
"""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ...errors import DocumentError
from .health import Details


class JsonHealth(NamedTuple):
    state: str
    #: Why a VM is not ready; None for Ready.
    details: Optional[Details] = None


def render_json_health(health: JsonHealth) -> bytes:
    """Render a report to one line of ASCII."""
    document: Dict[str, Any] = {"state": health.state}
    if health.details is not None:
        document["details"] = {
            "subStatus": health.details.substatus,
            "description": health.details.description,
        }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def parse_json_health(document: bytes) -> JsonHealth:
    """Parse a report as strictly as WireServer may: exactly these names, with string values.

    Raises DocumentError for any other document.
    """
    try:
        health = json.loads(document.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"health report is not JSON ({str(error)[:80]})") from error
    details = None
    if isinstance(health, dict) and "details" in health:
        _require_exactly(health, "state", "details")
        _require_exactly(health["details"], "subStatus", "description")
        details = Details(
            _text(health["details"]["subStatus"]), _text(health["details"]["description"])
        )
    else:
        _require_exactly(health, "state")
    return JsonHealth(_text(health["state"]), details)


def _without_duplicates(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _require_exactly(value: Any, *names: str) -> None:
    if not isinstance(value, dict) or set(value) != set(names):
        raise DocumentError("health report must hold exactly {}".format(", ".join(names)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DocumentError("health report has a value that is not a string")
    return value
