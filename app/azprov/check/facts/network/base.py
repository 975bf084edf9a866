"""What a network manager is, as a value, and its state in one image."""

from typing import Callable, Iterator, List, NamedTuple, Tuple

from ..image import Image
from .nic_settings import DHCP, NicSetting, in_effect


class Manager(NamedTuple):
    """A program that configures network interfaces at boot."""

    name: str
    #: Any of these starts the manager; masking the first one prevents that. Without a service,
    #: a setting starts it.
    services: Tuple[str, ...]
    #: What the image says to this manager about network interfaces.
    reads: Callable[[Image], Iterator[NicSetting]]
    #: How to make the manager use DHCP on the interface of a name: a command or an action.
    fix: Callable[[Image, str], str]
    #: Whether the manager uses DHCP on interfaces without a setting.
    dhcp_by_default: bool = False
    #: Whether the first setting that matches an interface hides all later ones.
    first_match_wins: bool = False
    #: The manager runs one of these programs for DHCP; empty if it speaks DHCP itself.
    dhcp_clients: Tuple[str, ...] = ()
    #: The manager is in use only if the image has one of these; empty if it needs none.
    files: Tuple[str, ...] = ()

    def is_in_use(self, image: Image) -> bool:
        """Whether the manager configures interfaces when the image boots."""
        if self.files and not image.is_there(*self.files):
            return False
        if not self.services:
            return any(self.reads(image))
        # A socket cannot start a service that is masked.
        return image.services.starts(*self.services) and not image.services.is_masked(
            self.services[0]
        )


class ManagerState(NamedTuple):
    """A manager that is in use, with all its settings in this image."""

    manager: Manager
    settings: List[NicSetting]

    def in_effect(self, nic: str) -> List[NicSetting]:
        """The settings that the manager applies to an interface of that name."""
        return in_effect(self.settings, nic, first_match_wins=self.manager.first_match_wins)

    def uses_dhcp(self, nic: str) -> bool:
        """Whether the manager brings up an interface of that name by DHCP."""
        applied = self.in_effect(nic)
        if not applied:
            return self.manager.dhcp_by_default
        return any(setting.method == DHCP for setting in applied)


def read_state(image: Image, manager: Manager) -> ManagerState:
    return ManagerState(manager, list(manager.reads(image)))
