"""Two azprov processes at once: the second one waits, and gives up after its limit."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

import pytest

import needs
from azprov.errors import HostError
from azprov.system.clock import Clock
from azprov.system.lock import lock_root
from azprov.system.root import Root
from hostility.process_runs import (
    WRITING,
    Done,
    Platform,
    everything,
    make_machine,
    needs_root,
    run,
)
from ports import FakeClock
from pyz import PYZ


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a folder locked, as another process would."""
    number = os.open(folder, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_EX)
    yield
    os.close(number)


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second process waits until the first one has ended; another root is not locked."""
    root, other = Root(str(tmp_path)), tmp_path / "other"
    other.mkdir()
    order: List[str] = []

    def second() -> None:
        with lock_root(root, Clock(), wait_s=10):
            order.append("second in")

    with lock_root(root, Clock(), wait_s=0):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        with lock_root(Root(str(other)), Clock(), wait_s=0):
            order.append("other in")
        order.append("first out")
    thread.join()

    assert order == ["other in", "first out", "second in"]
    assert os.listdir(tmp_path) == ["other"]


def test_waiting_ends_with_a_sentence_that_names_the_root(tmp_path: Path) -> None:
    """The second process fails after its time limit and says which root is being changed."""
    clock, root = FakeClock(), Root(str(tmp_path))
    with held(tmp_path), pytest.raises(HostError) as caught, lock_root(root, clock, wait_s=0.45):
        raise AssertionError

    assert str(caught.value) == (
        f"another azprov is changing {tmp_path}; wait until it has ended, then try again"
    )
    assert clock.sleeps == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.05])


@needs_root
def test_the_command_line_waits(tmp_path: Path) -> None:
    """A command that has to wait logs it, and does its work after the other one has ended."""
    root = make_machine(tmp_path / "root")
    (root / "root").chmod(0o700)
    with held(root / "root"):
        process = subprocess.Popen(
            [sys.executable, "-I", PYZ, *WRITING["set-hostname"], "--root", root],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        assert (root / "etc/hostname").read_text() == "image\n"
    _, rest = process.communicate(timeout=60)

    assert first == f"Waiting for another azprov that is changing {root}, 10 s left\n"
    assert process.returncode == 0
    assert rest == "Host name: web01\n"


@needs_root
def test_commands_that_change_nothing_do_not_wait(tmp_path: Path) -> None:
    """`check` runs although another process is changing the root."""
    root = make_machine(tmp_path / "root")
    with held(root):
        done = run("check", "--root", root)

    assert "Waiting" not in done.err
    assert done.code == 1


@needs_root
@pytest.mark.parametrize("name", ["install", "provision", "deprovision"])
def test_four_at_once_have_the_result_of_one(name: str, tmp_path: Path, platform: Platform) -> None:
    """Four processes leave the files that one would leave, and report Ready once.

    The first deprovision removes the user, so the other three do not find one.
    """
    one, together = make_machine(tmp_path / "one"), make_machine(tmp_path / "together")
    argv = [*WRITING[name], "--timeout", "40"] if name == "provision" else WRITING[name]
    for root in (one, together):
        if name == "deprovision":
            run(*WRITING["install"], "--root", root)
    run(*argv, "--root", one, platform=platform)
    reports = len(platform.reports)

    done: List[Done] = []
    threads = [
        threading.Thread(
            target=lambda: done.append(run(*argv, "--root", together, platform=platform))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    codes = [0, 2, 2, 2] if name == "deprovision" else [0, 0, 0, 0]
    assert sorted(result.code for result in done) == codes, done
    ends = [everything(root) for root in (one, together)]
    # Its records contain the time.
    pools = [end.pop("var/lib/hyperv/.kvp_pool_1") for end in ends]
    assert ends[0] == ends[1]
    assert len({pool.count("PROVISIONING_REPORT") for pool in pools}) == 1
    assert len(platform.reports) == 2 * reports
    assert reports == (1 if name == "provision" else 0)


# Prints what azprov's lock of "/" is while it is held, and whether it can be taken.
TAKER = """
import os
from azprov.errors import HostError
from azprov.system.clock import Clock
from azprov.system.lock import lock_root
from azprov.system.root import Root
try:
    with lock_root(Root(), Clock(), wait_s=0):
        held = {os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                if os.path.exists(f"/proc/self/fd/{name}")}
        locked = {"/run/azprov.lock", "/root", "/var/lib/azprov"} & held
        modes = [oct(os.stat(path).st_mode & 0o777) for path in locked]
        print("in", *locked, *modes)
