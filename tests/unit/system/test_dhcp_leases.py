"""WireServer's address in the DHCP leases: which lease is used, and when leases are read."""

import logging
import os
from pathlib import Path

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.wireserver_address import WireServerLocator
from azprov.system.dhcp_leases import LeasedAddress, find_leased_address
from azprov.system.root import Root
from ports import FakeClock
from sample_files import sample

USUAL = Endpoint("168.63.129.16")
OTHER = b"OPTION_245=0a090807\n"


def add(root: Path, path: str, content: bytes, *, age_s: int = 0) -> None:
    lease = root / path.lstrip("/")
    lease.parent.mkdir(parents=True, exist_ok=True)
    lease.write_bytes(content)
    os.utime(lease, (2e9 - age_s, 2e9 - age_s))


@pytest.mark.parametrize(
    ("path", "name", "address"),
    [
        ("/run/systemd/netif/leases/2", "networkd", "168.63.129.16"),
        ("/run/systemd/netif/leases/2", "networkd-json.json", "168.63.129.16"),
        (
            "/var/lib/NetworkManager/internal-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03-eth0.lease",
            "networkmanager-internal.lease",
            "10.9.8.7",
        ),
        (
            "/var/lib/NetworkManager/dhclient-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03-eth0.lease",
            "dhclient-printable.lease",
            "98.76.54.32",
        ),
        ("/var/lib/dhcp/dhclient.eth0.leases", "dhclient.leases", "168.63.129.16"),
        ("/var/lib/dhclient/dhclient--eth0.lease", "dhclient.leases", "168.63.129.16"),
        ("/var/lib/dhcpcd/eth0.lease", "dhcpcd.lease", "168.63.129.16"),
        ("/var/lib/dhcpcd5/dhcpcd-eth0.lease", "dhcpcd.lease", "168.63.129.16"),
        ("/var/db/dhcpcd/eth0.lease", "dhcpcd.lease", "168.63.129.16"),
    ],
)
def test_each_clients_leases_are_found(path: str, name: str, address: str, tmp_path: Path) -> None:
    """Each DHCP client has a folder and a form of its own."""
    add(tmp_path, path, sample(f"lease/{name}"))

    assert find_leased_address(Root(str(tmp_path))) == LeasedAddress(address, path, ())


def test_without_leases_there_is_no_address(tmp_path: Path) -> None:
    """Files that are not leases, and leases without option 245, have no address."""
    add(tmp_path, "/var/lib/dhcp/notes.txt", OTHER)
    add(tmp_path, "/var/lib/NetworkManager/timestamps", b"\xff")
    add(tmp_path, "/run/systemd/netif/leases/3", b"ADDRESS=10.1.0.4\n")

    assert find_leased_address(Root(str(tmp_path))) == LeasedAddress(None, "", ())


def test_the_newest_lease_with_an_address_is_used(tmp_path: Path) -> None:
    """Older leases, and newer ones without the option, are not used."""
    add(tmp_path, "/var/lib/dhcp/dhclient.leases", sample("lease/dhclient.leases"), age_s=60)
    add(tmp_path, "/run/systemd/netif/leases/2", OTHER, age_s=30)
    add(tmp_path, "/run/systemd/netif/leases/3", b"ADDRESS=10.2.0.4\n")

    look = find_leased_address(Root(str(tmp_path)))

    assert (look.address, look.path) == ("10.9.8.7", "/run/systemd/netif/leases/2")


def test_of_two_leases_that_are_equally_old_the_first_is_used(tmp_path: Path) -> None:
    """The folder of networkd comes first."""
    add(tmp_path, "/run/systemd/netif/leases/2", OTHER)
    add(
        tmp_path,
        "/var/lib/NetworkManager/internal-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03-eth0.lease",
        sample("lease/networkmanager-internal.lease"),
    )

    look = find_leased_address(Root(str(tmp_path)))

    assert look.path == "/run/systemd/netif/leases/2"


