"""ufw: its policy and rules for outgoing traffic, ufw-framework(8)."""

from typing import Iterator

from ....azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ....formats.host.config_syntax import parse_assignments, uncommented
from ..image import Image
from .output_rules import IPTABLES_ACCEPT, OutputRules

_CONF = "/etc/ufw/ufw.conf"
_DEFAULTS = "/etc/default/ufw"
_USER_RULES = "/etc/ufw/user.rules"
_RULES = "/etc/ufw/before.rules"
# A line of the file that ufw installs.
_LOOPBACK = "-A ufw-before-output -o lo -j ACCEPT"


def reads(image: Image) -> Iterator[OutputRules]:
    enabled = parse_assignments(image.text(_CONF)).get("ENABLED", "").lower()
    if enabled != "yes" or not image.services.starts("ufw"):
        return
    policy = parse_assignments(image.text(_DEFAULTS)).get("DEFAULT_OUTPUT_POLICY", "")
    rules = uncommented(image.text(_USER_RULES) + image.text(_RULES))
    accepts = [rule for rule in rules if "output" in rule and "-j ACCEPT" in rule]
    yield OutputRules(_DEFAULTS, policy.upper() in ("DROP", "REJECT"), accepts, _fix(image))


def _fix(image: Image) -> str:
    if image.root.is_live:
        return " && ".join(
            f"ufw allow out to {address} port 80 proto tcp"
            for address in (WIRESERVER_ADDRESS, IMDS_ADDRESS)
        )
    # In a chroot, ufw would change the rules of the machine on which the image is made.
    line = f"-A ufw-before-output {IPTABLES_ACCEPT}"
    if _LOOPBACK in image.text(_RULES).splitlines():
        return f"sed -i '/^{_LOOPBACK}/a {line}' {image.typed(_RULES)}"
    return f"add to {image.edited(_RULES)}, below *filter and before its COMMIT: {line}"
