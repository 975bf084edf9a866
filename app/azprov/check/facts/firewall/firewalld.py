"""firewalld: its direct rules and policies for outgoing traffic.

Sources: firewalld.direct(5) and firewalld.policy(5), and the files that firewall-offline-cmd of
firewalld 1.3 writes. Zones are about incoming traffic only.
"""

import re
from typing import Dict, Iterator, List, NamedTuple

from ....azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ....formats.host.config_syntax import parse_assignments
from ..image import Image
from .output_rules import IPTABLES_ACCEPT, OutputRules

_CONF = "/etc/firewalld/firewalld.conf"
_DIRECT = "/etc/firewalld/direct.xml"
_POLICIES = ["/etc/firewalld/policies", "/usr/lib/firewalld/policies"]
_SERVICES = "/etc/firewalld/services"
_OUTPUT = re.compile(r"-[AI] OUTPUT ")
_DROP = re.compile(r"-j (DROP|REJECT)\b")
# The targets of rules that accept nothing, and call no other chain that may accept.
_OTHERS = re.compile(r"-j (DROP|REJECT|LOG)\b")
_RICH_RULE = (
    "<rule family='ipv4'><destination address='{}'/><port port='80' protocol='tcp'/><accept/>"
    "</rule>"
)


class _Element(NamedTuple):
    """An element, or the end of one if the name begins with "/", and the text that follows."""

    name: str
    attributes: Dict[str, str]
    text: str


def reads(image: Image) -> Iterator[OutputRules]:
    if not image.services.starts("firewalld"):
        return
    yield _direct(image)
    zone = parse_assignments(image.text(_CONF)).get("DefaultZone", "public")
    for path in image.layered(_POLICIES, ".xml"):
        elements = _elements(image.text(path))
        targets = [one.attributes.get("target") for one in elements if one.name == "policy"]
        zones = [(one.name, one.attributes.get("name")) for one in elements]
        leaves = ("egress-zone", "ANY") in zones or ("egress-zone", zone) in zones
        if set(targets) & {"DROP", "REJECT"} and ("ingress-zone", "HOST") in zones and leaves:
            yield OutputRules(path, True, list(_accepts(image, elements)), _policy_fix(image, path))


def _elements(text: str) -> List[_Element]:
    found = []
    for part in text.split("<")[1:]:
        head, _, after = part.partition(">")
        name, _, rest = head.strip(" /").partition(" ")
        name = f"/{name}" if head.startswith("/") else name
        words = rest.replace("'", '"').split('"')
        keys = [word.strip(" =") for word in words[::2]]
        found.append(_Element(name, dict(zip(keys, words[1::2])), after))
    return found


def _direct(image: Image) -> OutputRules:
    """The rules of iptables that firewalld adds unchanged."""
    rules = []
    for one in _elements(image.text(_DIRECT)):
        if one.attributes.get("ipv") == "ipv4":
            if one.name == "rule" and one.attributes.get("chain") == "OUTPUT":
                rules.append(one.text)
            elif one.name == "passthrough" and _OUTPUT.match(one.text):
                rules.append(_OUTPUT.sub("", one.text))
    return OutputRules(
        _DIRECT,
        any(map(_DROP.match, rules)),
        [rule for rule in rules if not _OTHERS.search(rule)],
        f"add to {image.edited(_DIRECT)}, below <direct>: <rule ipv='ipv4' table='filter' "
        f"chain='OUTPUT' priority='-1'>{IPTABLES_ACCEPT}</rule>",
    )


def _accepts(image: Image, elements: List[_Element]) -> Iterator[str]:
    """What a policy accepts, in the form of rules of iptables."""
    rule: List[str] = []
    is_in_rule = False
    for one in elements:
        condition = _condition(image, one)
        if one.name == "rule":
            rule, is_in_rule = [], True
        elif one.name == "/rule":
            is_in_rule = False
        elif one.name == "accept":
            yield " ".join(rule)
        elif condition and is_in_rule:
            rule.append(condition)
        elif condition:
            yield condition


def _condition(image: Image, element: _Element) -> str:
    attributes = element.attributes
    name = attributes.get("name", "")
    if element.name == "port":
        return f"{attributes.get('protocol')} --dport {attributes.get('port')}"
    if element.name == "destination":
        return f"-d {attributes.get('address', '')}"
    if element.name == "protocol":
        return attributes.get("value", "")
    if element.name != "service":
        return ""
    # A service that the image defines may be for the platform.
    is_known = not image.is_there(f"{_SERVICES}/{name}.xml")
    return f"--dport {80 if name == 'http' else 0}" if is_known else "-j ACCEPT"


def _policy_fix(image: Image, path: str) -> str:
    rules = "".join(map(_RICH_RULE.format, (WIRESERVER_ADDRESS, IMDS_ADDRESS)))
    return f"add to {image.edited(path)}, before </policy>: {rules}"
