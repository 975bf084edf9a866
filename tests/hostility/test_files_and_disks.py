"""Files of the wrong kind or size, full and read-only disks, and machines without /proc."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from hostility.process_runs import (
    LIMIT_S,
    UNIT_LINK,
    USER,
    USER_ID,
    WRITING,
    Done,
    Platform,
    everything,
    make_machine,
    needs_root,
    require_contract,
    run,
)
from project import NOWHERE
from pyz import PYZ

pytestmark = needs_root

# Files that azprov reads or replaces, and that the tests replace by another kind.
FILES = (
    "etc/passwd",
    "etc/shadow",
    "etc/group",
    "etc/hosts",
    "etc/hostname",
    "etc/machine-id",
    "etc/ssh/sshd_config",
    "etc/ssh/sshd_config.d/10-x.conf",
    f"etc/sudoers.d/90-{USER}",
    "etc/os-release",
    "etc/login.defs",
    "etc/fstab",
    "etc/netplan/a.yaml",
    "etc/sudoers",
    "var/lib/azprov/state.json",
    "var/lib/hyperv/.kvp_pool_1",
    "proc/uptime",
    "sys/class/dmi/id/product_uuid",
    f"home/{USER}/.ssh/authorized_keys",
    "etc/systemd/system/azure-provisioning.service",
    "var/lib/systemd/random-seed",
    "var/log/auth.log",
    "etc/skel/.profile",
    "usr/local/lib/azprov/azprov.pyz",
)
ZERO = (1, 5)


def make_way(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def make_fifo(path: Path) -> None:
    os.mkfifo(make_way(path), 0o666)


def make_zero_device(path: Path) -> None:
    os.mknod(make_way(path), 0o666 | stat.S_IFCHR, os.makedev(*ZERO))


def make_folder(path: Path) -> None:
    make_way(path).mkdir()


def make_huge(path: Path) -> None:
    with open(make_way(path), "wb") as file:
        file.truncate(1 << 30)


KINDS = {"fifo": make_fifo, "device": make_zero_device, "folder": make_folder, "huge": make_huge}
LONGEST_S = 20.0
MOST_KIB = 40 << 10


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_the_wrong_kind_are_handled(kind: str, tmp_path: Path, platform: Platform) -> None:
    """No command hangs, needs much memory, or ends with an undocumented exit code."""
    root = make_machine(tmp_path / "root")
    for path in FILES:
        KINDS[kind](root / path)
        if path.startswith("home"):
            os.chown(root / path, USER_ID, USER_ID)

    for command in (*WRITING.values(), ["check"], ["deprovision", "--yes"]):
        peak = tmp_path / "peak"
        done = run(
            *command,
            "--root",
            root,
            platform=platform,
            before=("timeout", LONGEST_S, sys.executable, "-c", MEASURE, peak),
        )
        assert done.code not in (124, 137), done
        assert int(peak.read_text()) < MOST_KIB, command


# Runs a command and writes its peak memory to a file.
MEASURE = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
open(sys.argv[1], "w").write(str(usage.ru_maxrss))
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 137)
"""


@pytest.mark.parametrize(
    ("kind", "path"),
    [*(("fifo", path) for path in FILES), *(("device", path) for path in FILES[::4])],
)
def test_one_file_of_the_wrong_kind_does_not_stop_ready(
    kind: str,
    path: str,
    tmp_path: Path,
    platform: Platform,
) -> None:
    """A first boot reports Ready although one file is a FIFO or a device."""
    root = make_machine(tmp_path / "root")
    KINDS[kind](root / path)

    run("provision", "--timeout", "6", "--root", root, platform=platform)

    assert len(platform.reports) == 1
    assert b"<State>Ready</State>" in platform.reports[0]


def test_file_names_with_line_ends_are_shown_on_one_line(tmp_path: Path) -> None:
    """Files with line ends in their names are removed, and no message has control characters."""
    root = make_machine(tmp_path / "root")
    odd = "x\nsudo rm -rf x\x1b[2J.lease"
    (root / "var/lib/dhcp" / odd).write_text("")
    (root / "var/log/journal" / odd).mkdir(parents=True)
    (root / "etc/ssh" / f"ssh_host_{odd}_key").write_text("")

    listed = run("deprovision", "--root", root)
    done = run(*WRITING["deprovision"], "--root", root)

    for result in (listed, done):
        assert "\x1b" not in result.out + result.err
        assert not [line for line in (result.out + result.err).split("\n") if "sudo" in line[:4]]
    assert listed.out.count("x?sudo rm -rf x?[2J") == 3
    assert done.code == 0, done
    assert not [path for path in everything(root) if "sudo rm" in path]


def in_namespace(root: Path, script: str, *argv: object, platform: Platform) -> Done:
    """Run azprov in a mount namespace, after a script that mounts something."""
    shell = f'set -e; mount --make-rprivate /; {script}; exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", shell, str(root)]
        + [str(word) for word in (sys.executable, "-I", PYZ, *argv)],
        env={"PATH": os.environ["PATH"], **NOWHERE, **platform.variables},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    result = Done(done.returncode, done.stdout, done.stderr)
    require_contract(result)
    return result