NOW = 2e9
ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t00000000\t0100000B\t0003\t0\t0\t200\t00000000\t0\t0\t0
eth1\t0000000B\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
"""
NETWORK_MANAGER = "/var/lib/NetworkManager/internal-5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03"


def dhclient(interface: str, address: str, expire: str) -> bytes:
    text = f'lease {{\n  interface "{interface}";\n  option unknown-245 {address};\n'
    return f"{text}  expire {expire};\n}}\n".encode()


def routed(root: Path, routes: str = ROUTES) -> Root:
    add(root, "/proc/net/route", routes.encode())
    return Root(str(root))


@pytest.mark.parametrize(
    ("path", "content", "is_used"),
    [
        # 2e9 is 2033-05-18 03:33:20 UTC.
        ("/var/lib/dhcp/x.leases", dhclient("eth0", "a:9:8:7", "3 2033/05/18 03:33:21"), True),
        ("/var/lib/dhcp/x.leases", dhclient("eth0", "a:9:8:7", "6 2024/06/01 12:00:00"), False),
        ("/var/lib/dhcp/x.leases", dhclient("eth0", "a:9:8:7", "epoch 1999999999"), False),
        ("/var/lib/dhcp/x.leases", dhclient("eth0", "a:9:8:7", "epoch 2000000001"), True),
        ("/var/lib/dhcp/x.leases", dhclient("eth0", "a:9:8:7", "never"), True),
        ("/var/lib/dhcp/x.leases", dhclient("eth1", "a:9:8:7", "never"), False),
        (f"{NETWORK_MANAGER}-eth0.lease", b"LIFETIME=61\n" + OTHER, True),
        (f"{NETWORK_MANAGER}-eth0.lease", b"LIFETIME=59\n" + OTHER, False),
        (f"{NETWORK_MANAGER}-eth0.lease", b"LIFETIME=4294967295\n" + OTHER, True),
        (f"{NETWORK_MANAGER}-eth0.lease", b"LIFETIME=" + b"9" * 4301 + b"\n" + OTHER, True),
        (f"{NETWORK_MANAGER}-eth1.lease", OTHER, False),
        ("/var/lib/dhcpcd/eth0.lease", sample("lease/dhcpcd-in-pieces.lease"), True),
        ("/var/lib/dhcpcd5/dhcpcd-eth1.lease", sample("lease/dhcpcd-in-pieces.lease"), False),
        ("/run/systemd/netif/leases/1", OTHER, False),  # lo
    ],
)
def test_only_a_valid_lease_of_the_default_routes_interface_is_used(
    path: str, content: bytes, is_used: bool, tmp_path: Path
) -> None:
    """A server in a second network, or one of last year, does not get the report."""
    add(tmp_path, path, content, age_s=60)

    look = find_leased_address(routed(tmp_path), usual="168.63.129.16", now=NOW)

    assert look.address == ("10.9.8.7" if is_used else None)
    assert len(look.complaints) == (0 if is_used else 1)


def test_an_expired_reply_is_not_used(tmp_path: Path) -> None:
    """dhcpcd stores the reply itself, with its lifetime in option 51."""
    lease = sample("lease/dhcpcd-in-pieces.lease").replace(b"\xff", b"\x33\x04\0\0\0\x3c\xff")
    add(tmp_path, "/var/lib/dhcpcd/eth0.lease", lease, age_s=61)
    root = routed(tmp_path)

    assert find_leased_address(root, now=NOW).address is None
    assert find_leased_address(root, now=NOW - 2).address == "10.9.8.7"


def test_the_usual_address_wins_if_any_lease_names_it(tmp_path: Path) -> None:
    """A lease that names the address of Azure counts whatever its age and interface."""
    add(tmp_path, "/var/lib/dhcp/a.lease", dhclient("eth0", "a:9:8:7", "never"))
    add(tmp_path, "/var/lib/dhcp/b.lease", dhclient("eth1", "a8:3f:81:10", "never"), age_s=99)
    add(tmp_path, "/var/lib/dhcp/c.lease", dhclient("eth0", "a:9:8:7", "never"))

    look = find_leased_address(routed(tmp_path), usual="168.63.129.16", now=NOW)

    assert (look.address, look.path) == ("168.63.129.16", "/var/lib/dhcp/b.lease")


def test_without_a_default_route_no_other_address_is_used(tmp_path: Path) -> None:
    """The first network that is up may be another one than that of the default route."""
    add(tmp_path, "/var/lib/dhcp/a.lease", dhclient("eth0", "a:9:8:7", "never"))

    look = find_leased_address(routed(tmp_path, ROUTES[:80]), usual="168.63.129.16", now=NOW)

    assert look.address is None
    assert look.complaints[0].endswith(
        "/a.lease: there is no default route, so it may belong to another network"
    )


def test_bad_leases_are_ignored(tmp_path: Path) -> None:
    """Each bad lease has a complaint with its reason, and a good lease is still used."""
    secret = tmp_path / "secret"
    secret.write_bytes(OTHER)
    image = tmp_path / "image"
    leases = image / "var/lib/dhcp"
    add(image, "/var/lib/dhcp/bad.lease", b"OPTION_245=ffffffff\n")
    add(image, "/var/lib/dhcp/large.lease", b"#" * (1 << 18))
    (leases / "folder.lease").mkdir()
    os.mkfifo(leases / "pipe.lease")
    (leases / "out.lease").symlink_to(secret)
    add(image, "/run/systemd/netif/leases/2", sample("lease/networkd"), age_s=1000)

    look = find_leased_address(Root(str(image)))
    ignored = f"ignored the DHCP lease {leases}"

    assert look.address == "168.63.129.16"
    assert look.complaints == (
        f"{ignored}/bad.lease: option 245 contains 255.255.255.255, which is not a host's address",
        f"{ignored}/folder.lease: {leases}/folder.lease is not a regular file; "
        "replace it with a regular file",
        f"{ignored}/large.lease: it is larger than 131072 bytes",
        f"{ignored}/out.lease: it does not exist",
        f"{ignored}/pipe.lease: {leases}/pipe.lease is not a regular file; "
        "replace it with a regular file",
    )


def test_at_most_32_leases_of_a_client_are_read(tmp_path: Path) -> None:
    """A folder with many files cannot delay the first boot."""
    for number in range(100):
        add(tmp_path, f"/var/lib/dhcpcd/{number:03}.lease", b"\xff")

    assert len(find_leased_address(Root(str(tmp_path))).complaints) == 32


def test_leases_are_read_once_a_second(tmp_path: Path) -> None:
    """A lease that changes within a second is not noticed."""
    where = WireServerLocator(Root(str(tmp_path)), FakeClock())
    assert where() == USUAL

    add(tmp_path, "/run/systemd/netif/leases/2", OTHER)

    assert where() == USUAL


def test_a_new_lease_is_found_after_a_second(tmp_path: Path) -> None:
    """A first boot starts without a lease; a removed lease is not used any longer."""
    clock = FakeClock()
    where = WireServerLocator(Root(str(tmp_path)), clock)
    where()
    add(tmp_path, "/run/systemd/netif/leases/2", OTHER)

    clock.spend(0.9)
    assert where() == USUAL
    clock.spend(0.1)
    assert where() == Endpoint("10.9.8.7")
    (tmp_path / "run/systemd/netif/leases/2").unlink()
    clock.spend(1.0)
    assert where() == USUAL


def test_an_address_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log has a line when the address or a complaint changes, and no repetitions."""
    clock = FakeClock()
    where = WireServerLocator(Root(str(tmp_path)), clock)
    add(tmp_path, "/var/lib/dhcp/x.lease", b"OPTION_245=00\n")

    with caplog.at_level(logging.DEBUG, "azprov"):
        for _ in range(3):
            where()
            clock.spend(1.0)
        add(tmp_path, "/var/lib/dhcp/x.lease", OTHER)
        for _ in range(3):
            where()
            clock.spend(1.0)

    assert caplog.messages == [
        f"ignored the DHCP lease {tmp_path}/var/lib/dhcp/x.lease: option 245 has 1 bytes, not 4",
        "no DHCP lease has a usable option 245; using 168.63.129.16",
        f"using the WireServer 10.9.8.7 from the DHCP lease {tmp_path}/var/lib/dhcp/x.lease",
    ]
