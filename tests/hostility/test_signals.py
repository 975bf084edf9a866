"""SIGTERM and SIGINT at any moment of a first boot: nothing is half done, and it can resume."""

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import pytest

from hostility.process_runs import (
    USER,
    Done,
    Platform,
    everything,
    make_machine,
    needs_root,
    require_contract,
    run,
)
from pyz import PYZ

pytestmark = needs_root

COMMAND = ["provision", "--admin-user", "--ssh-keys", USER, "--timeout", "20"]
POOL = "var/lib/hyperv/.kvp_pool_1"
# The last line before a report is posted, during that, and when it is acknowledged.
SENTENCES = {
    one: [
        f"azprov: {how}; run it again to continue; nothing is half done",
        f"azprov: {how}; Azure may have received Ready; run it again, since a second Ready is "
        "harmless",
        f"azprov: {how}; Azure has acknowledged the report; run it again to complete the rest",
    ]
    for one, how in ((signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGINT, "interrupted"))
}
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """The files of a machine after a first boot without signals."""
    platform = Platform()
    root = make_machine(tmp_path_factory.mktemp("undisturbed") / "root")
    assert run(*COMMAND, "--root", root, platform=platform).code == 0
    platform.close()
    return without_pool(root)


def without_pool(root: Path) -> Dict[str, str]:
    found = everything(root)
    del found[POOL]  # its records contain the time
    return found


def require_end(root: Path, platform: Platform, undisturbed: Dict[str, str]) -> None:
    """The next boot, without signals, completes the machine."""
    done = run(*COMMAND, "--root", root, platform=platform)

    assert done.code == 0, done
    assert without_pool(root) == undisturbed


# System calls that change something or wait, and how often a first boot makes them.
CALLS = {
    "rename": 12,
    "fsync": 18,
    "fchmod": 9,
    "fchown": 5,
    "mkdir": 3,
    "ftruncate": 1,
    "flock": 2,
    "recvfrom": 3,
    "sendto": 3,
    "connect": 3,
    "setresuid": 2,
}

_FEW = 10


def alternatives(call: str) -> str:
    """The system call under all names that it has on different architectures."""
    return {"rename": "/^rename", "mkdir": "/^mkdir"}.get(call, call)


@pytest.mark.parametrize("call", CALLS)
def test_a_signal_at_a_system_call_leaves_nothing_half_done(
    call: str, tmp_path: Path, platform: Platform, strace: str, undisturbed: Dict[str, str]
) -> None:
    """A signal after the first, a middle or the last call ends with its exit code and sentence."""
    count = CALLS[call]
    for number in sorted({1, count, count // 2 if count > _FEW else 1}):
        one = [signal.SIGTERM, signal.SIGINT][number % 2]
        root = make_machine(tmp_path / f"root{number}")
        name = alternatives(call)
        inject = f"inject={name}:signal={one.name}:when={number}"

        done = run(
            *COMMAND,
            "--root",
            root,
            platform=platform,
            env={"HOME": "/"},  # without HOME, Python itself connects to look up users
            before=(strace, "-f", "-qq", "-e", f"trace={name}", "-e", inject, "-o", "/dev/null"),
        )

        if done.code:
            assert done.code == CODES[one], (number, done)
            assert done.last_line in SENTENCES[one], (number, done)
        else:
            assert number > 1, done
        require_end(root, platform, undisturbed)


@pytest.mark.parametrize("one", SENTENCES, ids=lambda one: one.name)
def test_a_signal_at_a_random_moment_leaves_nothing_half_done(
    one: signal.Signals, tmp_path: Path, platform: Platform, undisturbed: Dict[str, str]
) -> None:
    """SIGTERM may come from the very start, SIGINT from the first line of the log."""
    moments = random.Random(20261122)  # noqa: S311 - the same moments each time
    codes: List[int] = []
    platform.pause_s = 0.05
    for number in range(8):
        root = make_machine(tmp_path / f"root{number}")
        process = subprocess.Popen(
            [sys.executable, "-I", PYZ, *COMMAND, "-v", "--root", root],
            env=platform.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        first = process.stderr.readline() if one is signal.SIGINT or number % 2 else ""
        time.sleep(moments.uniform(0, 0.5))
        process.send_signal(one)
        _, rest = process.communicate(timeout=60)

        codes.append(process.returncode)
        if process.returncode == -one:
            # The signal came before azprov started, or when Python was exiting.
            assert (first, rest) == ("", "") or "Response: 200 OK\n" in rest
            assert bool(rest) == (root / "var/lib/azprov/state.json").exists()
        else:
            done = Done(process.returncode, "", first + rest)
            require_contract(done)
            assert done.code in (0, CODES[one]), done
            assert not done.code or done.last_line in SENTENCES[one]
    require_end(root, platform, undisturbed)

    assert CODES[one] in codes


def test_later_signals_change_neither_the_last_line_nor_the_exit_code(
    tmp_path: Path, platform: Platform
) -> None:
    """Pressing Ctrl-C until the process ends has the same result as pressing it once."""
    root = make_machine(tmp_path / "root")
    process = subprocess.Popen(
        [sys.executable, "-I", PYZ, *COMMAND, "--root", root],
        env={"AZPROV_IMDS": "127.0.0.1:9", "AZPROV_WIRESERVER": "127.0.0.1:9"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    while "cannot be reached" not in first:
        first += process.stderr.readline()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)

    require_contract(Done(process.returncode, "", first + rest))
    assert process.returncode == 130
    assert re.fullmatch(
        r"azprov: interrupted after [a-z ]*\S+ s: 127\.0\.0\.1:9 cannot be reached .*; check .*",
        rest.splitlines()[-1],
    )
    assert not platform.reports
