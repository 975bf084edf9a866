"""Instance metadata for a first boot: requested once, with a limit on the wait."""

from typing import Optional, Tuple

from ..azure.imds import Imds
from ..azure.patience import Patience
from ..azure.retry_loop import RetryLoop
from ..errors import AzprovError
from ..formats.platform.instance import Instance
from ..formats.platform.vm_id import parse_vm_id
from ..system.root import Root
from .connect import Ports, imds_client, wireserver_location
from .deadline import Deadline
from .settings import BootSettings

# A boot that needs only a host name waits this long for a silent metadata service once
# WireServer accepts connections. cloud-init gives up after a dozen failed connections too.
_SILENT_S = 10.0
# Time reserved for Ready when neither service has been reachable so far.
_READY_S = 60.0


class Metadata:
    """The metadata service's answer, requested when a step first needs it."""

    def __init__(
        self, ports: Ports, root: Root, settings: BootSettings, deadline: Deadline
    ) -> None:
        self._ports = ports
        self._root = root
        self._settings = settings
        self._deadline = deadline
        self._instance: Optional[Instance] = None
        self._failure: Optional[AzprovError] = None

    @property
    def known_vm_id(self) -> Optional[str]:
        """The VM id in the answer; None without an answer or a valid id. Requests nothing."""
        return None if self._instance is None else parse_vm_id(self._instance.vm_id)

    def instance(self) -> Instance:
        """The answer. Raises AzprovError: after a failed request, the same error every time."""
        if self._failure is not None:
            raise self._failure
        if self._instance is None:
            imds, retry_loop = self._open()
            try:
                self._instance = retry_loop.run(imds.fetch_instance)
            except AzprovError as error:
                self._failure = error
                raise
        return self._instance

    def _open(self) -> Tuple[Imds, RetryLoop]:
        """Start the requests, with half of the remaining time reserved for Ready.

        That limit begins when the platform can be reached. Without a network no report is
        possible, and a missing network must not become a failure report, which is final:
        the next boot may have a network. A boot with a required step therefore waits for
        the network until the deadline; for a host name alone, time for Ready is reserved.
        """
        settings, ports = self._settings, self._ports
        left_s = self._deadline.left_s()
        limit_s = min(settings.imds.timeout_s, left_s / 2)
        if settings.has_required_step:
            until_s, silent_s = left_s, limit_s
        else:
            until_s, silent_s = max(left_s - _READY_S, left_s / 2), min(limit_s, _SILENT_S)
        patience = Patience(
            ports.probe(*wireserver_location(ports, self._root, settings.wireserver)),
            ports.clock,
            silent_s=silent_s,
            answering_s=limit_s,
        )
        retry_loop = RetryLoop(
            ports.clock, timeout_s=until_s, jitter=ports.jitter, patience=patience.left_s
        )
        return imds_client(ports, settings.imds, retry_loop), retry_loop
