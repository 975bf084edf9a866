"""The metadata service (IMDS) of the simulated platform: the instance, and the versions.

Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service, read
2026-11-22. Attested data and the data of pre-provisioned VMs are answered with 404: a simulated
platform can sign nothing, and agents take the second 404 as "not yet".
"""

import json
import re
from typing import Any, Dict, List, Tuple

from .scenario import Reply, Scenario
from .server import Request

_INSTANCE = "/metadata/instance"
_VERSIONS = "/metadata/versions"
# Every date is accepted: agents use versions that the page does not list, such as 2021-08-01.
_VERSION = re.compile(r"20(?:1[7-9]|2[0-9])-[01][0-9]-[0-3][0-9]\Z")
# The oldest that the page lists, some that agents ask for, and the newest.
_LISTED_VERSIONS = [
    "2017-03-01",
    "2018-02-01",
    "2019-06-01",
    "2020-10-01",
    "2021-01-01",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
]
# The first versions that have a value of compute. Older requests get an answer without it.
_SINCE = {
    "azEnvironment": "2018-10-01",
    "osProfile": "2020-07-15",
    "osProfile/disablePasswordAuthentication": "2020-10-01",
    "provider": "2018-10-01",
    "publicKeys": "2018-04-02",
    "resourceId": "2019-03-11",
    "userData": "2021-01-01",
}
#: The MAC address of the VM's only network interface, as the metadata service writes it.
MAC_ADDRESS = "000D3A000004"


def answer_metadata(request: Request, scenario: Scenario, vm_id: str) -> Reply:
    """The reply for a VM of a scenario."""
    path, _, query = request.target.partition("?")
    if request.headers.get("Metadata", "").lower() != "true":
        return _error(400, "Bad request. Required metadata header not specified or not correct.")
    if "X-Forwarded-For" in request.headers:
        return _error(400, "Bad request. Requests with X-Forwarded-For are not served.")
    if request.method != "GET":
        return _error(405, "Method not allowed.")
    if path == _VERSIONS:
        return Reply(200, _json({"apiVersions": _LISTED_VERSIONS}))
    if not f"{path}/".startswith(f"{_INSTANCE}/"):
        return _error(404, "Not found.")
    pairs = [part.partition("=")[::2] for part in query.split("&")]
    parameters = dict(pairs)
    version = parameters.get("api-version", "")
    if len(parameters) != len(pairs) or not _VERSION.match(version):
        newest = {"newest-versions": _LISTED_VERSIONS[:-4:-1]}
        return _error(400, "Bad request. api-version is invalid or was not specified.", **newest)
    instance = {"compute": _compute(scenario, vm_id, version), "network": _network()}
    found, value = _find(instance, [name for name in path[len(_INSTANCE) :].split("/") if name])
    if not found:
        return _error(404, "Not found.")
    is_leaf = isinstance(value, str)
    if is_leaf != (parameters.get("format", "json") == "text"):
        return _error(400, "Bad request. The value needs another format.")
    return Reply(200, value.encode("utf-8") if is_leaf else _json(value))


def _compute(scenario: Scenario, vm_id: str, version: str) -> Dict[str, Any]:
    name, user = scenario.computer_name, scenario.admin_username
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rehearsal"
    profile = {
        "adminUsername": user,
        "computerName": name,
        "disablePasswordAuthentication": "true",
    }
    keys = f"/home/{user}/.ssh/authorized_keys"
    compute = {
        "azEnvironment": "AzurePublicCloud",
        "location": "rehearsal",
        "name": name,
        "offer": "",
        "osProfile": {
            member: value
            for member, value in profile.items()
            if version >= _SINCE.get(f"osProfile/{member}", "")
        },
        "osType": "Linux",
        "placementGroupId": "",
        "platformFaultDomain": "0",
        "platformUpdateDomain": "0",
        "provider": "Microsoft.Compute",
        "publicKeys": [{"keyData": key, "path": keys} for key in scenario.public_keys],
        "publisher": "",
        "resourceGroupName": "rehearsal",
        "resourceId": f"{group}/providers/Microsoft.Compute/virtualMachines/{name}",
        "sku": "",
        "subscriptionId": "00000000-0000-0000-0000-000000000000",
        "tags": "",
        "userData": "",
        "version": "",
        "vmId": vm_id,
        "vmScaleSetName": "",
        "vmSize": "Standard_D2s_v5",
        "zone": "",
    }
    return {member: compute[member] for member in compute if version >= _SINCE.get(member, "")}


def _network() -> Dict[str, Any]:
    ipv4 = {
        "ipAddress": [{"privateIpAddress": "10.0.0.4", "publicIpAddress": ""}],
        "subnet": [{"address": "10.0.0.0", "prefix": "24"}],
    }
    return {"interface": [{"ipv4": ipv4, "ipv6": {"ipAddress": []}, "macAddress": MAC_ADDRESS}]}


def _find(value: Any, names: List[str]) -> Tuple[bool, Any]:
    """Whether there is a value at a path, and the value."""
    for name in names:
        if isinstance(value, list) and re.match(r"[0-9]{1,3}\Z", name) and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return False, None
    return True, value


def _error(status: int, text: str, **more: Any) -> Reply:
    return Reply(status, _json(dict(more, error=text)))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")
