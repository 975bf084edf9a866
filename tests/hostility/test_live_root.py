"""`provision` on "/" as root, as its service runs it: in a chroot, with namespaces of its own."""

import os
import re
import subprocess
from pathlib import Path
from typing import Sequence

import pytest

import needs
from hostility.process_runs import (
    LIMIT_S,
    UNIT_LINK,
    Done,
    Platform,
    make_machine,
    needs_root,
    require_contract,
)
from project import NOWHERE
from pyz import PYZ

pytestmark = needs_root

# The programs of this machine appear in the root; /run is a tmpfs, as on any machine.
WORLD = """
mount --make-rprivate /
mount --bind "$0" "$0"
for folder in usr bin sbin lib lib32 lib64; do
    [ -e "/$folder" ] || continue
    if [ -L "/$folder" ]; then rm -rf "$0/$folder"; cp -P "/$folder" "$0/$folder"
    else mkdir -p "$0/$folder"; mount --rbind "/$folder" "$0/$folder"; fi
done
mount -t proc none "$0/proc"
mount -t tmpfs none "$0/run"
"""
READ_ONLY = 'mount -o remount,bind,ro "$0"'
FULL = """
mkdir "$0.copy"; cp -a "$0/var" "$0/etc" "$0.copy"
for folder in var etc; do
    mount -t tmpfs -o size=1m,mode=755 none "$0/$folder"; cp -a "$0.copy/$folder" "$0"
    dd if=/dev/zero of="$0/$folder/filler" bs=4k status=none 2>/dev/null || true
done
"""
IN_STATE = "var/lib/azprov/state.json"


