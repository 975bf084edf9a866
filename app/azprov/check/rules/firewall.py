"""Whether a firewall of the image keeps azprov from WireServer or the metadata service.

Rule of this file: only what is drop or reject for all that leaves is judged, and any
rule that might let the request out is taken to do so.
"""

import fnmatch
import ipaddress
import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from ...azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ...formats.host.config_syntax import parse_assignments, uncommented
from ...image.service_file import makes_users
from ..facts.azprov_service import installed_options
from ..facts.image import Image
from ..finding import ERROR, WARNING, Finding

_BOTH = f"{WIRESERVER_ADDRESS},{IMDS_ADDRESS}"
_NFT_FILES = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft")
_IPTABLES_FILES = (
    *("/etc/iptables/rules.v4", "/etc/sysconfig/iptables"),
    *("/etc/iptables/iptables.rules", "/etc/iptables/rules-save"),
)
_IPTABLES_SERVICES = ("netfilter-persistent", "iptables", "iptables-persistent")
_UFW_RULES = "/etc/ufw/before.rules"
_UFW_LOOPBACK = "-A ufw-before-output -o lo -j ACCEPT"
# nft(8): those of other families see no IPv4, or no packets of the VM itself.
_OTHER_FAMILIES = ("ip6", "arp", "bridge", "netdev")
_TABLE = re.compile(r"\btable\s+(?:(\w+)\s+)?(\S+)\s*\{")
_CHAIN = re.compile(r"\bchain\s+(\S+)\s*\{")
_HOOK = re.compile(r"\bhook\s+output\b")
_INCLUDE = re.compile(r"\binclude\s+\"([^\"\n]+)\"")
_MOST_FILES = 50
_OPEN_NFT = f"ip daddr {{{_BOTH}}} tcp dport 80 accept"
_OPEN_IPTABLES = f"-d {_BOTH} -p tcp --dport 80 -j ACCEPT"
# What makes a rule one that is not about a new connection to port 80 of the platform.
_OTHER_DEVICE = re.compile(r"\boif(name)?\s+\"?lo\b|-o\s+lo\b")
_OTHER_PROTOCOL = re.compile(r"\b(icmp|icmpv6|ipv6-icmp|udp|ip6)\b")
_PORTS = re.compile(r"(?:dport|dports)\s+(\{[^}]*\}|\S+)")
_TARGETS = re.compile(r"(?:\bdaddr|(?<!\S)-d|--destination)\s+(\{[^}]*\}|\S+)")
_STATES = re.compile(r"(?:ct state|--state|--ctstate)\s+(\{[^}]*\}|\S+(?:\s*,\s*\S+)*)")


class _Firewall(NamedTuple):
    """A file with rules, what is done with what no rule speaks of, and how to open it."""

    path: str
    drops: bool
    #: The rules that let something out.
    accepts: List[str]
    mend: str


def check_firewall(image: Image) -> Iterator[Finding]:
    """Azure's pages on 168.63.129.16 and on the metadata service: both at TCP port 80."""
    for firewall in [*_nftables(image), *_iptables(image), *_ufw(image)]:
        closed = [
            address
            for address in (WIRESERVER_ADDRESS, IMDS_ADDRESS)
            if firewall.drops and not any(_may_reach(rule, address) for rule in firewall.accepts)
        ]
        if not closed:
            continue
        what = (
            f"{image.shown(firewall.path)} drops what the VM sends and lets nothing out to "
            f"{' and '.join(closed)}, TCP port 80, so "
        )
        options = installed_options(image)
        if WIRESERVER_ADDRESS in closed:
            yield Finding(
                "firewall-output",
                ERROR,
                f"{what}azprov cannot report and the deployment fails after 40 minutes",
                firewall.mend,
            )
        elif makes_users(options):
            yield Finding(
                "firewall-metadata",
                ERROR,
                f"{what}the first boot does not learn of the user's keys and reports that "
                "provisioning failed",
                firewall.mend,
            )
        elif "--no-hostname" not in options:
            yield Finding(
                "firewall-metadata",
                WARNING,
                f"{what}a VM does not learn its host name",
                firewall.mend,
            )


def _may_reach(rule: str, address: str) -> bool:
    """Whether a rule that accepts could be about a request to an address."""
    # All but something.
    if "!" in rule:
        return True
    if _OTHER_DEVICE.search(rule) or (_OTHER_PROTOCOL.search(rule) and "tcp" not in rule):
        return False
    states = _STATES.search(rule)
    if states and "new" not in states.group(1).lower():
        return False
    ports = _PORTS.search(rule)
    if ports and not re.search(r"(?<!\d)80(?!\d)|http(?!s)|-|:|[$@]", ports.group(1)):
        return False
    targets = _TARGETS.search(rule)
    return targets is None or any(
        _covers(network, address) for network in re.findall(r"[^\s{},]+", targets.group(1))
    )


def _covers(network: str, address: str) -> bool:
    """Whether a network has an address; one that is only named may have it."""
    first, dash, last = network.partition("-")
    try:
        if dash:
            ends = [ipaddress.ip_address(end) for end in (first, last)]
            return int(ends[0]) <= int(ipaddress.ip_address(address)) <= int(ends[1])
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return True


