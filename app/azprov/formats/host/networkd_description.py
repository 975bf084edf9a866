"""networkd's varlink reply to io.systemd.Network.Describe: all interfaces, with their leases.

networkd stores no leases in files since systemd 262. Both functions raise ValueError with a
sentence that names the error.
"""

import json
from typing import Any, Callable, Dict, NamedTuple, Optional, TypeVar

T = TypeVar("T")

# The networkd of systemd 257 has no such method, and stores its leases: https://varlink.org
_NO_METHOD = "org.varlink.service.MethodNotFound"


class NetworkdLease(NamedTuple):
    """What the renewal of a lease needs."""

    address: str
    server: str
    #: Option 61; empty if the client sends none.
    client_id: bytes


def parse_described_leases(reply: bytes) -> Dict[str, NetworkdLease]:
    """The lease of each interface that has one, with a client identifier."""
    return read_interfaces(reply, _lease_of)


def read_interfaces(reply: bytes, read: Callable[[Dict[str, Any]], Optional[T]]) -> Dict[str, T]:
    """What a function finds in the description of each interface, by the interface's name.

    Nothing is found if this networkd cannot describe its interfaces.
    """
    try:
        answer = json.loads(reply.decode("utf-8"))
        is_refused = answer.get("error") == _NO_METHOD
        interfaces = [] if is_refused else answer["parameters"]["Interfaces"]
        found = {interface["Name"]: read(interface) for interface in interfaces}
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError("networkd's description is not JSON") from error
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("networkd's description has an unknown form") from error
    return {name: value for name, value in found.items() if value is not None}


def _lease_of(interface: Dict[str, Any]) -> Optional[NetworkdLease]:
    client_id = bytes(iter(interface.get("DHCPv4Client", {}).get("ClientIdentifier", ())))
    for address in interface.get("Addresses", ()):
        if client_id and address["ConfigSource"] == "DHCPv4":
            server = address["ConfigProviderString"]
            return NetworkdLease(address["AddressString"], str(server), client_id)
    return None
