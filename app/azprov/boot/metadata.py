"""Instance metadata for a first boot: requested once, with a limit on the wait."""

from typing import Callable, Optional

from ..azure.imds import FIRST_GET_S, GET_S, CompleteInstance
from ..azure.imds_time_limit import ImdsTimeLimit
from ..azure.retry_loop import RetryLoop
from ..errors import AzprovError, NotConnected, UntrustedPlatform
from ..formats.platform.instance import Instance, Wanted
from ..formats.platform.vm_id import parse_vm_id
from ..system.root import Root
from .connect import Ports, imds_client, wireserver_location
from .deadline import Deadline
from .settings import BootSettings

# How long a report that could be sent waits for a host name.
_BEFORE_READY_S = 1.0
# How long a host name is waited for while there is no route to the metadata service.
# cloud-init gives up after a dozen failed connections too.
_UNROUTED_S = 10.0
# How long to ask again for values that a complete answer may lack too. The data of a new
# VM can be up to 70 s late (Microsoft's documentation), but then the reply is 404 or 410.
_SETTLING_S = 30.0
# Time reserved for the report.
_REPORT_S = 60.0


class Metadata:
    """The metadata service's answer, requested when a step first needs it."""

    def __init__(
        self,
        ports: Ports,
        root: Root,
        settings: BootSettings,
        deadline: Deadline,
        distrust: Optional[UntrustedPlatform] = None,
    ) -> None:
        """With `distrust` nothing is requested, and it is the error of every request."""
        self._ports = ports
        self._root = root
        self._settings = settings
        self._deadline = deadline
        self._instance: Optional[Instance] = None
        self._failure: Optional[AzprovError] = distrust
        wanted = Wanted(
            hostname=settings.set_hostname,
            admin_user=settings.create_admin_user,
            keys=settings.create_admin_user or settings.ssh_keys_user is not None,
            usable=True,
        )
        settling_s = min(_SETTLING_S, settings.imds.timeout_s / 2)
        self._complete = CompleteInstance(ports.clock, wanted, settling_s=settling_s)
        #: How long the last request waited after the platform could be reached.
        self.waited_s = 0.0
        #: Whether Ready can be sent without the answer, and has not been sent.
        self.is_ready_due = True
        #: Whether Ready must not be sent without the answer.
        self.is_required = False

    @property
    def known_vm_id(self) -> Optional[str]:
        """The VM id in the answer; None without an answer or a valid id. Requests nothing."""
        return None if self._instance is None else parse_vm_id(self._instance.vm_id)

    def instance(self) -> Instance:
        """The answer. Raises AzprovError: after a failed request, the same error every time.

        A request that failed while Ready was due can be repeated.
        """
        if self._failure is not None:
            raise self._failure
        if self._instance is None:
            try:
                self._instance = self._request()
            except AzprovError as error:
                if not self.is_ready_due:
                    self._failure = error
                raise
        return self._instance

    def _request(self) -> Instance:
        """Ask for a limited time, which starts when the platform can be reached.

        If Ready is due, that is a second. Otherwise it is the time limit of the metadata
        service, or, if Ready must not be sent without the answer, all the time except for
        the time that a report takes: a failure report is final, and the answer may still
        come. Without a network no report is possible, so time for it is reserved only when
        the platform can be reached: the next boot may have a network.
        """
        ports, imds_settings = self._ports, self._settings.imds
        left_s, unrouted_s, limits_s = self._deadline.left_s(), _UNROUTED_S, (FIRST_GET_S, GET_S)
        limit_s: Callable[[], float] = self._own_limit_s
        if self.is_required:
            limit_s, unrouted_s = self._left_before_report_s, float("inf")
        elif self.is_ready_due:
            limit_s, left_s = _short_limit_s, self._left_before_report_s()
            limits_s = (_BEFORE_READY_S, _BEFORE_READY_S)
        location = wireserver_location(ports, self._root, self._settings.wireserver)
        probe = ports.probe(*location)
        time_limit = ImdsTimeLimit(probe, ports.clock, limit_s=limit_s, unrouted_s=unrouted_s)
        retry_loop = RetryLoop(
            ports.clock, timeout_s=left_s, jitter=ports.jitter, time_limit=time_limit.left_s
        )
        imds = imds_client(ports, imds_settings, retry_loop, limits_s=limits_s)
        try:
            return retry_loop.run(lambda: self._complete.fetch(imds.fetch_instance))
        except NotConnected as error:
            is_unrouted = (
                isinstance(error.__cause__, NotConnected) and not error.__cause__.has_route
            )
            if self.is_ready_due or is_unrouted or not probe.is_reachable():
                raise
            raise self._without_service(error) from error
        finally:
            self.waited_s = time_limit.waited_s

    def _without_service(self, error: NotConnected) -> NotConnected:
        """The error of a platform that may have no metadata service, such as Azure Stack Hub."""
        effect = "the host name is unknown"
        hint = (
            "check the route to the metadata service; on Azure Stack Hub, which has none, add "
            "--no-hostname when you install azprov"
        )
        if self._settings.has_required_step:
            effect = "the user and the keys are unknown"
            hint = (
                "check the route to the metadata service; on Azure Stack Hub, which has none, run "
                "azprov.pyz install without --admin-user and --ssh-keys"
            )
        return NotConnected(
            f"{error.summary}, although WireServer can be reached, so {effect}",
            hint,
        )

    def _own_limit_s(self) -> float:
        return self._settings.imds.timeout_s

    def _left_before_report_s(self) -> float:
        left_s = self._deadline.left_s()
        return max(left_s - _REPORT_S, left_s / 2)


def _short_limit_s() -> float:
    return _BEFORE_READY_S
