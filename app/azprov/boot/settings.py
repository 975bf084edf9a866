"""What a first boot or a single request has to do, as values.

The command line reads its options into these values; nothing below it knows argparse.
"""

from typing import Mapping, NamedTuple, Optional, Tuple

from .. import __version__
from ..azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS, Endpoint, parse_endpoint
from ..errors import UsageError

AGENT_NAME = "azprov/" + __version__

#: Azure restarts a VM that has not reported after 20 minutes; the last attempt of a
#: boot must be over by then.
DEFAULT_TIMEOUT_S = 900.0
DEFAULT_IMDS_TIMEOUT_S = 120.0

WIRESERVER_VARIABLE = "AZPROV_WIRESERVER"
IMDS_VARIABLE = "AZPROV_IMDS"
#: Instead of an address: use the one in a DHCP lease, or the default without a lease.
AUTO = "auto"

#: The form of a report: the documented one, and the undocumented newer one.
XML, JSON = "xml", "json"

_WIRESERVER_HINT = f"give it as {AUTO}, {WIRESERVER_ADDRESS} or 127.0.0.1:8080"
_IMDS_HINT = f"give it as {IMDS_ADDRESS} or 127.0.0.1:8080"


class Address(NamedTuple):
    """The endpoint of a service, and the option or variable that names it."""

    endpoint: Endpoint
    source: str


class WireServerSettings(NamedTuple):
    """How to talk to WireServer."""

    #: None: use the address in a DHCP lease, or the default without a lease.
    address: Optional[Address] = None
    #: For all attempts of one request or report together.
    timeout_s: float = DEFAULT_TIMEOUT_S
    agent_name: str = AGENT_NAME
    #: XML or JSON.
    protocol: str = XML


class ImdsSettings(NamedTuple):
    """How to talk to the instance metadata service."""

    address: Address = Address(Endpoint(IMDS_ADDRESS), IMDS_VARIABLE)
    #: For all attempts of one request together.
    timeout_s: float = DEFAULT_IMDS_TIMEOUT_S


class BootSettings(NamedTuple):
    """What the first boot has to do."""

    #: Its time limit is the deadline for everything the boot sends to the platform.
    wireserver: WireServerSettings
    imds: ImdsSettings
    #: The service to disable after success.
    unit: str
    set_hostname: bool = True
    create_admin_user: bool = False
    #: The user who gets the platform's public keys.
    ssh_keys_user: Optional[str] = None
    keep_enabled: bool = False

    @property
    def has_required_step(self) -> bool:
        """Whether the boot has a step without which Ready must not be reported."""
        return self.create_admin_user or self.ssh_keys_user is not None


def wireserver_address(option: Optional[str], environment: Mapping[str, str]) -> Optional[Address]:
    """The address from --wireserver or else the variable; None means `auto`.

    Raises UsageError for text that is not a valid address.
    """
    text, source = _chosen(option, "--wireserver", environment, WIRESERVER_VARIABLE, AUTO)
    return None if text == AUTO else _address(text, source, _WIRESERVER_HINT)


def imds_address(option: Optional[str], environment: Mapping[str, str]) -> Address:
    """The address from --imds, the variable or the default, in this order.

    Raises UsageError for text that is not a valid address.
    """
    text, source = _chosen(option, "--imds", environment, IMDS_VARIABLE, IMDS_ADDRESS)
    return _address(text, source, _IMDS_HINT)


def _chosen(
    option: Optional[str],
    option_name: str,
    environment: Mapping[str, str],
    variable: str,
    default: str,
) -> Tuple[str, str]:
    """The text that is in effect, and its source."""
    if option is not None:
        return option, option_name
    return environment.get(variable, default), variable


def _address(text: str, source: str, hint: str) -> Address:
    try:
        return Address(parse_endpoint(text), source)
    except ValueError as error:
        raise UsageError(f"{source} is {error}", hint) from error
