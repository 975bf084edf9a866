"""The DHCP server of a rehearsal: dnsmasq, with a lease as Azure gives it.

Options 3 (router), 6 (DNS server), 15 (domain), 121 (routes to the platform by the router) and 245
(WireServer) are those of a lease on Azure, which has no host name. Source of the form of the log:
dnsmasq's rfc2131.c and log.c, with --log-dhcp.
"""

import re
import subprocess
import threading
from contextlib import suppress
from typing import Callable, NamedTuple, Optional

from ...azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ...errors import HostError
from ...system.parent import end_with_parent

#: The host's end of the guest's link, and the only address that is leased.
ROUTER, NETMASK, GUEST = "10.0.0.1", "255.255.255.0", "10.0.0.4"
DOMAIN = "rehearsal.internal.cloudapp.net"
_ROUTES = ",".join(
    f"{route},{ROUTER}" for route in ("0.0.0.0/0", f"{WIRESERVER_ADDRESS}/32", f"{IMDS_ADDRESS}/32")
)
_WIRESERVER_IN_HEX = ":".join(f"{int(part):02x}" for part in WIRESERVER_ADDRESS.split("."))

DISCOVER, REQUEST, ACK, NAK, NAME = "DISCOVER", "REQUEST", "ACK", "NAK", "NAME"
# dnsmasq-dhcp: 3482214386 DHCPREQUEST(ve-azprov) 10.0.0.4 56:98:eb:ff:7a:af
_MESSAGE = re.compile(r"dnsmasq-dhcp(?:\[\d+\])?: (?:\d+ )?DHCP(DISCOVER|REQUEST|ACK|NAK)\(")
_NAME = re.compile(r"dnsmasq-dhcp(?:\[\d+\])?: (?:\d+ )?client provides name: (\S+)")


class DhcpEvent(NamedTuple):
    """Something that the server logged; `value` is the client's host name for NAME."""

    kind: str
    value: str = ""

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.kind].format(self.value)


_SENTENCES = {
    DISCOVER: "a DHCP client asks for a lease",
    REQUEST: f"a DHCP client asks for {GUEST}",
    ACK: f"the lease of {GUEST} is given",
    NAK: "the lease is refused",
    NAME: "the DHCP client sends the host name {}",
}


def parse_dhcp_line(line: str) -> Optional[DhcpEvent]:
    """The event that a line of dnsmasq's log describes; None for the other lines."""
    name = _NAME.search(line)
    if name is not None:
        return DhcpEvent(NAME, name.group(1).partition(".")[0])
    message = _MESSAGE.search(line)
    return None if message is None else DhcpEvent(message.group(1))


class DhcpServer:
    """Runs dnsmasq on a link; `tell` gets its events, from another thread."""

    def __init__(self, program: str, leases: str, tell: Callable[[DhcpEvent], None]) -> None:
        self._program = program
        self._leases = leases
        self._tell = tell
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._reader = threading.Thread()

    def start(self, link: str) -> None:
        """Give leases on a link until `stop`; earlier leases are still known.

        Raises HostError.
        """
        command = [self._program, "--no-daemon", "--conf-file=/dev/null", "--port=0"]
        command += ["--bind-dynamic", f"--interface={link}", f"--dhcp-leasefile={self._leases}"]
        # --no-daemon changes no user: root of a user namespace may not.
        command += ["--log-dhcp", "--log-facility=-", "--dhcp-ignore-names"]
        command += ["--dhcp-authoritative", "--no-ping"]
        command += [f"--dhcp-range={GUEST},{GUEST},{NETMASK},infinite"]
        command += [f"--dhcp-option={option}" for option in (f"3,{ROUTER}", f"15,{DOMAIN}")]
        command += [f"--dhcp-option=6,{WIRESERVER_ADDRESS}", f"--dhcp-option=121,{_ROUTES}"]
        command += [f"--dhcp-option-force=245,{_WIRESERVER_IN_HEX}"]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one system call
            )
        except OSError as error:
            raise HostError(
                f"the DHCP server of the rehearsal could not be started ({error.strerror})",
                "install its package again",
            ) from error
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(OSError):
            process.kill()
        process.wait()
        self._reader.join()
        if process.stderr is not None:
            process.stderr.close()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        for line in process.stderr or ():
            event = parse_dhcp_line(line.decode("utf-8", "replace"))
            if event is not None:
                self._tell(event)