# The end of the last line of each command on a read-only disk.
READ_ONLY = {
    "install": "mount the file system writable",
    "set-hostname": "mount the file system writable",
    "ssh-keys": "mount the file system writable",
    "deprovision": "fix the causes above and run it again",
    "provision": "mount the file system writable",
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_root_is_reported(name: str, tmp_path: Path, platform: Platform) -> None:
    """Nothing is changed, the message names the reason, and a first boot sends a report."""
    root = make_machine(tmp_path / "root")
    before = everything(root)
    script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"'

    done = in_namespace(root, script, *WRITING[name], "--root", root, platform=platform)

    assert done.code == 73, done
    assert done.last_line.endswith(READ_ONLY[name]), done
    assert everything(root) == before
    assert len(platform.reports) == (1 if name == "provision" else 0)


def test_ready_is_reported_from_a_read_only_root(tmp_path: Path, platform: Platform) -> None:
    """A first boot without a user to create reports Ready, and fails to save its state."""
    root = make_machine(tmp_path / "root")
    script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"'

    done = in_namespace(
        root, script, "provision", "--timeout", "6", "--root", root, platform=platform
    )

    assert done.code == 73, done
    assert b"<State>Ready</State>" in platform.reports[0]
    assert len(platform.reports) == 1


@pytest.mark.parametrize("name", ["install", "set-hostname", "ssh-keys", "provision"])
def test_a_full_disk_changes_nothing(name: str, tmp_path: Path, platform: Platform) -> None:
    """Every file keeps its old content, and no temporary file is left."""
    root = make_machine(tmp_path / "root")
    kept = everything(root)
    copy = tmp_path / "copy"
    script = (
        f'cp -a "$0" {copy}; mount -t tmpfs -o size=2m,mode=755 none "$0"; cp -a {copy}/. "$0"; '
        'dd if=/dev/zero of="$0/filler" bs=4k status=none 2>/dev/null || true'
    )
    listing = (
        f'; find "$0" -name "*azprov-new*" > {tmp_path}/left; cat "$0"/etc/hosts > {tmp_path}/hosts'
    )
    inner = f'sh -c \'{script}; "$@"; code=$?{listing}; exit $code\' "$0"'

    done = in_namespace(
        root,
        f'exec {inner} "$@"',
        *WRITING[name],
        "--root",
        root,
        platform=platform,
    )

    assert done.code == 73, done
    assert "No space left on device" in done.err
    assert (tmp_path / "left").read_text() == ""
    assert (tmp_path / "hosts").read_text() == "127.0.0.1 localhost\n127.0.1.1 image\n"
    assert everything(root) == kept
    assert len(platform.reports) == (1 if name == "provision" else 0)


WORLDS = {
    "no proc": "umount -l /proc || mount -t tmpfs none /proc",
    "no sys": "mount -t tmpfs none /sys",
    "neither, nor tmp": "mount -t tmpfs none /sys; mount -t tmpfs none /proc",
    "no dev": "mount -t tmpfs none /dev",
}


@pytest.mark.parametrize("world", WORLDS)
def test_commands_work_without_proc_sys_or_dev(
    world: str, tmp_path: Path, platform: Platform
) -> None:
    """Every command succeeds without /proc, /sys or /dev."""
    root = make_machine(tmp_path / "root")

    for name in WRITING:
        done = in_namespace(root, WORLDS[world], *WRITING[name], "--root", root, platform=platform)
        assert done.code == 0, (name, done)

    assert b"<State>Ready</State>" in platform.reports[0]


MODES: Tuple[Tuple[str, int], ...] = (
    ("etc/hostname", 0o644),
    ("etc/passwd", 0o644),
    ("etc/shadow", 0o600),
    ("etc/sudoers.d/90-azprov", 0o440),
    ("home/admin1", 0o700),
    ("home/admin1/.ssh", 0o700),
    ("home/admin1/.ssh/authorized_keys", 0o600),
    ("usr/local/lib/azprov", 0o755),
    ("usr/local/lib/azprov/azprov.pyz", 0o755),
    ("etc/systemd/system/azure-provisioning.service", 0o644),
    ("var/lib/azprov", 0o700),
    ("var/lib/azprov/state.json", 0o644),
)


@pytest.mark.parametrize("umask", ["000", "022", "077", "777"])
def test_modes_do_not_depend_on_the_umask(umask: str, tmp_path: Path, platform: Platform) -> None:
    """New files and folders have their documented modes."""
    root = make_machine(tmp_path / "root")

    for name in ("install", "provision"):
        run(
            *WRITING[name],
            "--root",
            root,
            platform=platform,
            before=("sh", "-c", f'umask {umask}; exec "$@"', "sh"),
        )

    found: Dict[str, int] = {path: stat.S_IMODE((root / path).stat().st_mode) for path, _ in MODES}
    assert found == dict(MODES)
    assert not (root / UNIT_LINK).exists()
    loose: List[str] = [
        path
        for path, what in everything(root).items()
        if "azprov" in path and "->" not in what and int(what.split()[0], 8) & 0o022
    ]
    assert loose == []
