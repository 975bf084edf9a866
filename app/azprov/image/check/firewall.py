"""Whether a firewall of the image keeps azprov from WireServer.

Rule of this file: only what is drop or reject for all that leaves is judged, and any
rule that might let the request out is taken to do so.
"""

import ipaddress
import re
from typing import Iterator, List, NamedTuple

from ...documents.settings import parse_assignments, uncommented
from .finding import ERROR, Finding
from .image import Image

_ADDRESS = "168.63.129.16"
_NFT_FILES = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft")
_IPTABLES_FILES = (
    *("/etc/iptables/rules.v4", "/etc/sysconfig/iptables"),
    *("/etc/iptables/iptables.rules", "/etc/iptables/rules-save"),
)
_IPTABLES_SERVICES = ("netfilter-persistent", "iptables", "iptables-persistent")
# What makes a rule one that is not about a new connection to port 80 of WireServer.
_OTHER_DEVICE = re.compile(r"\boif(name)?\s+\"?lo\b|-o\s+lo\b")
_OTHER_PROTOCOL = re.compile(r"\b(icmp|icmpv6|ipv6-icmp|udp|ip6)\b")
_PORTS = re.compile(r"(?:dport|dports)\s+(\{[^}]*\}|\S+)")
_TARGETS = re.compile(r"(?:\bdaddr|(?<!\S)-d|--destination)\s+(?!!)(\{[^}]*\}|\S+)")
_STATES = re.compile(r"(?:ct state|--state|--ctstate)\s+(\{[^}]*\}|\S+(?:\s*,\s*\S+)*)")


class _Firewall(NamedTuple):
    """A file with rules, and what is done with what no rule speaks of."""

    path: str
    drops: bool
    #: The rules that let something out.
    accepts: List[str]


def check_firewall(image: Image) -> Iterator[Finding]:
    """Azure's page on 168.63.129.16: the guest's firewall has to let TCP port 80 out."""
    for firewall in [*_nftables(image), *_iptables(image), *_ufw(image)]:
        if firewall.drops and not any(map(_may_reach, firewall.accepts)):
            yield Finding(
                "firewall-output",
                ERROR,
                f"{image.shown(firewall.path)} drops what the VM sends and lets nothing out to "
                f"{_ADDRESS}, TCP port 80, so azprov cannot report and the deployment fails "
                "after 40 minutes",
                _mend(firewall.path),
            )


def _may_reach(rule: str) -> bool:
    """Whether a rule that accepts could be about the request to WireServer."""
    if _OTHER_DEVICE.search(rule) or (_OTHER_PROTOCOL.search(rule) and "tcp" not in rule):
        return False
    states = _STATES.search(rule)
    if states and "new" not in states.group(1).lower():
        return False
    ports = _PORTS.search(rule)
    if ports and not re.search(r"(?<!\d)80(?!\d)|http(?!s)|-|:|[$@]", ports.group(1)):
        return False
    targets = _TARGETS.search(rule)
    return targets is None or any(map(_covers, re.findall(r"[^\s{},]+", targets.group(1))))


def _covers(network: str) -> bool:
    """Whether a network has WireServer's address; one that is only named may have it."""
    try:
        return ipaddress.ip_address(_ADDRESS) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return True


def _nftables(image: Image) -> Iterator[_Firewall]:
    if not image.services.starts("nftables"):
        return
    for path in _NFT_FILES:
        lines = uncommented(image.text(path))
        text = "\n".join(line.partition("#")[0] for line in lines)
        for chain in _chains(text):
            policy = re.search(r"hook\s+output\b[^;]*;(?:\s*policy\s+(\w+))?", chain)
            if policy is None:
                continue
            rules = [rule.strip() for rule in re.split(r"[;\n]", chain[policy.end() :])]
            ends = [rule for rule in rules if re.match(r"(counter\s+)?(drop|reject\b.*)\Z", rule)]
            # A rule that hands over to another chain makes every rule of the file one of these.
            if re.search(r"\b(jump|goto|vmap)\b", chain):
                rules = re.split(r"[;\n]", text)
            accepts = [
                rule
                for rule in rules
                if re.search(r"\baccept\b", rule) and "hook" not in rule and "policy" not in rule
            ]
            yield _Firewall(path, policy.group(1) == "drop" or bool(ends), accepts)


def _chains(text: str) -> Iterator[str]:
    """What stands between the braces of each chain."""
    for match in re.finditer(r"\bchain\s+\S+\s*\{", text):
        depth = 1
        for end in range(match.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                yield text[match.end() : end]
                break


def _iptables(image: Image) -> Iterator[_Firewall]:
    if not image.services.starts(*_IPTABLES_SERVICES):
        return
    for path in _IPTABLES_FILES:
        lines = uncommented(image.text(path).partition("*filter")[2].partition("COMMIT")[0])
        output = [line for line in lines if line.startswith("-A OUTPUT")]
        drops = any(re.match(r":OUTPUT\s+(DROP|REJECT)\b", line) for line in lines) or any(
            re.match(r"-A OUTPUT -j (DROP|REJECT)\b", line) for line in output
        )
        jumps = [line for line in output if not re.search(r"-j (ACCEPT|DROP|REJECT|LOG)\b", line)]
        accepts = [line for line in (lines if jumps else output) if "-j ACCEPT" in line]
        yield _Firewall(path, drops, [line for line in accepts if "-A INPUT" not in line])


def _ufw(image: Image) -> Iterator[_Firewall]:
    enabled = parse_assignments(image.text("/etc/ufw/ufw.conf")).get("ENABLED", "").lower()
    if enabled != "yes" or not image.services.starts("ufw"):
        return
    policy = parse_assignments(image.text("/etc/default/ufw")).get("DEFAULT_OUTPUT_POLICY", "")
    rules = uncommented(image.text("/etc/ufw/user.rules") + image.text("/etc/ufw/before.rules"))
    accepts = [rule for rule in rules if "output" in rule and "-j ACCEPT" in rule]
    yield _Firewall("/etc/default/ufw", policy.upper() in ("DROP", "REJECT"), accepts)


def _mend(path: str) -> str:
    if "ufw" in path:
        return f"ufw allow out to {_ADDRESS} port 80 proto tcp"
    if "nft" in path:
        return f"add to its output chain: ip daddr {_ADDRESS} tcp dport 80 accept"
    return f"add before the others: -A OUTPUT -d {_ADDRESS} -p tcp --dport 80 -j ACCEPT"


RULES = (check_firewall,)