def _nftables(image: Image) -> Iterator[_Firewall]:
    if not image.services.starts("nftables"):
        return
    for main in _NFT_FILES:
        texts: Dict[str, str] = {}
        text = _expanded(image, main, texts)
        for name, chain in _chains(text).items():
            if not _HOOK.search(chain):
                continue
            policy = re.search(r"\bpolicy\s+(\w+)", chain)
            rules = [rule.strip() for rule in re.split(r"[;\n]", chain)]
            ends = [rule for rule in rules if re.match(r"(counter\s+)?(drop|reject\b.*)\Z", rule)]
            # A rule that hands over to another chain makes every rule of the file one of these.
            if re.search(r"\b(jump|goto|vmap)\b", chain):
                rules = re.split(r"[;\n]", text)
            rules += re.findall(rf"\brule\s[^;\n]*\s{re.escape(name)}\s[^;\n]*", text)
            accepts = [
                rule
                for rule in rules
                if re.search(r"\baccept\b", rule) and "hook" not in rule and "policy" not in rule
            ]
            path = next((path for path in texts if _HOOK.search(texts[path])), main)
            drops = (policy is not None and policy.group(1) == "drop") or bool(ends)
            yield _Firewall(path, drops, accepts, _mend_nft(image, path))


def _expanded(image: Image, path: str, texts: Dict[str, str]) -> str:
    """A file without comments, what it includes in place; `texts` gets each file's own."""
    if path in texts or len(texts) >= _MOST_FILES:
        return ""
    lines = uncommented(image.text(path))
    texts[path] = "\n".join(line.partition("#")[0] for line in lines)
    return _INCLUDE.sub(
        lambda match: "\n".join(
            _expanded(image, one, texts) for one in _included(image, match.group(1))
        ),
        texts[path],
    )


def _included(image: Image, pattern: str) -> List[str]:
    """The files that an include names, in /etc where it says no folder: nft(8)."""
    folder, _, name = (pattern if pattern.startswith("/") else f"/etc/{pattern}").rpartition("/")
    return [
        path
        for path in image.matching(folder)
        if fnmatch.fnmatchcase(path.rpartition("/")[2], name)
    ]


def _chains(text: str) -> Dict[str, str]:
    """What stands between the braces of each chain that sees IPv4; a chain may come in parts."""
    found: Dict[Tuple[str, str], str] = {}
    for match in _CHAIN.finditer(text):
        tables = _TABLE.findall(text[: match.start()])
        family, table = tables[-1] if tables else ("", "")
        if family in _OTHER_FAMILIES:
            continue
        depth = 1
        for end in range(match.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                key = (table, match.group(1))
                found[key] = f"{found.get(key, '')}{text[match.end() : end]}\n"
                break
    return {name: chain for (_, name), chain in found.items()}


def _mend_nft(image: Image, path: str) -> str:
    lines = [line for line in image.text(path).splitlines() if "hook output" in line]
    if len(lines) == 1 and not lines[0].lstrip().startswith("#") and "}" not in lines[0]:
        return f"sed -i '/hook output/a {_OPEN_NFT}' {image.typed(path)}"
    return f"add to the chain with hook output in {image.shown(path)}: {_OPEN_NFT}"


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
        accepts = [line for line in accepts if "-A INPUT" not in line]
        yield _Firewall(path, drops, accepts, _mend_iptables(image, path, lines))


def _mend_iptables(image: Image, path: str, lines: List[str]) -> str:
    """Before all other rules, and in the table filter, as others have a chain OUTPUT too."""
    if any(line.startswith(":OUTPUT") for line in lines):
        return (
            "sed -i -e '/^\\*filter/,/^:OUTPUT/{/^:OUTPUT/a "
            f"-A OUTPUT {_OPEN_IPTABLES}' -e '}}' {image.typed(path)}"
        )
    return (
        f"add to {image.shown(path)}, below *filter and before its other rules: "
        f"-A OUTPUT {_OPEN_IPTABLES}"
    )


def _ufw(image: Image) -> Iterator[_Firewall]:
    enabled = parse_assignments(image.text("/etc/ufw/ufw.conf")).get("ENABLED", "").lower()
    if enabled != "yes" or not image.services.starts("ufw"):
        return
    policy = parse_assignments(image.text("/etc/default/ufw")).get("DEFAULT_OUTPUT_POLICY", "")
    rules = uncommented(image.text("/etc/ufw/user.rules") + image.text(_UFW_RULES))
    accepts = [rule for rule in rules if "output" in rule and "-j ACCEPT" in rule]
    drops = policy.upper() in ("DROP", "REJECT")
    yield _Firewall("/etc/default/ufw", drops, accepts, _mend_ufw(image))


def _mend_ufw(image: Image) -> str:
    if image.root.is_live:
        return " && ".join(
            f"ufw allow out to {address} port 80 proto tcp"
            for address in (WIRESERVER_ADDRESS, IMDS_ADDRESS)
        )
    # In a chroot ufw would change the rules of the machine that the image is made on.
    line = f"-A ufw-before-output {_OPEN_IPTABLES}"
    if _UFW_LOOPBACK in image.text(_UFW_RULES).splitlines():
        return f"sed -i '/^{_UFW_LOOPBACK}/a {line}' {image.typed(_UFW_RULES)}"
    return f"add to {image.shown(_UFW_RULES)}, below *filter and before its COMMIT: {line}"


RULES = (check_firewall,)
