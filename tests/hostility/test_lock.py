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
    with held(root):
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


# Locks a folder as another process would, and prints whether azprov can lock "/".
HOLDER = """
import fcntl, os, sys
from azprov.errors import HostError
from azprov.system.clock import Clock
from azprov.system.lock import lock_root
from azprov.system.root import Root
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
try:
    with lock_root(Root(), Clock(), wait_s=0):
        print("in")
except HostError:
    print("out")
"""


@needs_root
@pytest.mark.parametrize(
    ("mode", "held_folder", "answer"),
    [
        ("700", "/", "in"),
        ("700", "/var/lib/azprov", "out"),
        ("755", "/", "out"),
        ("755", "/var/lib/azprov", "in"),
    ],
)
def test_a_live_machine_has_a_lock_that_only_root_can_take(
    mode: str, held_folder: str, answer: str
) -> None:
    """A user who locks "/" cannot keep a first boot from reporting."""
    world = (
        "mount -t tmpfs none /var/lib && mkdir /var/lib/azprov"
        ' && chmod "$0" /var/lib/azprov && exec "$@"'
    )
    holder = [sys.executable, "-c", HOLDER, held_folder]

    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", world, mode, *holder],
        env={**os.environ, "PYTHONPATH": str(PYZ.parent.parent / "app")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == (f"{answer}\n", "")
