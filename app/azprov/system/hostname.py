"""Setting the host name: in the files and in the kernel, and announcing it by DHCP.

Neither hostnamectl nor D-Bus is used: in minimal images they are missing or start late.
"""

import logging
import socket

from ..errors import HostError, NotPermitted
from ..formats.host.hosts import replace_own_name
from .commands import Commands
from .root import Root

HOSTNAME_FILE = "/etc/hostname"
HOSTS_FILE = "/etc/hosts"

_NETWORKD_LINKS = "/run/systemd/netif/links"
_NETWORK_MANAGER = "/run/NetworkManager"
_RENEW_S = 10.0

log = logging.getLogger(__name__)


def set_hostname(root: Root, name: str, commands: Commands) -> None:
    """Set a name that parse_hostname returned. Idempotent.

    The name is set in the running kernel even if the files cannot be written. Raises the
    first HostError after all changes were tried.
    """
    failures = []
    for change in (_write_hostname, _write_hosts, _set_in_kernel):
        try:
            change(root, name)
        except HostError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    if root.is_live:
        _announce(root, commands)
    log.info("Host name: %s", name)


def read_hostname(root: Root) -> str:
    """The name in /etc/hostname; empty if there is no such file, or it cannot be read."""
    try:
        content = root.read(HOSTNAME_FILE)
    except HostError:
        return ""
    return (content or b"").decode("ascii", "backslashreplace").strip()


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


def _set_in_kernel(root: Root, name: str) -> None:
    if root.is_live and socket.gethostname() != name:
        try:
            socket.sethostname(name)
        except PermissionError as error:
            raise NotPermitted(
                "could not set the host name of the running kernel", "run it as root"
            ) from error
        except OSError as error:
            raise HostError(
                f"could not set the host name of the running kernel ({error.strerror})",
                "restart the machine: /etc/hostname has the new name",
            ) from error


def _announce(root: Root, commands: Commands) -> None:
    """Have the DHCP client send the new name to the server, for Azure's DNS. Best effort."""
    _renew_with_networkd(root, commands)
    _reapply_with_network_manager(root, commands)


def _renew_with_networkd(root: Root, commands: Commands) -> None:
    """Renew the leases of systemd-networkd; the addresses stay.

    networkd, at least up to version 257, sends the old name when it renews (systemd #36440).
    `networkctl reconfigure` would send the new one, but it removes the address until DHCP
    has finished, and a first boot does not risk that.
    """
    for index in root.names(_NETWORKD_LINKS):
        interface = _interface(index)
        if interface != "lo" and commands.run(["networkctl", "renew", interface], limit_s=_RENEW_S):
            log.info(
                "Azure's DNS may have the old name until the next boot, "
                "or until networkctl reconfigure %s",
                interface,
            )


def _reapply_with_network_manager(root: Root, commands: Commands) -> None:
    if root.status(_NETWORK_MANAGER) is None:
        return
    for interface in root.names("/sys/class/net"):
        if interface != "lo":
            commands.run(["nmcli", "device", "reapply", interface], limit_s=_RENEW_S)


def _interface(index: str) -> str:
    """The name of the interface with that number; "lo" if there is no such interface."""
    try:
        return socket.if_indextoname(int(index))
    except (OSError, ValueError):
        return "lo"
