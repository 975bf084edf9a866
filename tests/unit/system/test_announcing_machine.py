"""What azprov sees of other processes when it looks for DHCP clients."""

from pathlib import Path

from azprov.system.hostname.machine import hides_processes
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
