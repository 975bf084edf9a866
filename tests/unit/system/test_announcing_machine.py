"""What azprov sees of other processes when it looks for DHCP clients."""

from pathlib import Path
from typing import List

import pytest

from azprov.system.hostname.machine import command_lines, hides_processes
from azprov.system.root import Root


def test_a_process_without_a_readable_namespace_is_hidden(tmp_path: Path) -> None:
    """In the service's sandbox, root sees the first process, but not its namespaces."""
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/cmdline").write_bytes(b"/sbin/init\0")

    assert hides_processes(Root(str(tmp_path)))


def test_a_process_with_a_readable_namespace_is_not_hidden(tmp_path: Path) -> None:
    """Outside the sandbox, root can compare the namespaces of processes with its own."""
    (tmp_path / "proc/1/ns").mkdir(parents=True)
    (tmp_path / "proc/1/ns/net").symlink_to("net:[4026531840]")

    assert not hides_processes(Root(str(tmp_path)))


def process(folder: Path, uids: str, program_file: str, *words: str) -> Root:
    """A root with one process beside this one, in the same network namespace."""
    for pid in ("self", "7"):
        (folder / f"proc/{pid}/ns").mkdir(parents=True)
        (folder / f"proc/{pid}/ns/net").symlink_to("net:[4026531840]")
    own = folder / "proc/7"
    (own / "cmdline").write_text("".join(f"{word}\0" for word in words))
    (own / "status").write_text(f"Name:\tx\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n")
    (own / "exe").symlink_to(program_file)
    return Root(str(folder))


@pytest.mark.parametrize(
    ("program", "program_file", "words"),
    [
        ("dhclient", "/usr/sbin/dhclient", ["dhclient", "eth0"]),
        ("dhclient", "/usr/sbin/dhclient (deleted)", ["/sbin/dhclient", "eth0"]),
        ("dhcpcd", "/sbin/dhcpcd5", ["dhcpcd: [privileged proxy]"]),
        ("udhcpc", "/bin/busybox", ["/sbin/udhcpc", "-i", "eth0"]),
    ],
)
def test_a_client_that_root_runs_is_found(
    tmp_path: Path, program: str, program_file: str, words: List[str]
) -> None:
    """Its file may have been replaced in an upgrade, or have a suffix."""
    root = process(tmp_path, "0\t0\t0\t0", program_file, *words)

    assert list(command_lines(root, program)) == [words]


@pytest.mark.parametrize(
    ("uids", "program_file"),
    [
        pytest.param("1500\t1500\t1500\t1500", "/usr/sbin/dhclient", id="a user"),
        pytest.param("1500\t0\t0\t0", "/usr/sbin/dhclient", id="a real UID of a user"),
        pytest.param("0\t0\t1500\t0", "/usr/sbin/dhclient", id="a saved UID of a user"),
        pytest.param("0\t0\t0\t0", "/usr/bin/sudo", id="another program"),
        pytest.param("0\t0\t0\t0", "/home/ops/dhclient", id="a file in a home"),
        pytest.param("0\t0\t0\t0", "/usr/bin/x/dhclient", id="a file in a folder below"),
    ],
)
def test_a_process_that_only_has_the_name_of_a_client_is_not_found(
    tmp_path: Path, uids: str, program_file: str
) -> None:
    """Any user can choose the name and the arguments of a process."""
    root = process(tmp_path, uids, program_file, "dhclient", "-cf", "/home/ops/conf", "eth0")

    assert list(command_lines(root, "dhclient")) == []
