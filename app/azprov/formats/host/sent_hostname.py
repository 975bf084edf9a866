"""Fixed host names in the settings of DHCP clients, which send them with every request.

Sources: sysconfig's ifcfg files of Red Hat and SUSE, dhclient.conf(5), dhcpcd.conf(5),
interfaces(5), systemd.network(5), NetworkManager's nm-settings-keyfile(5), netplan(5).
"""

import re
from typing import Callable, Dict, List

IFCFG, SUSE, DHCLIENT, DHCPCD = "ifcfg", "SUSE", "dhclient", "dhcpcd"
INTERFACES, NETWORKD, KEYFILE, NETPLAN = "interfaces", "networkd", "keyfile", "netplan"

_IFCFG = re.compile(rb"[ \t]*(?:export[ \t]+)?(?:DHCP_HOSTNAME|HOSTNAME)=")
_SUSE = re.compile(rb"DHCLIENT_HOSTNAME_OPTION=(?![\"']?AUTO)")
_DHCLIENT = re.compile(rb"[ \t]*send[ \t]+host-name[ \t]*(?:=[ \t]*)?\"")
_DHCPCD = re.compile(rb"[ \t]*hostname[ \t]+[^ \t#]")
# buildroot has `hostname $(hostname)`, which the shell of ifup replaces.
_INTERFACES = re.compile(rb"[ \t]*hostname[ \t]+[^\s$`]")
_NETWORKD = re.compile(rb"[ \t]*Hostname[ \t]*=[ \t]*\S")
_KEYFILE = re.compile(rb"[ \t]*dhcp-hostname[ \t]*=[ \t]*\S")
_NETPLAN = re.compile(rb"[ ]+hostname:[ ]*[^ #]")


def without_sent_hostname(content: bytes, kind: str) -> bytes:
    """The settings of that kind, such as IFCFG, without a host name that never changes.

    The client then sends the name that the machine has. Other lines stay byte for byte.
    """
    lines = content.splitlines(keepends=True)
    return b"".join(_EDITS[kind](lines))


def _removes(matches: Callable[[bytes], object]) -> Callable[[List[bytes]], List[bytes]]:
    return lambda lines: [line for line in lines if not matches(line)]


def _replaces(
    matches: Callable[[bytes], object], new: bytes
) -> Callable[[List[bytes]], List[bytes]]:
    return lambda lines: [new if matches(line) else line for line in lines]


def _without_netplan_name(lines: List[bytes]) -> List[bytes]:
    """Without the name and a mapping that would be empty: netplan refuses an empty mapping."""
    kept: List[bytes] = []
    for number, line in enumerate(lines):
        if not _NETPLAN.match(line):
            kept.append(line)
            continue
        following = lines[number + 1] if number + 1 < len(lines) else b""
        parent = kept[-1] if kept else b""
        is_only = _indent(parent) < _indent(line) > _indent(following)
        if is_only and parent.rstrip().endswith(b":"):
            kept.pop()
    return kept


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))


_EDITS: Dict[str, Callable[[List[bytes]], List[bytes]]] = {
    IFCFG: _removes(_IFCFG.match),
    SUSE: _replaces(_SUSE.match, b'DHCLIENT_HOSTNAME_OPTION="AUTO"\n'),
    DHCLIENT: _replaces(_DHCLIENT.match, b"send host-name = gethostname();\n"),
    DHCPCD: _replaces(_DHCPCD.match, b"hostname\n"),
    INTERFACES: _removes(_INTERFACES.match),
    NETWORKD: _removes(_NETWORKD.match),
    KEYFILE: _removes(_KEYFILE.match),
    NETPLAN: _without_netplan_name,
}
