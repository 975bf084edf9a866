"""An image as the rules see it: its files, its services and its distribution."""

from typing import Callable, Optional, Sequence, Union

from ...formats.host.os_release import parse_os_release
from ...system.root import Root
from .files import Files, TooMuch
from .packages import TOOLS, PackageTool
from .services import Services


class Image(Files):
    """The tree below a root, or the running machine.

    `program` is the command that started azprov, for fixes that run it again. `unpackers` are
    folders of this machine with programs such as zstd. `usage_error` gives what is wrong about
    options of `provision`, which only the command line knows; it is empty for correct ones.
    """

    def __init__(
        self,
        root: Root,
        program: str = "python3 azprov.pyz",
        unpackers: Sequence[str] = (),
        usage_error: Callable[[Sequence[str]], str] = lambda _: "",
    ) -> None:
        super().__init__(root)
        self.program = program
        self.unpackers = unpackers
        self.usage_error = usage_error
        self._services: Union[Services, TooMuch, None] = None
        self.os_release = parse_os_release(
            self.content("/etc/os-release") or self.content("/usr/lib/os-release")
        )

    @property
    def services(self) -> Services:
        """The services that start at boot, found once, with look-ups of their own.

        Raises TooMuch at each use, so that only the rules that need them are not checked.
        """
        if self._services is None:
            try:
                with self.other_look_ups():
                    self._services = Services(self)
            except TooMuch as error:
                self._services = error
        if isinstance(self._services, TooMuch):
            raise self._services
        return self._services

    @property
    def has_usual_folders(self) -> bool:
        """Whether programs are where most distributions have them; NixOS and Guix have a store."""
        return not self.is_there("/nix/store", "/gnu/store")

    @property
    def package_tool(self) -> Optional[PackageTool]:
        """The package tool of the distribution, None if the distribution is not known."""
        ids = [self.os_release.get("ID", ""), *self.os_release.get("ID_LIKE", "").split()]
        return next((TOOLS[one] for one in ids if one in TOOLS), None)

    @property
    def tool(self) -> str:
        """The name of the package tool; empty if the distribution is not known."""
        return self.package_tool.name if self.package_tool else ""
