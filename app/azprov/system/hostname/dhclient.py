"""ISC dhclient (ifupdown, Red Hat's network scripts): announcing a name by a second request.

dhclient has no command to renew a lease, and SIGHUP ends it (version 4.4.3). A second
dhclient with the same options and lease file requests the same address again. Its script
does nothing, so the interface stays unchanged. A configuration can name another script, which
would run instead, as root.
"""

import os
import re
import signal
from typing import Iterator, List, Sequence, Tuple

from ..commands import Commands
from ..root import Root
from ..writers import is_of_root
from .machine import Sent, address_of, command_lines, hides_processes, interfaces, run_client

# Ubuntu's AppArmor profile allows this name.
_PID_FILE = "/run/dhclient-azprov.pid"
_CONFIGURATION = ("/etc/dhcp/dhclient.conf", "/etc/dhclient.conf")
# These options identify the client, or say how it sends its requests: the only ones that
# another dhclient gets. Those of Red Hat (-B, -C, -F, -V) are among them.
_KEPT = ("-4", "-i", "-I", "-B")
_FILES = ("-cf", "-df", "-lf")
_KEPT_VALUED = (*_FILES, "-p", "-D", "-H", "-F", "-C", "-V")
_OTHER_VALUED = ("-s", "-g", "-pf", "-sf", "-e", "-R", "-timeout")
_SCRIPT = re.compile(rb"^[^#\n]*\bscript\b", re.MULTILINE)
_NAMED = re.compile(rb"^[^\S\n]*send\s+host-name\s*=?\s*([^;#\n]*)", re.MULTILINE)
# The service's sandbox hides the command line of ifupdown's dhclient: these files stand in.
_PID_FILE_OF_IFUPDOWN = re.compile(r"dhclient\.(.+)\.pid\Z")
_LEASES_OF_IFUPDOWN = "/var/lib/dhcp/dhclient.{}.leases"


def announce(root: Root, name: str, commands: Commands) -> Iterator[Sent]:
    for words in _command_lines(root):
        options, named = _options(words[1:])
        if "-6" in words or "nm-dhcp-helper" in " ".join(words):
            continue  # NetworkManager's own dhclient gets the name from NetworkManager
        for interface in filter(address_of, named or interfaces()):
            yield Sent(interface, _announce(root, name, options, interface, commands))


def _announce(
    root: Root, name: str, options: Sequence[str], interface: str, commands: Commands
) -> str:
    """Announce the name for an interface; returns why that failed, or an empty string."""
    options = list(options)
    for option, path in zip(options, options[1:]):
        if option in _FILES and not (path.startswith("/") and is_of_root(root, path)):
            return f"users other than root can change {path}, which dhclient reads"
    configuration = _configuration(root, options)
    if _SCRIPT.search(configuration):
        return "the configuration of dhclient names a script"
    if "-H" in options:
        options[options.index("-H") + 1] = name
    else:
        sent = [b"", *_NAMED.findall(configuration)][-1].strip()
        if sent != b"gethostname()" and sent.strip(b'"').lower() != name.lower().encode("ascii"):
            return "the configuration of dhclient lacks the line: send host-name = gethostname();"
    command = ["dhclient", *options, "-1", "-sf", "/bin/true", "-pf", _PID_FILE, interface]
    is_done = run_client(root, command, commands)
    _end_process(root)
    return "" if is_done else "dhclient failed"


def _command_lines(root: Root) -> Iterator[List[str]]:
    yield from command_lines(root, "dhclient")
    if hides_processes(root):
        for match in filter(None, map(_PID_FILE_OF_IFUPDOWN.match, root.names("/run"))):
            interface = match.group(1)
            leases = _LEASES_OF_IFUPDOWN.format(interface)
            yield ["dhclient", "-4", "-i", "-lf", leases, interface]


def _options(words: Sequence[str]) -> Tuple[List[str], List[str]]:
    """The options for another dhclient, and the interfaces."""
    options: List[str] = []
    named: List[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        value = left[:1] if word in (*_KEPT_VALUED, *_OTHER_VALUED) else []
        del left[: len(value)]
        if not word.startswith("-"):
            named.append(word)
        elif word in _KEPT or (value and word in _KEPT_VALUED):
            options += [word, *value]
    return options, named


def _configuration(root: Root, options: Sequence[str]) -> bytes:
    paths = [options[options.index("-cf") + 1]] if "-cf" in options else _CONFIGURATION
    for path in paths:
        content = root.read(path)
        if content is not None:
            return content
    return b""


def _end_process(root: Root) -> None:
    """End the second dhclient, without a message to the server."""
    pid = (root.read(_PID_FILE) or b"").strip().decode("ascii", "replace")
    if not re.match(r"[0-9]{1,9}\Z", pid):
        return
    if any(_PID_FILE in words for words in command_lines(root, "dhclient")):
        os.kill(int(pid), signal.SIGKILL)
    root.remove(_PID_FILE)
