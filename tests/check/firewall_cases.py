"""Faults and working variants of firewalls."""

from typing import Dict

from check.image_changes import (
    UNIT,
    Wrong,
    direct,
    firewalld,
    first_boot,
    iptables,
    nft,
    policy,
    ufw,
)
from project import ROOT
from sound_image import SYSTEM, WANTS, Change

WRONG_FIREWALL: Dict[str, Wrong] = {
    "nftables: only replies": Wrong(
        "firewall-output", "error", nft("ct state established,related accept")
    ),
    "nftables: other ports": Wrong(
        "firewall-output",
        "error",
        nft("oif lo accept\ntcp dport { 22, 443 } accept; udp dport 53 accept"),
    ),
    "nftables: a last rule that rejects": Wrong(
        "firewall-output", "error", nft("ip daddr 10.0.0.0/8 accept\nreject", policy="accept")
    ),
    "iptables: only replies": Wrong(
        "firewall-output",
        "error",
        iptables("-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -m state --state ESTABLISHED -j ACCEPT"),
    ),
    "iptables: a last rule that drops": Wrong(
        "firewall-output",
        "error",
        iptables("-A OUTPUT -p tcp --dport 443 -j ACCEPT\n-A OUTPUT -j DROP", policy="ACCEPT"),
    ),
    "nftables: an included file drops": Wrong(
        "firewall-output",
        "error",
        {
            **nft("ct state established accept"),
            "etc/nftables.conf": 'include "nftables.d/*.nft"\n',
            "etc/nftables.d/a.nft": "table ip filter {\n chain output {\n"
            "  type filter hook output priority 0\n  policy drop\n }\n}\n",
        },
    ),
    "nftables: WireServer only": Wrong(
        "firewall-metadata", "warning", nft("ip daddr 168.63.129.16 tcp dport 80 accept")
    ),
    "nftables: the metadata service only": Wrong(
        "firewall-output", "error", nft("ip daddr 169.254.0.0/16 tcp dport 80 accept")
    ),
    "nftables: a range with WireServer": Wrong(
        "firewall-metadata", "warning", nft("ip daddr 168.63.129.10-168.63.129.20 accept")
    ),
    "nftables: WireServer only, for a first boot that creates users": Wrong(
        "firewall-metadata",
        "error",
        {
            **nft("ip daddr 168.63.129.16 tcp dport 80 accept"),
            **first_boot("--no-hostname --admin-user"),
            "etc/sudoers.d/x": "",
            "usr/bin/sudo": "program",
        },
    ),
    "iptables: WireServer only": Wrong(
        "firewall-metadata", "warning", iptables("-A OUTPUT -d 168.63.129.16/32 -j ACCEPT")
    ),
    "ufw: denies all": Wrong("firewall-output", "error", ufw("")),
    "ufw: WireServer only": Wrong(
        "firewall-metadata",
        "warning",
        ufw("-A ufw-user-output -p tcp -d 168.63.129.16 --dport 80 -j ACCEPT\n"),
    ),
    "firewalld: a last direct rule that drops": Wrong(
        "firewall-output",
        "error",
        direct("-p tcp -m tcp --dport=443 -j ACCEPT", "-p udp --dport 53 -j ACCEPT", "-j DROP"),
    ),
    "firewalld: a passthrough rule that drops": Wrong(
        "firewall-output",
        "error",
        firewalld(
            "direct.xml",
            '<direct>\n  <passthrough ipv="ipv4">-A OUTPUT -j DROP</passthrough>\n</direct>\n',
        ),
    ),
    "firewalld: direct rules for WireServer only": Wrong(
        "firewall-metadata",
        "warning",
        direct("-d 168.63.129.16 -p tcp --dport 80 -j ACCEPT", "-j REJECT"),
    ),
    "firewalld: a policy that drops": Wrong(
        "firewall-output",
        "error",
        policy('  <service name="dns"/>\n  <port port="443" protocol="tcp"/>\n'),
    ),
    "firewalld: a policy for the default zone": Wrong(
        "firewall-output", "error", policy("", target="REJECT", egress="public")
    ),
    "firewalld: a policy with a rule for WireServer": Wrong(
        "firewall-metadata",
        "warning",
        policy(
            '  <rule family="ipv4">\n    <destination address="168.63.129.16"/>\n'
            '    <port port="80" protocol="tcp"/>\n    <accept/>\n  </rule>\n'
        ),
    ),
}

