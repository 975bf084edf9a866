"""iptables: the files that its services load at boot, iptables-restore(8)."""

import re
from typing import Iterator, List

from ....formats.host.config_syntax import uncommented
from ..image import Image
from .output_rules import IPTABLES_ACCEPT, OutputRules

_SERVICES = ("netfilter-persistent", "iptables", "iptables-persistent", "iptables-restore")
_FILES = (
    "/etc/iptables/rules.v4",  # Debian
    "/etc/sysconfig/iptables",  # Red Hat
    "/etc/iptables/iptables.rules",  # Arch Linux, Void
    "/etc/iptables/rules-save",  # Alpine
    "/var/lib/iptables/rules-save",  # Gentoo, Flatcar
    "/etc/systemd/scripts/ip4save",  # Azure Linux, Photon
)


def reads(image: Image) -> Iterator[OutputRules]:
    """The OUTPUT chain of the table filter in each file."""
    if not image.services.starts(*_SERVICES):
        return
    for path in _FILES:
        lines = uncommented(image.text(path).partition("*filter")[2].partition("COMMIT")[0])
        output = [line for line in lines if line.startswith("-A OUTPUT")]
        drops = any(re.match(r":OUTPUT\s+(DROP|REJECT)\b", line) for line in lines) or any(
            re.match(r"-A OUTPUT -j (DROP|REJECT)\b", line) for line in output
        )
        # If the chain passes traffic to another one, a rule there may accept it.
        jumps = [line for line in output if not re.search(r"-j (ACCEPT|DROP|REJECT|LOG)\b", line)]
        accepts = [
            line
            for line in (lines if jumps else output)
            if "-j ACCEPT" in line and "-A INPUT" not in line
        ]
        yield OutputRules(path, drops, accepts, _fix(image, path, lines))


def _fix(image: Image, path: str, lines: List[str]) -> str:
    """Insert a rule before all others of the table filter; other tables have an OUTPUT too."""
    if any(line.startswith(":OUTPUT") for line in lines):
        return (
            "sed -i -e '/^\\*filter/,/^:OUTPUT/{/^:OUTPUT/a "
            f"-A OUTPUT {IPTABLES_ACCEPT}' -e '}}' {image.typed(path)}"
        )
    return (
        f"add to {image.edited(path)}, below *filter and before its other rules: "
        f"-A OUTPUT {IPTABLES_ACCEPT}"
    )
