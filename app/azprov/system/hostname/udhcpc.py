"""udhcpc of busybox: announcing a name by a second request.

udhcpc sends the name of its command line forever. A second udhcpc requests the same
address once with the new name. Its script does nothing, so the interface stays unchanged.
"""

import re
from getopt import GetoptError, gnu_getopt
from typing import Iterator, List, Sequence, Tuple

from ..commands import FOLDERS, Commands
from ..root import Root
from .machine import Sent, address_of, command_lines, hides_processes, run_client

# Of busybox 1.20 to 1.37; the value of -b, -a and others is optional or missing.
_SHORT = "CV:F:h:H:i:np:qRr:s:T:t:SA:O:ox:fBbvc:P:la:"
_LONG = [
    "clientid-none",
    "vendorclass=",
    "hostname=",
    "fqdn=",
    "interface=",
    "now",
    "pidfile=",
    "quit",
    "release",
    "request=",
    "script=",
    "timeout=",
    "retries=",
    "syslog",
    "tryagain=",
    "request-option=",
    "no-default-options",
    "foreground",
    "background",
    "broadcast",
    "client-port=",
    "clientid=",
]
_INTERFACE = ("-i", "--interface")
# These options identify the client, or say how the server should answer.
_KEPT = [
    "-C",
    "-V",
    "-c",
    "-B",
    "-P",
    "-x",
    "--clientid-none",
    "--vendorclass",
    "--clientid",
    "--broadcast",
    "--client-port",
]
_HOST_NAMES = re.compile(r"(?i)(hostname|0x0c|12):")
_PID_FILE = re.compile(r"udhcpc[.-](.+)\.pid\Z")


def announce(root: Root, name: str, commands: Commands) -> Iterator[Sent]:
    for words in _command_lines(root):
        interface, options = _options(words[1:])
        address = address_of(interface)
        if address:
            command = [*_program(root), *options, "-i", interface, "-r", address]
            command += ["-x", f"hostname:{name}", "-s", "/bin/true"]
            command += ["-f", "-n", "-q", "-t", "3", "-T", "1"]
            is_done = run_client(root, command, commands)
            yield Sent(interface, "" if is_done else "udhcpc failed")


def _program(root: Root) -> List[str]:
    """udhcpc, or busybox where it has no link of that name."""
    has_link = any(root.status(f"{folder}/udhcpc", follow=False) for folder in FOLDERS)
    return ["udhcpc"] if has_link else ["busybox", "udhcpc"]


def _command_lines(root: Root) -> Iterator[List[str]]:
    yield from command_lines(root, "udhcpc")
    if hides_processes(root):
        for match in filter(None, map(_PID_FILE.match, root.names("/run"))):
            yield ["udhcpc", "-i", match.group(1)]


def _options(words: Sequence[str]) -> Tuple[str, List[str]]:
    """The interface, and the options for another udhcpc."""
    try:
        pairs = gnu_getopt(list(words), _SHORT, _LONG)[0]
    except GetoptError:
        # Options of another version: the interface is the least that is needed.
        pairs = [(word, value) for word, value in zip(words, words[1:]) if word in _INTERFACE]
    interface, options = "eth0", []
    for option, value in pairs:
        if option in _INTERFACE:
            interface = value
        elif option in _KEPT and not (option == "-x" and _HOST_NAMES.match(value)):
            options += [option, value] if value else [option]
    return interface, options
