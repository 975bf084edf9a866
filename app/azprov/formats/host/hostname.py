"""Host names: accepting valid ones and rejecting all others."""

import re

from ...errors import UnusableError
from ..text import printable

# RFC 1123, 2.1: letters, digits and inner hyphens.
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
# HOST_NAME_MAX of Linux; RFC 1123 would allow 255. Azure allows a computer name of 64
# letters without a dot, although a label of the DNS has at most 63 (Azure's naming rules,
# learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
_LIMIT_BYTES = 64


def parse_hostname(text: str) -> str:
    """The host name without one trailing line end and one trailing dot.

    Upper and lower case are kept, and nothing else is repaired. Raises UnusableError for
    a text that is not a host name, or that could be read as an IPv4 address.
    """
    name = text[:-1] if text.endswith("\n") else text
    name = name[:-1] if name.endswith(".") else name
    labels = name.split(".")
    if not name:
        flaw = "empty"
    elif len(name) > _LIMIT_BYTES:
        flaw = f"longer than {_LIMIT_BYTES} characters"
    elif not all(map(_LABEL.match, labels)):
        flaw = "not made of letters, digits and inner hyphens"
    elif all(map(_is_number, labels)):
        flaw = "a number or an IP address"
    else:
        return name
    raise UnusableError(
        f"the host name '{printable(text, 80)}' cannot be used: it is {flaw}",
        "deploy the VM with a computer name that is a host name, "
        "or set one by hand on the VM with azprov.pyz set-hostname NAME",
    )


def _is_number(label: str) -> bool:
    """Whether inet_aton(3) reads the label as a part of an IPv4 address: 127, 0177 or 0x7f."""
    digits = label.lower()
    return digits.isdigit() or (digits[:2] == "0x" and set(digits[2:]) <= set("0123456789abcdef"))
