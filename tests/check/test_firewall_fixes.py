"""The fixes of findings about firewalls."""

import subprocess
from pathlib import Path
from typing import Dict, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.firewall_cases import WRONG_FIREWALL
from check.image_changes import direct, firewall, found, iptables, nft, policy, ufw
from sound_image import Change, change

#: Firewalls whose fix is a command.
CLOSED: Dict[str, Change] = {
    "nftables": nft("oif lo accept"),
    "nftables with an included file": WRONG_FIREWALL["nftables: an included file drops"].done,
    "nftables, for a first boot that creates users": WRONG_FIREWALL[
        "nftables: WireServer only, for a first boot that creates users"
    ].done,
    "iptables": {
        **iptables(""),
        "etc/iptables/rules.v4": "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*filter\n"
        ":OUTPUT DROP [0:0]\n:x - [0:0]\n-A OUTPUT -j x\nCOMMIT\n",
    },
    "ufw": ufw(""),
}


@pytest.mark.parametrize("case", CLOSED)
def test_the_fix_opens_a_firewall(image: Path, case: str) -> None:
    """The pasted command opens the firewall of the image to both addresses."""
    change(image, CLOSED[case])
    (finding,) = check(Image(Root(str(image))))

    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert found(image) == []


def test_the_ufw_command_is_used_on_a_running_machine_only(image: Path) -> None:
    """The ufw command would change the firewall of the machine on which an image is made."""
    change(image, ufw(""))
    machine = Root(str(image))
    machine.is_live = True

    (fix,) = [one.fix for one in check(Image(machine)) if one.rule == "firewall-output"]

    assert fix == (
        "ufw allow out to 168.63.129.16 port 80 proto tcp && "
        "ufw allow out to 169.254.169.254 port 80 proto tcp"
    )


#: Firewalls in an unusual form, and the beginning of the fix.
CLOSED_OTHERWISE: Dict[str, Tuple[Change, str]] = {
    "nftables on one line": (
        firewall(
            "nftables.service",
            "etc/nftables.conf",
            "table ip f { chain o { type filter hook output priority 0; policy drop; }; }\n",
        ),
        "add to the chain with hook output in {image}/etc/nftables.conf: ip daddr ",
    ),
    "iptables without a policy": (
        firewall(
            "netfilter-persistent.service",
            "etc/iptables/rules.v4",
            "*filter\n-A OUTPUT -j DROP\nCOMMIT\n",
        ),
        "add to {image}/etc/iptables/rules.v4, below *filter and before its other rules: -A OUTPUT",
    ),
    "firewalld with direct rules": (
        direct("-j DROP"),
        "add to {image}/etc/firewalld/direct.xml, below <direct>: <rule ipv='ipv4' ",
    ),
    "firewalld with a policy": (
        policy(""),
        "add to {image}/etc/firewalld/policies/out.xml, before </policy>: <rule family='ipv4'>",
    ),
    "ufw with rules of its own": (
        {**ufw(""), "etc/ufw/before.rules": "*filter\nCOMMIT\n"},
        "add to {image}/etc/ufw/before.rules, below *filter and before its COMMIT: -A ufw-before-",
    ),
}


@pytest.mark.parametrize("case", CLOSED_OTHERWISE)
def test_the_fix_of_an_unusual_firewall_names_file_and_line(image: Path, case: str) -> None:
    """A file that no command can edit safely is edited by hand."""
    done, fix = CLOSED_OTHERWISE[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix.startswith(fix.format(image=image))
