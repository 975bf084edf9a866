"""What a first boot or a single request has to do, as values.

The command line reads its options into these values; nothing below it knows argparse.
"""

from typing import Mapping, Optional, Tuple

from .. import __version__
from ..azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS, Endpoint, parse_endpoint
from ..errors import UsageError

AGENT_NAME = "azprov/" + __version__

#: Azure restarts a VM that has not reported after 20 minutes; the last attempt of a
#: boot must be over by then.
DEFAULT_TIMEOUT_S = 900.0
DEFAULT_IMDS_TIMEOUT_S = 300.0
#: For a command that only shows what the platform answers, with a person waiting.
SHOW_TIMEOUT_S = 10.0
LONGEST_IMDS_TIMEOUT_S = 300.0

WIRESERVER_VARIABLE = "AZPROV_WIRESERVER"
IMDS_VARIABLE = "AZPROV_IMDS"
#: Instead of an address: use the one in a DHCP lease, or the default without a lease.
AUTO = "auto"

#: Where users, keys and names are taken from the platform: on Azure VMs, or everywhere.
ON_AZURE, ANYWHERE = "auto", "any"

#: The form of a report: the documented one, and the undocumented newer one.
XML, JSON = "xml", "json"

_WIRESERVER_HINT = f"give it as {AUTO}, {WIRESERVER_ADDRESS} or 127.0.0.1:8080"
_IMDS_HINT = f"give it as {IMDS_ADDRESS} or 127.0.0.1:8080"


# Ordinary classes: each NamedTuple adds half a million instructions to every cold start
# (2.3 million on Python 3.6).


class WireServerSettings:
    """How to talk to WireServer; the time is for all attempts of one report together."""

    def __init__(
        self,
        endpoint: Optional[Endpoint] = None,
        source: str = WIRESERVER_VARIABLE,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        agent_name: str = AGENT_NAME,
        protocol: str = XML,
    ) -> None:
        #: None: use the address in a DHCP lease, or the default without a lease.
        self.endpoint = endpoint
        #: The option or variable that names the endpoint.
        self.source = source
        self.timeout_s = timeout_s
        self.agent_name = agent_name
        #: XML or JSON.
        self.protocol = protocol

    def with_timeout(self, timeout_s: float) -> "WireServerSettings":
        """The same settings with another time limit."""
        return WireServerSettings(
            self.endpoint, self.source, timeout_s, self.agent_name, self.protocol
        )


class ImdsSettings:
    """How to talk to the instance metadata service; the time is for all attempts together."""

    def __init__(
        self,
        endpoint: Optional[Endpoint] = None,
        timeout_s: float = DEFAULT_IMDS_TIMEOUT_S,
        *,
        is_trusted: bool = False,
    ) -> None:
        """An endpoint given by hand is trusted; None is the platform's address."""
        self.endpoint = Endpoint(IMDS_ADDRESS) if endpoint is None else endpoint
        self.timeout_s = timeout_s
        #: Whether the user vouches for its answers on a machine that may not be on Azure.
        self.is_trusted = is_trusted or endpoint is not None


class BootSettings:
    """What the first boot has to do."""

    def __init__(
        self,
        wireserver: WireServerSettings,
        imds: ImdsSettings,
        unit: str,
        *,
        set_hostname: bool = True,
        create_admin_user: bool = False,
        ssh_keys_user: Optional[str] = None,
        keep_enabled: bool = False,
    ) -> None:
        """`unit` is the service to disable; `ssh_keys_user` gets the platform's public keys.

        The time limit of `wireserver` is the deadline for everything the boot sends.
        """
        self.wireserver = wireserver
        self.imds = imds
        self.unit = unit
        self.set_hostname = set_hostname
        self.create_admin_user = create_admin_user
        self.ssh_keys_user = ssh_keys_user
        self.keep_enabled = keep_enabled

    @property
    def is_platform_trusted(self) -> bool:
        """Whether the user vouches for the platform, by --platform any or by an address."""
        return self.imds.is_trusted or self.wireserver.endpoint is not None

    @property
    def has_required_step(self) -> bool:
        """Whether the boot has a step without which Ready must not be reported."""
        return self.create_admin_user or self.ssh_keys_user is not None


def wireserver_endpoint(
    option: Optional[str], environment: Mapping[str, str]
) -> Tuple[Optional[Endpoint], str]:
    """The endpoint from --wireserver, otherwise the variable, and its source; None for `auto`.

    An empty variable counts as unset. Raises UsageError for text that is not a valid address.
    """
    text, source = option, "--wireserver"
    if text is None:
        text, source = environment.get(WIRESERVER_VARIABLE) or AUTO, WIRESERVER_VARIABLE
    return None if text == AUTO else _endpoint(text, source, _WIRESERVER_HINT), source


def imds_endpoint(option: Optional[str], environment: Mapping[str, str]) -> Optional[Endpoint]:
    """The endpoint from --imds, otherwise the variable; None if neither is given.

    An empty variable counts as unset. Raises UsageError for text that is not a valid address.
    """
    text, source = option, "--imds"
    if text is None:
        text, source = environment.get(IMDS_VARIABLE) or None, IMDS_VARIABLE
    return None if text is None else _endpoint(text, source, _IMDS_HINT)


def _endpoint(text: str, source: str, hint: str) -> Endpoint:
    try:
        return parse_endpoint(text)
    except ValueError as error:
        raise UsageError(f"{source} is {error}", hint) from error
