"""Where WireServer is, by the DHCP leases of this machine."""

import logging
from typing import Optional

from ..formats.text import printable
from ..system.clock import Clock
from ..system.dhcp_leases import Look, look_into_leases
from ..system.root import Root
from .endpoint import WIRESERVER_ADDRESS, Endpoint

# A first boot is quicker than its lease. A look takes 0.1 ms, ten times what an attempt
# to connect takes, of which there are up to twenty a second.
_LOOK_S = 1.0

log = logging.getLogger(__name__)


class WireServerLocator:
    """Where WireServer is, to be asked before each attempt to connect.

    It looks at the first one, and again at most once a second: a conversation that
    comes about at once has looked once, and a lease that comes later is not missed.
    """

    def __init__(self, root: Root, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._looked_at = float("-inf")
        self._look: Optional[Look] = None
        self._endpoint = Endpoint(WIRESERVER_ADDRESS)

    def __call__(self) -> Endpoint:
        if self._clock.now() - self._looked_at >= _LOOK_S:
            self._looked_at = self._clock.now()
            look = look_into_leases(self._root)
            if look != self._look:
                self._say(look)
            self._look = look
            self._endpoint = Endpoint(look.address or WIRESERVER_ADDRESS)
        return self._endpoint

    def _say(self, look: Look) -> None:
        for complaint in look.complaints:
            log.debug("%s", printable(complaint, 300))
        if look.address is None:
            log.debug("no DHCP lease names WireServer, so it is at %s", WIRESERVER_ADDRESS)
        else:
            path = printable(self._root.outside(look.path))
            # Where it is the usual one, there is no news in it.
            level = logging.DEBUG if look.address == WIRESERVER_ADDRESS else logging.INFO
            log.log(level, "WireServer is at %s by the DHCP lease %s", look.address, path)
