"""What boots an image: a container for a folder, a virtual machine for a disk file.

A player runs in a process that has already entered a network of its own, in which nothing but the
simulated platform answers. It never changes the image: the writes of all boots go to a scratch
folder, which the next boot sees, and which the caller removes after `close`.
"""

from typing import Callable


class Player:
    """One VM. A boot is `start`, then `power_off` or `cut_power`; there may be several in turn."""

    #: The host's end of the guest's only link, for example a veth or a tap. It must exist once
    #: `start` has returned; the caller then gives it addresses and sets it up.
    link_name = ""

    def start(self, vm_id: str, console: Callable[[str], None]) -> None:
        """Switch the VM on, and return as soon as its link exists.

        `vm_id` is the id that the firmware gives, in the metadata service's form. `console` is
        called from another thread with each line of the guest's console, and of the program that
        runs the guest, without line end; it makes them printable. Raises HostError if the program
        cannot be started. A guest that cannot boot is no error: its console says why.
        """
        raise NotImplementedError

    def is_running(self) -> bool:
        """Whether the VM is on. False after the guest powered itself off, or its program ended."""
        raise NotImplementedError

    def power_off(self) -> None:
        """Press the power button, and return at once; the guest shuts down as it likes."""
        raise NotImplementedError

    def cut_power(self) -> None:
        """End the VM at once, if it is on; when this returns, all console lines were passed on.

        What the guest had not written to its disk is lost.
        """
        raise NotImplementedError

    def hostname(self) -> str:
        """The host name in the guest's files after a boot; empty if this player cannot read it."""
        return ""

    def close(self) -> None:
        """End the VM, and release the scratch folder."""
        raise NotImplementedError
