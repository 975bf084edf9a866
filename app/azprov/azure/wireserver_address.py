"""The address of WireServer, from the DHCP leases of this machine."""

import logging
from typing import Optional

from ..formats.text import printable
from ..system.clock import Clock
from ..system.dhcp_leases import LeasedAddress, find_leased_address
from ..system.root import Root
from .endpoint import WIRESERVER_ADDRESS, Endpoint

# At first boot the lease may come later than azprov. Reading the leases takes 0.1 ms, ten
# times as long as an attempt to connect, of which there are up to twenty a second.
_LOOK_S = 1.0

log = logging.getLogger(__name__)


class WireServerLocator:
    """Finds WireServer's address; called before each attempt to connect.

    The first call reads the leases, and later calls read them again at most once a
    second: a lease that comes late is found, and a quick first boot reads them once.
    """

    def __init__(self, root: Root, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._looked_at = float("-inf")
        self._look: Optional[LeasedAddress] = None
        self._endpoint = Endpoint(WIRESERVER_ADDRESS)

    def __call__(self) -> Endpoint:
        if self._clock.now() - self._looked_at >= _LOOK_S:
            self._looked_at = self._clock.now()
            now = self._clock.wall_time()
            look = find_leased_address(self._root, usual=WIRESERVER_ADDRESS, now=now)
            if look != self._look:
                self._log(look)
            self._look = look
            self._endpoint = Endpoint(look.address or WIRESERVER_ADDRESS)
        return self._endpoint

    def _log(self, look: LeasedAddress) -> None:
        for complaint in look.complaints:
            log.debug("%s", printable(complaint, 300))
        if look.address is None:
            log.debug("no DHCP lease has a usable option 245; using %s", WIRESERVER_ADDRESS)
        else:
            path = printable(self._root.outside(look.path))
            # The usual address is not worth a line at the default level.
            level = logging.DEBUG if look.address == WIRESERVER_ADDRESS else logging.INFO
            log.log(level, "using the WireServer %s from the DHCP lease %s", look.address, path)
