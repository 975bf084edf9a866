"""Setting the host name: in the files, in the kernel, and for Azure's DNS.

Neither hostnamectl nor D-Bus is needed: in minimal images they are missing or start late.
"""

import logging
import socket
from typing import List, Optional

from ...errors import HostError, NotPermitted
from ...formats.host.hosts import replace_own_name
from ..clock import Clock
from ..commands import Commands
from ..root import Root

HOSTNAME_FILE = "/etc/hostname"
HOSTS_FILE = "/etc/hosts"

log = logging.getLogger(__name__)


def set_hostname(root: Root, name: str, commands: Commands, clock: Clock) -> None:
    """Set a name that parse_hostname returned. Idempotent.

    The name is set in the running kernel even if the files cannot be written. Raises the
    first HostError after all changes were tried. If the kernel had another name, the DHCP
    client is asked to send the new one.
    """
    is_new = root.is_live and socket.gethostname() != name
    failures = []
    # /etc/hosts first: its edit looks for the name that /etc/hostname has.
    for change in (write_hosts, _write_hostname, _set_in_kernel):
        try:
            change(root, name)
        except HostError as error:
            failures.append(error)
    if is_new and socket.gethostname() == name:
        # Rarely needed: most boots of a VM do not change its name.
        from .announcement import announce

        announce(root, name, commands, clock)
    if failures:
        raise failures[0]
    log.info("Host name: %s", name)


def write_hosts(root: Root, name: str) -> None:
    """Put a name in place of the machine's own name in /etc/hosts. Raises HostError."""
    renamed = renamed_hosts(root, name)
    if renamed is not None:
        root.write(HOSTS_FILE, renamed)


def renamed_hosts(root: Root, name: str) -> Optional[bytes]:
    """The content of /etc/hosts with a new name for the machine; None if nothing changes."""
    hosts = root.read(HOSTS_FILE)
    if hosts is None:
        return None
    renamed = replace_own_name(hosts, _old_names(root), name)
    return None if renamed == hosts else renamed


def read_hostname(root: Root) -> str:
    """The name in /etc/hostname; empty if there is no such file, or it cannot be read."""
    try:
        content = root.read(HOSTNAME_FILE)
    except HostError:
        return ""
    return (content or b"").decode("ascii", "backslashreplace").strip()


def _old_names(root: Root) -> List[str]:
    """The names of /etc/hostname and of the running kernel; empty if neither has one."""
    names = [read_hostname(root), socket.gethostname() if root.is_live else ""]
    return [name for name in names if name]


def _write_hostname(root: Root, name: str) -> None:
    content = name.encode("ascii") + b"\n"
    if root.read(HOSTNAME_FILE) != content:
        root.write(HOSTNAME_FILE, content)


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
