"""A network and mounts that a thread has alone; other threads keep those of the machine."""

import socket
import subprocess
from pathlib import Path
from typing import List

import pytest

from azprov.errors import HostError
from azprov.system.own_network import enter_own_network
from azprov.system.private_mounts import leave_shared_mounts
from own_network import drop_capabilities, in_own_thread

PLATFORM = ("192.0.2.16", "192.0.2.254")


def connected(addresses: "tuple[str, ...]") -> List[str]:
    """Connect to each of these addresses at a port that a server of this thread has."""
    peers = []
    for address in addresses:
        with socket.create_server((address, 0)) as server, socket.create_connection(
            server.getsockname(), timeout=60.0
        ) as connection:
            peers.append(connection.getpeername()[0])
    return peers


@pytest.mark.needs("root")
def test_the_addresses_of_an_own_network_answer() -> None:
    """Loopback is up, and each address is one of this machine."""

    def act() -> List[str]:
        assert enter_own_network(PLATFORM) is False
        return connected((*PLATFORM, "127.0.0.1"))

    assert in_own_thread(act) == ["192.0.2.16", "192.0.2.254", "127.0.0.1"]


@pytest.mark.needs("root")
def test_an_address_stands_for_itself_alone() -> None:
    """Its neighbours have no route, as there is no other network."""

    def act() -> None:
        enter_own_network(PLATFORM)
        with socket.create_connection(("192.0.2.17", 9), timeout=60.0):
            pass

    with pytest.raises(OSError, match="Network is unreachable"):
        in_own_thread(act)


@pytest.mark.needs("root")
def test_an_address_that_is_none_is_an_error() -> None:
    """Nothing is guessed about its form."""
    with pytest.raises(OSError, match="illegal IP address"):
        in_own_thread(lambda: enter_own_network(["localhost"]))


@pytest.mark.needs("root", "mount")
def test_own_mounts_are_not_those_of_the_machine(tmp_path: Path) -> None:
    """What a thread mounts is seen by its children, and not by the rest of the machine."""

    def act() -> List[str]:
        assert leave_shared_mounts() is True
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], check=True)
        (tmp_path / "private").write_text("")
        return [path.name for path in tmp_path.iterdir()]

    assert in_own_thread(act) == ["private"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs("root")
def test_without_rights_there_is_no_own_network() -> None:
    """In some containers root may not make one; the error has the kernel's reason."""

    def act() -> None:
        drop_capabilities()
        enter_own_network(PLATFORM)

    with pytest.raises(HostError) as refused:
        in_own_thread(act)

    assert str(refused.value) == (
        "this process may not create a network namespace (Operation not permitted); run it as root"
    )


@pytest.mark.needs("root")
def test_without_rights_there_are_no_own_mounts() -> None:
    """The caller then does without."""

    def act() -> bool:
        drop_capabilities()
        return leave_shared_mounts()

    assert in_own_thread(act) is False
