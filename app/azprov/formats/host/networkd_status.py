"""The lease of an interface in the output of `networkctl --json=short status INTERFACE`."""

import json
from typing import Any, Dict, List, NamedTuple, Optional

_IPV4 = 2  # AF_INET, as networkd writes it


class NetworkdLease(NamedTuple):
    """What the renewal of a lease needs."""

    address: str
    server: str
    #: Option 61; empty if the client sends none.
    client_id: bytes


def parse_networkd_status(content: bytes) -> Optional[NetworkdLease]:
    """The lease by which networkd has configured the interface; None without one.

    A version that does not report the client identifier stores its leases in files. Raises
    ValueError if the output has another form.
    """
    status = _object(json.loads(content.decode("utf-8")))
    client_id = _bytes(_object(status.get("DHCPv4Client", {})).get("ClientIdentifier", []))
    for address in map(_object, _list(status.get("Addresses", []))):
        is_leased = address.get("Family") == _IPV4 and address.get("ConfigSource") == "DHCPv4"
        if is_leased and client_id:
            return NetworkdLease(
                str(address.get("AddressString", "")),
                str(address.get("ConfigProviderString", "")),
                client_id,
            )
    return None


def _object(value: Any) -> Dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError("networkctl has not written the status of an interface")


def _list(value: Any) -> List[Any]:
    if isinstance(value, list):
        return value
    raise ValueError("networkctl has written no list of addresses")


def _bytes(value: Any) -> bytes:
    if isinstance(value, list) and all(isinstance(number, int) for number in value):
        return bytes(value)
    raise ValueError("networkctl has written no client identifier")