except HostError:
    print("out")
print(os.path.exists("/run/azprov.lock"))
"""
# Locks a file or folder as another process would, and then becomes another program.
HOLD = "import fcntl, os, sys; f = os.open(sys.argv[1], os.O_RDONLY); fcntl.flock(f, fcntl.LOCK_EX)"
HOLD += "; os.set_inheritable(f, True); os.execvp(sys.argv[2], sys.argv[2:])"
RUN = "mount -t tmpfs none /run"
READ_ONLY = "mount -o remount,bind,ro /run"
STATE = "mount -t tmpfs none /var/lib && mkdir -m 700 /var/lib/azprov"


def take_live(world: str, held: str = "") -> List[str]:
    """Run the taker in a mount namespace, while another process holds a lock."""
    python = needs.program("/usr/bin/python3")  # that of the tests may be below /root
    hold = [python, "-c", HOLD, held] if held else []
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", f'{world}; exec "$@"', "sh", *hold] + [python, "-c", TAKER],
        env={**os.environ, "PYTHONPATH": str(PYZ.parent.parent / "app")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@needs_root
@pytest.mark.parametrize("held", ["", "/", "/run", "/var/lib"])
def test_a_live_machine_has_a_lock_that_only_root_can_take(held: str) -> None:
    """A user who locks what every user can open cannot keep a first boot from reporting.

    The file that is locked cannot be opened by users, and is removed afterwards.
    """
    assert take_live(RUN, held) == ["in /run/azprov.lock 0o600", "False"]


@needs_root
def test_the_lock_of_a_live_machine_excludes_another_process() -> None:
    """While another process of root has the lock, it cannot be taken."""
    world = f"{RUN}; touch /run/azprov.lock; chmod 600 /run/azprov.lock"

    assert take_live(world, "/run/azprov.lock") == ["out", "True"]


@needs_root
@pytest.mark.parametrize(
    ("world", "locked"),
    [
        (f"{RUN}; {READ_ONLY}", "/root 0o700"),
        (
            f"{RUN}; mount -t tmpfs -o mode=755 none /root; {STATE}; {READ_ONLY}",
            "/var/lib/azprov 0o700",
        ),
        (
            f"{RUN}; touch /run/azprov.lock; chmod 644 /run/azprov.lock",
            "/root 0o700",
        ),
        (f"{RUN}; mkfifo -m 600 /run/azprov.lock", "/root 0o700"),
        (f"{RUN}; ln -s /etc/passwd /run/azprov.lock", "/root 0o700"),
        ("mount -t tmpfs -o nr_inodes=1 none /run", "/root 0o700"),
    ],
    ids=["read-only", "read-only, open home", "users can open it", "FIFO", "link", "full"],
)
def test_without_a_usable_run_a_folder_that_only_root_can_open_is_locked(
    world: str, locked: str
) -> None:
    """The lock needs no writable disk: an existing closed folder can be locked too."""
    world = f"mount -t tmpfs -o mode=700 none /root; {world}"

    assert take_live(world)[0] == f"in {locked}"
    assert take_live(world, locked.split(maxsplit=1)[0])[0] == "out"


@needs_root
def test_four_processes_take_the_lock_of_a_live_machine_one_after_the_other() -> None:
    """A process that waited for a removed lock file locks the new one, so that one is inside."""
    worker = """
import sys, time
from azprov.system.clock import Clock
from azprov.system.lock import lock_root
from azprov.system.root import Root
for _ in range(5):
    with lock_root(Root(), Clock(), wait_s=50):
        open("/run/inside", "x").close()
        time.sleep(0.02)
        __import__("os").unlink("/run/inside")
"""
    script = 'mount -t tmpfs none /run; for i in 1 2 3 4; do "$@" & all="$all $!"; done; '
    script += "for one in $all; do wait $one; done"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", script, "sh", sys.executable, "-c", worker],
        env={**os.environ, "PYTHONPATH": str(PYZ.parent.parent / "app")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