def provision(
    root: Path, platform: Platform, change: str = "", *options: str, before: str = ""
) -> Done:
    """Run a first boot of the live root; the last line of stdout is the kernel's host name."""
    python = needs.program("/usr/bin/python3")
    command = [python, "-I", "/azprov.pyz", "provision", "--timeout", "6", *options]
    if not (root / "azprov.pyz").exists():
        (root / "azprov.pyz").write_bytes(PYZ.read_bytes())
    run = f'code=0; {before} chroot "$0" "$@" || code=$?; ls "$0/run"; uname -n; exit $code'
    done = subprocess.run(
        [*needs.unshare("-m", "-u", "--pid", "--fork"), "sh", "-ec", f"{WORLD}{change}\n{run}"]
        + [str(root), *command],
        env={"PATH": os.environ["PATH"], **NOWHERE, **platform.variables},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    result = Done(done.returncode, done.stdout, done.stderr)
    require_contract(result)
    return result


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_machine(tmp_path / "root")
    # With its own keys, sshd leaves nothing to do here.
    (root / "etc/ssh/ssh_host_rsa_key").unlink()
    subprocess.run([needs.program("ssh-keygen"), "-q", "-A", "-f", root], check=True)
    (root / UNIT_LINK).parent.mkdir(parents=True)
    (root / UNIT_LINK).symlink_to("/etc/systemd/system/azure-provisioning.service")
    return root


def is_one_ready(reports: Sequence[bytes]) -> bool:
    return len(reports) == 1 and b"<State>Ready</State>" in reports[0]


def test_a_first_boot_of_the_live_root_does_everything(root: Path, platform: Platform) -> None:
    """The name is set in the file and in the kernel, and nothing stays in /run."""
    done = provision(root, platform)

    assert (done.code, done.out) == (0, "web01\n"), done
    assert is_one_ready(platform.reports)
    assert (root / "etc/hostname").read_text() == "web01\n"
    assert (root / IN_STATE).parent.stat().st_mode & 0o777 == 0o700
    assert not (root / UNIT_LINK).is_symlink()

    assert provision(root, platform).code == 0
    assert len(platform.reports) == 1


def test_a_name_that_only_the_kernel_has_is_replaced(root: Path, platform: Platform) -> None:
    """DHCP clients set such names too, so only a name in /etc/hostname counts as set by hand."""
    done = provision(root, platform, "hostname transient")

    assert (done.code, done.out) == (0, "web01\n"), done
    assert (root / "etc/hostname").read_text() == "web01\n"


def test_a_read_only_live_root_reports_ready_without_a_failure(
    root: Path, platform: Platform
) -> None:
    """The log names what could not be written, and the kernel has the name."""
    done = provision(root, platform, READ_ONLY)

    assert (done.code, done.out) == (0, "web01\n"), done
    assert is_one_ready(platform.reports)
    assert done.last_line == (
        "Ready was acknowledged, but the host name is not stored (could not write /etc/hosts "
        "(Read-only file system)) and progress is not recorded (could not write "
        "/var/lib/azprov/state.json (Read-only file system)), and the next boot repeats every step "
        "and may report Ready again; mount the file system writable, unless it is read-only on "
        "purpose"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [(READ_ONLY, "Read-only file system"), (FULL, "No space left on device")],
    ids=["read-only", "full"],
)
def test_a_user_who_cannot_be_created_is_an_open_step_of_the_live_root(
    change: str, reason: str, root: Path, platform: Platform
) -> None:
    """Ready is sent, the command fails, the service stays enabled, and a later boot succeeds."""
    done = provision(root, platform, change, "--admin-user")

    assert done.code == 73, done
    assert is_one_ready(platform.reports)
    assert done.last_line.startswith(
        "azprov: Ready was acknowledged, but the admin user is not set up (could not write "
    )
    assert f"({reason})), the host name is not stored (could not write " in done.last_line
    assert f"({reason})) and progress is not recorded (could not " in done.last_line
    assert ", and the next boot repeats every step and may report Ready again; " in done.last_line
    assert (root / UNIT_LINK).is_symlink()

    later = provision(root, platform, "", "--admin-user")

    assert later.code == 0, later
    assert "admin1" in (root / "etc/passwd").read_text()
    assert not (root / UNIT_LINK).is_symlink()


def test_a_full_disk_does_not_keep_the_live_root_from_reporting(
    root: Path, platform: Platform
) -> None:
    """Ready is sent, and exit code 73 says that the name could not be stored."""
    done = provision(root, platform, FULL)

    assert done.code == 73, done
    assert is_one_ready(platform.reports)
    assert done.last_line == (
        "azprov: Ready was acknowledged, but the host name is not stored (could not write "
        "/etc/hosts (No space left on device)) and progress is not recorded (could not write "
        "/var/lib/azprov/state.json (No space left on device)), and the next boot repeats every "
        "step and may report Ready again; free some space on the file system"
    )


def test_an_ordinary_user_cannot_provision_the_live_root(root: Path, platform: Platform) -> None:
    """Nothing is sent, and the sentence says what is missing."""
    root.chmod(0o755)
    user = 'chroot() { command chroot --userspec=65534:65534 "$@"; }'

    done = provision(root, platform, user)

    assert done.code == 77
    assert platform.reports == []
    assert done.last_line.endswith("run it as root")


#: Files that Python and the C library open by themselves.
OF_PYTHON = (
    "/usr/",
    "/lib",
    "/azprov.pyz",
    "/etc/ld.so.",
    "/etc/localtime",
    "/dev/null",
    "/proc/self/",
)


def test_no_file_of_the_live_root_is_opened_by_its_path(
    root: Path, platform: Platform, strace: str
) -> None:
    """A first boot uses only descriptors below the one of /, as in an image."""
    trace = root.parent / "trace"
    before = f"{strace} -qq -s 4096 -e trace=%file -o {trace}"

    done = provision(root, platform, "", "--admin-user", before=before)

    assert (done.code, done.out) == (0, "web01\n"), done
    # Python starts before that.
    calls = trace.read_text().partition('"/azprov.pyz", O_RDONLY')[2].splitlines()[1:]
    by_path = [line for line in calls if '"/' in line.partition(" = ")[0]]
    others = [line for line in by_path if not re.search(rf'"(?:{"|".join(OF_PYTHON)})', line)]
    assert {line.partition(" = ")[0] for line in others} == {
        'openat(AT_FDCWD, "/", O_RDONLY|O_CLOEXEC|O_PATH|O_DIRECTORY)'
    }
    assert len(by_path) > 100


def test_the_home_of_a_new_user_is_stored_before_ready_is_reported(
    root: Path, platform: Platform, strace: str
) -> None:
    """A file system without a journal may lose a synced folder whose block was in use before."""
    trace = root.parent / "trace"
    before = f"{strace} -f -qq -e trace=syncfs,/rename -o {trace}"
    programs = 'mkdir -p "$0/dev"; mount --rbind /dev "$0/dev"'

    done = provision(root, platform, programs, "--admin-user", before=before)

    assert (done.code, done.out) == (0, "web01\n"), done
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]
    keys = next(number for number, call in enumerate(calls) if '"authorized_keys"' in call)
    stored = next(number for number, call in enumerate(calls) if call.startswith("syncfs("))
    state = next(number for number, call in enumerate(calls) if '"state.json"' in call)
    assert keys < stored < state, calls
