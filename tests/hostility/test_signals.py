"""SIGTERM and SIGINT at any moment of a first boot: a sentence, nothing half done, and on."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import pytest

from hostility.scene import (
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
SENTENCES = {
    signal.SIGTERM: "azprov: stopped by SIGTERM; nothing is half done, run it again to continue",
    signal.SIGINT: "azprov: interrupted; nothing is half done, run it again to continue",
}
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """What a first boot that nobody stops makes of the machine."""
    platform = Platform()
    root = make_machine(tmp_path_factory.mktemp("undisturbed") / "root")
    assert run(*COMMAND, "--root", root, platform=platform).code == 0
    platform.close()
    return without_pool(root)


def without_pool(root: Path) -> Dict[str, str]:
    found = everything(root)
    del found[POOL]  # its records hold the time
    return found


def require_end(root: Path, platform: Platform, undisturbed: Dict[str, str]) -> None:
    """The next boot, which nobody stops, makes of it what it should be."""
    done = run(*COMMAND, "--root", root, platform=platform)

    assert done.code == 0, done
    assert without_pool(root) == undisturbed


# Each call of the kernel that changes something or waits, by how often it comes.
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
    """The same call by the names that other kinds of machine have for it."""
    return {"rename": "/^rename", "mkdir": "/^mkdir"}.get(call, call)


@pytest.mark.parametrize("call", CALLS)
def test_a_signal_at_a_call_of_the_kernel(
    call: str, tmp_path: Path, platform: Platform, strace: str, undisturbed: Dict[str, str]
) -> None:
    """The handler runs right behind it; SIGTERM and SIGINT, at the first and the last one."""
    count = CALLS[call]
    for number in sorted({1, count, count // 2 if count > _FEW else 1}):
        one = [signal.SIGTERM, signal.SIGINT][number % 2]
        root = make_machine(tmp_path / f"root{number}")
        name = alternatives(call)
        inject = f"inject={name}:signal={one.name}:when={number}"

        done = run(
            *(*COMMAND, "--root", root),
            platform=platform,
            env={"HOME": "/"},  # else Python itself connects, to ask whose home is whose
            before=(strace, "-f", "-qq", "-e", f"trace={name}", "-e", inject, "-o", "/dev/null"),
        )

        if done.code:
            assert (done.code, done.last_line) == (CODES[one], SENTENCES[one]), (number, done)
        else:
            assert number > 1, done
        require_end(root, platform, undisturbed)


@pytest.mark.parametrize("one", SENTENCES, ids=lambda one: one.name)
def test_a_signal_at_random_moments(
    one: signal.Signals, tmp_path: Path, platform: Platform, undisturbed: Dict[str, str]
) -> None:
    """From the first line of the account to the end; SIGTERM from the very start."""
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
            # It came before azprov did, or when all was done and said and Python cleaned up.
            assert (first, rest) == ("", "") or rest.endswith("Response: 200 OK\n")
            assert bool(rest) == (root / "var/lib/azprov/state.json").exists()
        else:
            done = Done(process.returncode, "", first + rest)
            require_contract(done)
            assert done.code in (0, CODES[one]), done
            assert not done.code or done.last_line == SENTENCES[one]
    require_end(root, platform, undisturbed)

    assert CODES[one] in codes


def test_a_second_signal_does_not_cut_the_last_line(tmp_path: Path, platform: Platform) -> None:
    """As when a person presses Ctrl-C again and again."""
    root = make_machine(tmp_path / "root")
    process = subprocess.Popen(
        [sys.executable, "-I", PYZ, *COMMAND, "--root", root],
        env={"AZPROV_IMDS": "127.0.0.1:9", "AZPROV_WIRESERVER": "127.0.0.1:9"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    for _ in range(20):
        process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)

    require_contract(Done(process.returncode, "", first + rest))
    assert process.returncode == 130
    assert rest.splitlines()[-1] == SENTENCES[signal.SIGINT]
    assert not platform.reports
