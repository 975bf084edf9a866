"""What a firewall does with outgoing traffic, and whether a request to the platform passes it.

Rule of this file: if a rule might accept the request, it counts as accepting it.
"""

import ipaddress
import re
from typing import List, NamedTuple

from ....azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS

#: Both services of the platform listen on TCP port 80.
BOTH_ADDRESSES = f"{WIRESERVER_ADDRESS},{IMDS_ADDRESS}"
#: The arguments of iptables that accept requests to both.
IPTABLES_ACCEPT = f"-d {BOTH_ADDRESSES} -p tcp --dport 80 -j ACCEPT"

# An IPv6 range, or an address with a prefix length. int() is slow for many digits.
_LONGEST_NETWORK = 100
# The conditions of nftables and iptables that can exclude a new connection to the platform.
_LOOPBACK = re.compile(r"\boif(name)?\s+\"?lo\b|-o\s+lo\b")
_OTHER_PROTOCOL = re.compile(r"\b(icmp|icmpv6|ipv6-icmp|udp|ip6)\b")
# iptables takes a value after a blank or an equals sign.
_PORTS = re.compile(r"(?:dport|dports)[\s=]\s*(\{[^}]*\}|[^\s{]\S*)")
_PORT_80 = re.compile(r"(?<!\d)80(?!\d)|http(?!s)|-|:|[$@]")
_TARGETS = re.compile(r"(?:\bdaddr|(?<!\S)-d|--dst|--destination)[\s=]\s*(\{[^}]*\}|[^\s{]\S*)")
_STATES = re.compile(r"(?:ct state|--state|--ctstate)[\s=]\s*(\{[^}]*\}|\S+(?:\s*,\s*\S+)*)")


class OutputRules(NamedTuple):
    """The rules of one file."""

    path: str
    #: Whether traffic that no rule accepts is dropped or rejected.
    drops: bool
    #: The rules that accept some outgoing traffic.
    accepts: List[str]
    #: The fix that lets requests to the platform pass: a command or an action.
    fix: str

    def blocks(self, address: str) -> bool:
        """Whether a request to TCP port 80 of an IPv4 address cannot pass."""
        return self.drops and not any(_may_accept(rule, address) for rule in self.accepts)


def _may_accept(rule: str, address: str) -> bool:
    # A negated condition excludes little.
    if "!" in rule:
        return True
    if _LOOPBACK.search(rule) or (_OTHER_PROTOCOL.search(rule) and "tcp" not in rule):
        return False
    states = _STATES.search(rule)
    if states and "new" not in states.group(1).lower():
        return False
    ports = _PORTS.search(rule)
    if ports and not _PORT_80.search(ports.group(1)):
        return False
    targets = _TARGETS.search(rule)
    return targets is None or any(
        _covers(network, address) for network in re.findall(r"[^\s{},]+", targets.group(1))
    )


def _covers(network: str, address: str) -> bool:
    """Whether a network or range has an address; the name of a set may stand for any."""
    if len(network) > _LONGEST_NETWORK:
        return True
    first, dash, last = network.partition("-")
    try:
        if dash:
            ends = [ipaddress.ip_address(end) for end in (first, last)]
            return int(ends[0]) <= int(ipaddress.ip_address(address)) <= int(ends[1])
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return True