FINE_FIREWALL: Dict[str, Change] = {
    "nftables: allows both addresses": nft(
        "ct state established accept\nip daddr { 168.63.129.16, 169.254.169.254 } accept"
    ),
    "nftables: allows a network and a range": nft(
        "ip daddr 168.63.129.0/24 accept\nip daddr 169.254.1.0-169.254.169.255 accept"
    ),
    "nftables: allows WireServer, azprov sets no host name": {
        **nft("ip daddr 168.63.129.16 tcp dport 80 accept"),
        f"{SYSTEM}/{UNIT}": (ROOT / "unit" / UNIT)
        .read_text()
        .replace("azprov.pyz provision\n", "azprov.pyz provision --no-hostname\n"),
    },
    "nftables: allows all except a network": nft("ip daddr != 10.0.0.0/8 accept"),
    "nftables: allows all except a state": nft("ct state != invalid accept"),
    "nftables: a rule added by a command": {
        **nft(""),
        "etc/nftables.conf": "table ip t {\n chain out {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n"
        "add rule ip t out tcp dport 80 accept\n",
    },
    "nftables: a chain in two parts": {
        **nft(""),
        "etc/nftables.conf": "table ip t {\n chain out {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n"
        'include "/etc/nftables.d/a.nft"\n',
        "etc/nftables.d/a.nft": "table ip t {\n chain out {\n  tcp dport 80 accept\n }\n}\n",
    },
    "nftables: an include inside a chain": {
        **nft('include "/etc/nftables.d/*"'),
        "etc/nftables.d/a": "tcp dport 80 accept\n",
    },
    "nftables: a file that includes itself": nft('include "/etc/nftables.conf"\naccept'),
    "nftables: drops IPv6 only": {
        **nft(""),
        "etc/nftables.conf": "table ip6 filter {\n chain output {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n",
    },
    "nftables: allows a named set of addresses": nft("ip daddr @platform tcp dport 80 accept"),
    "nftables: allows the port": nft("tcp dport { 53, 80 } accept"),
    "nftables: allows the port by its name": nft("tcp dport { https, http } accept"),
    "nftables: accepts by default": nft("", policy="accept"),
    "nftables: a jump to a chain that allows the port": nft(
        "jump allowed\n}\nchain allowed {\n tcp dport 80 accept"
    ),
    "nftables: allows root": nft("meta skuid 0 accept"),
    "nftables: allows TCP in a set": nft("meta l4proto { tcp, udp } accept"),
    "nftables: not enabled": {
        **nft("ct state established accept"),
        f"{WANTS}/nftables.service": None,
    },
    "iptables: allows both addresses": iptables(
        "-A OUTPUT -d 168.63.129.16/32 -p tcp -j ACCEPT\n-A OUTPUT -d 169.254.169.254 -j ACCEPT"
    ),
    "iptables: allows all except a network": iptables("-A OUTPUT ! -d 10.0.0.0/8 -j ACCEPT"),
    "iptables: allows new connections": iptables(
        "-A OUTPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"
    ),
    "iptables: allows the port": iptables(
        "-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT"
    ),
    "iptables: accepts by default": iptables("-A INPUT -j DROP", policy="ACCEPT"),
    "ufw: allows both addresses": ufw(
        "-A ufw-user-output -p tcp -d 168.63.129.16 --dport 80 -j ACCEPT\n"
        "-A ufw-user-output -p tcp -d 169.254.169.254 --dport 80 -j ACCEPT\n"
    ),
    "firewalld: no rules": firewalld("firewalld.conf", "DefaultZone=public\n"),
    "firewalld: direct rules with both addresses": direct(
        "-d 168.63.129.16,169.254.169.254 -p tcp --dport 80 -j ACCEPT", "-j DROP"
    ),
    "firewalld: direct rules for another chain": direct("-p tcp -j allowed", "-j DROP"),
    "firewalld: direct rules for IPv6": firewalld(
        "direct.xml",
        '<direct>\n  <rule ipv="ipv6" table="filter" chain="OUTPUT" priority="0">-j DROP</rule>\n'
        "</direct>\n",
    ),
    "firewalld: a policy with the port": policy('  <port port="80" protocol="tcp"/>\n'),
    "firewalld: a policy with a service": policy('  <service name="http"/>\n'),
    "firewalld: a policy with a service of its own": {
        **policy('  <service name="azure"/>\n'),
        "etc/firewalld/services/azure.xml": "<service/>\n",
    },
    "firewalld: a policy that continues": policy("", target="CONTINUE"),
    "firewalld: a policy for another zone": policy("", egress="dmz"),
    "ufw: accepts by default": ufw("", policy="ACCEPT"),
    "ufw: not enabled in ufw.conf": {**ufw(""), "etc/ufw/ufw.conf": "ENABLED=no\n"},
}
