"""WireServer's address from a running networkd, which stores its leases nowhere since 262."""

import socket
from pathlib import Path

import pytest

from azprov.errors import HostError
from azprov.system.dhcp_leases import LeasedAddress, find_leased_address
from azprov.system.networkd import describe_networkd
from azprov.system.root import Root
from fake_networkd import NOT_DESCRIBED, SOCKET, running
from sample_files import sample

DESCRIPTION = sample("lease/networkd-describe.json").rstrip(b"\n")
ROUTES = "Iface Destination Gateway Flags RefCnt Use Metric Mask\n{} 00000000 0 3 0 0 0 00000000\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a path that is short enough for a socket."""
    monkeypatch.chdir(tmp_path)
    return Path()


def live(folder: Path, interface: str = "eth0") -> Root:
    (folder / "proc/net").mkdir(parents=True)
    (folder / "proc/net/route").write_text(ROUTES.format(interface))
    root = Root(str(folder))
    root.is_live = True
    return root


def test_the_option_in_networkds_description_is_found(folder: Path) -> None:
    """systemd 262 answered so, for a lease with 168.63.129.20 in option 245."""
    for networkd in running(folder, DESCRIPTION + b"\0"):
        found = find_leased_address(live(folder), usual="168.63.129.16")

        assert found == LeasedAddress("168.63.129.20", f"/{SOCKET}", ())
        assert networkd.calls == [b'{"method":"io.systemd.Network.Describe"}\0']


def test_the_usual_address_wins(folder: Path) -> None:
    """It counts on every interface."""
    usual = DESCRIPTION.replace(b"a83f8114", b"a83f8110")
    for _ in running(folder, usual + b"\0"):
        found = find_leased_address(live(folder, "eth1"), usual="168.63.129.16")

        assert found == LeasedAddress("168.63.129.16", f"/{SOCKET}", ())


@pytest.mark.parametrize(
    ("reply", "interface", "complaint"),
    [
        (DESCRIPTION, "eth1", "it is for eth0, and the default route is through eth1"),
        (b"{", "eth0", "networkd's description is not JSON"),
        (b"\xff", "eth0", "networkd's description is not JSON"),
        (b'{"error":"x"}', "eth0", "networkd's description has an unknown form"),
        (
            b'{"parameters":{"Interfaces":[1]}}',
            "eth0",
            "networkd's description has an unknown form",
        ),
        (
            DESCRIPTION.replace(b"a83f8114", b"7f000001"),
            "eth0",
            "option 245 contains 127.0.0.1, which is not a host's address",
        ),
    ],
)
def test_another_reply_is_ignored(
    folder: Path, reply: bytes, interface: str, complaint: str
) -> None:
    """The reason is a sentence, and the usual address is used."""
    for _ in running(folder, reply + b"\0"):
        found = find_leased_address(live(folder, interface), usual="168.63.129.16")

        assert found == LeasedAddress(None, "", (f"ignored what /{SOCKET} replied: {complaint}",))


def test_a_stored_lease_is_preferred(folder: Path) -> None:
    """An older networkd stores its leases; then its socket is not used."""
    for networkd in running(folder, DESCRIPTION + b"\0"):
        (folder / "run/systemd/netif/leases").mkdir()
        (folder / "run/systemd/netif/leases/2").write_text("OPTION_245=a83f8110\n")

        found = find_leased_address(live(folder), usual="168.63.129.16")

        assert found.address == "168.63.129.16"
        assert networkd.calls == []


def test_an_image_and_a_networkd_that_does_not_run_are_not_asked(folder: Path) -> None:
    """A connection to the socket of a networkd that does not run would start it."""
    for networkd in running(folder, DESCRIPTION + b"\0"):
        image = live(folder)
        image.is_live = False
        assert find_leased_address(image).address is None
        image.is_live = True
        (folder / "run/systemd/netif/state").unlink()
        assert find_leased_address(image).address is None
        assert networkd.calls == []


def test_a_networkd_that_cannot_describe_its_leases_is_no_failure(folder: Path) -> None:
    """The networkd of Debian 13 has the socket without that method; it stores its leases."""
    for _ in running(folder, NOT_DESCRIBED):
        found = find_leased_address(live(folder), usual="168.63.129.16")

        assert found == LeasedAddress(None, "", ())


def test_an_older_networkd_has_no_socket(folder: Path) -> None:
    """Then there is nothing to ask."""
    assert describe_networkd(live(folder)) is None


def test_a_socket_that_no_one_listens_to_is_an_error(folder: Path) -> None:
    """The sentence has the kernel's reason."""
    for _ in running(folder, b""):
        pass
    root = live(folder)

    with pytest.raises(HostError, match=r"networkd does not describe its leases .*refused"):
        describe_networkd(root)


def test_a_connection_that_ends_early_gives_what_was_sent(folder: Path) -> None:
    """The parser then complains."""
    for _ in running(folder, b"{"):
        assert describe_networkd(live(folder)) == b"{"


def test_a_networkd_that_hangs_is_an_error(folder: Path) -> None:
    """It accepts the connection and never replies."""
    (folder / SOCKET).parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(SOCKET)
        listener.listen()

        with pytest.raises(HostError, match=r"networkd does not describe its leases .*timed out"):
            describe_networkd(live(folder))


def test_a_long_description_is_read_whole(folder: Path) -> None:
    """A machine with containers has hundreds of interfaces, and each has about 4 kB."""
    for _ in running(folder, b" " * 4_000_000 + b"{}\0"):
        assert describe_networkd(live(folder)) == b" " * 4_000_000 + b"{}"


def test_a_description_without_end_is_not_read_whole(folder: Path) -> None:
    """The parser complains about what was read."""
    for _ in running(folder, b" " * 5_000_000):
        reply = describe_networkd(live(folder))

    assert reply is not None
    assert 4_000_000 < len(reply) < 4_300_000
