"""The metadata service (IMDS) of the simulated platform."""

import json
import re
from typing import Any

from .scenarios import Reply, Scenario
from .server import Request

# Versions of the metadata service have the form of a date.
_API_VERSION = re.compile(r"(?:.*&)?api-version=20(?:1[7-9]|2[0-9])-[01][0-9]-[0-3][0-9](?:&|\Z)")
_INSTANCE = "/metadata/instance"


def answer_metadata(request: Request, scenario: Scenario, vm_id: str) -> Reply:
    """The reply for a VM of a scenario."""
    if request.headers.get("Metadata") != "true" or "X-Forwarded-For" in request.headers:
        return Reply(400)
    path, _, query = request.target.partition("?")
    if request.method != "GET" or not f"{path}/".startswith(f"{_INSTANCE}/"):
        return Reply(404)
    if not _API_VERSION.match(query):
        return Reply(400)
    value: Any = _instance(scenario, vm_id)
    for name in filter(None, path[len(_INSTANCE) :].split("/")):
        if not isinstance(value, dict) or name not in value:
            return Reply(404)
        value = value[name]
    is_leaf = isinstance(value, str)
    if is_leaf != ("format=text" in query.split("&")):
        return Reply(400)
    return Reply(200, value.encode() if is_leaf else json.dumps(value).encode("ascii"))


def _instance(scenario: Scenario, vm_id: str) -> Any:
    compute = {
        "name": scenario.computer_name,
        "osProfile": {
            "adminUsername": scenario.admin_username,
            "computerName": scenario.computer_name,
            "disablePasswordAuthentication": "true",
        },
        "publicKeys": [{"keyData": key, "path": ""} for key in scenario.public_keys],
        "vmId": vm_id,
    }
    return {"compute": compute}
