"""All firewalls that azprov knows, and the rules for outgoing traffic in an image."""

from typing import List

from ..image import Image
from . import firewalld, iptables, nftables, ufw
from .output_rules import OutputRules

_READERS = (nftables.reads, iptables.reads, ufw.reads, firewalld.reads)


def read_output_rules(image: Image) -> List[OutputRules]:
    """The rules in each file of a firewall that starts at boot."""
    return [rules for reads in _READERS for rules in reads(image)]
