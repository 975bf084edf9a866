"""Host names: accepting valid ones and rejecting all others."""

import re

from ...errors import UnusableError
from ..text import printable

# RFC 1123, 2.1: letters, digits and inner hyphens, 1 to 63 in a label.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
# HOST_NAME_MAX of Linux; RFC 1123 would allow 255.
_LIMIT_BYTES = 64
_LONGEST_LABEL = 63


def parse_hostname(text: str) -> str:
    """The host name in lower case, without one trailing line end and one trailing dot.

    Nothing else is repaired. Raises UnusableError for a text that is not a host name, or
    that could be read as an IPv4 address.
    """
    name = text[:-1] if text.endswith("\n") else text
    name = name[:-1] if name.endswith(".") else name
    # Only ASCII letters: str.lower() would turn a Kelvin sign into a "k".
    name = "".join(c.lower() if "A" <= c <= "Z" else c for c in name)
    labels = name.split(".")
    if not name:
        flaw = "empty"
    elif len(name) > _LIMIT_BYTES:
        flaw = f"longer than {_LIMIT_BYTES} characters"
    elif max(map(len, labels)) > _LONGEST_LABEL:
        flaw = f"more than {_LONGEST_LABEL} characters without a dot"
    elif not all(map(_LABEL.match, labels)):
        flaw = "not made of letters, digits and inner hyphens"
    elif all(label.isdigit() for label in labels):
        flaw = "a number or an IP address"
    else:
        return name
    raise UnusableError(
        f"the host name '{printable(text, 80)}' cannot be used: it is {flaw}",
        "deploy the VM with a computer name that is a host name, "
        "or set one by hand with azprov.pyz set-hostname NAME",
    )
