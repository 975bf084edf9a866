"""Setting the host name: in the files, in the kernel, and before the DHCP client.

Neither hostnamectl nor D-Bus is needed: both are absent or late in minimal images.
"""

import logging
import socket

from ..errors import HostError, NotPermitted
from ..formats.host.hostname import replace_own_name
from .commands import Commands
from .root import Root

HOSTNAME_FILE = "/etc/hostname"
HOSTS_FILE = "/etc/hosts"

_NETWORKD_LINKS = "/run/systemd/netif/links"
_NETWORK_MANAGER = "/run/NetworkManager"
_RENEW_S = 10.0

log = logging.getLogger(__name__)


def set_hostname(root: Root, name: str, commands: Commands) -> None:
    """Set a name that parse_hostname gave, idempotently.

    The running kernel gets it even where the files cannot be written. Raises
    HostError, once everything was tried that can be.
    """
    failures = []
    for change in (_write_hostname, _write_hosts, _set_live):
        try:
            change(root, name)
        except HostError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    if root.is_live:
        _tell_dhcp_server(root, commands)
    log.info("Host name: %s", name)


def _write_hostname(root: Root, name: str) -> None:
    content = name.encode("ascii") + b"\n"
    if root.read(HOSTNAME_FILE) != content:
        root.write(HOSTNAME_FILE, content)


def _write_hosts(root: Root, name: str) -> None:
    hosts = root.read(HOSTS_FILE)
    if hosts is not None:
        renamed = replace_own_name(hosts, name)
        if renamed != hosts:
            root.write(HOSTS_FILE, renamed)


def _set_live(root: Root, name: str) -> None:
    if root.is_live and socket.gethostname() != name:
        try:
            socket.sethostname(name)
        except PermissionError as error:
            raise NotPermitted("could not set the live host name", "run it as root") from error
        except OSError as error:
            raise HostError(
                f"could not set the live host name ({error.strerror})",
                "the name in /etc/hostname counts from the next boot on",
            ) from error


def _tell_dhcp_server(root: Root, commands: Commands) -> None:
    """Renew the lease, so that Azure's DNS learns the name; the address stays.

    Best effort. networkd up to 257 at least sends the old name in a renewal
    (systemd #36440); `networkctl reconfigure` sends the new one, and takes the
    address away for as long as DHCP takes, which a first boot does not risk.
    """
    for index in root.names(_NETWORKD_LINKS):
        interface = _interface(index)
        if interface != "lo" and commands.run(["networkctl", "renew", interface], limit_s=_RENEW_S):
            log.info(
                "Azure's DNS may know the old name until the next boot, "
                "or until networkctl reconfigure %s",
                interface,
            )
    for interface in root.names("/sys/class/net") if root.status(_NETWORK_MANAGER) else ():
        if interface != "lo":
            commands.run(["nmcli", "device", "reapply", interface], limit_s=_RENEW_S)


def _interface(index: str) -> str:
    """The name of the interface with that index; "lo" for what is none."""
    try:
        return socket.if_indextoname(int(index))
    except (OSError, ValueError):
        return "lo"
