"""The address and port of a service of the platform."""

import re
import socket
from typing import NamedTuple

WIRESERVER_ADDRESS = "168.63.129.16"
#: The address of the metadata service.
IMDS_ADDRESS = "169.254.169.254"

_PORTS = range(1, 65536)


class Endpoint(NamedTuple):
    """A numeric address, IPv4 or IPv6, and a TCP port."""

    address: str
    port: int = 80

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return host if self.port == 80 else f"{host}:{self.port}"

    @property
    def family(self) -> int:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


def parse_endpoint(text: str) -> Endpoint:
    """Parse ADDRESS[:PORT] with a numeric address, [IPv6] in brackets, or localhost.

    Other names are not resolved: at first boot there may be no DNS, and a resolver
    has no time limit. Raises ValueError.
    """
    match = re.match(r"(?:\[([^\]:]*:[^\]]*)\]|([^:\[\]]*))(?::([0-9]{1,5}))?\Z", text)
    if match is None:
        raise ValueError(f"not of the form ADDRESS[:PORT]: {text!a}")
    address = match.group(1) or match.group(2)
    if address == "localhost":
        address = "127.0.0.1"
    endpoint = Endpoint(address, int(match.group(3) or 80))
    try:
        socket.inet_pton(endpoint.family, address)
    except (OSError, ValueError) as error:
        raise ValueError(f"not a numeric address: {address!a}") from error
    if endpoint.port not in _PORTS:
        raise ValueError(f"not a TCP port: {endpoint.port}")
    return endpoint
