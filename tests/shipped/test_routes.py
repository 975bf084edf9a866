"""Waiting for a route: woken by the kernel, with nothing lost, and never a busy loop."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from namespaces import UNSHARE, skip_without_namespaces

DRIVER = Path(__file__).parents[1] / "late_route.py"
ADDRESSES = ["192.0.2.16", "2001:db8::16"]


class Outcome(NamedTuple):
    tries: int
    seconds: float
    is_connected: bool


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> None:
    skip_without_namespaces()


def outcome_of(way: str, address: str) -> Outcome:
    if ":" in address and not Path("/proc/net/if_inet6").exists():
        pytest.skip("there is no IPv6 here")
    driver = subprocess.run(
        [*UNSHARE, sys.executable, str(DRIVER), way, address],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert driver.returncode == 0, driver.stderr
    return Outcome(**json.loads(driver.stdout))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_route_that_comes_ends_the_wait(address: str) -> None:
    """One attempt finds that there is none, one begins to wait, and hardly more are needed."""
    outcome = outcome_of("late", address)

    assert outcome.is_connected
    assert outcome.seconds < 10
    assert outcome.tries <= 5


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("way", ["after attempt 1", "after attempt 2"])
def test_no_change_is_lost(way: str, address: str) -> None:
    """One that came after an attempt, and before the wait for it."""
    outcome = outcome_of(way, address)

    assert outcome.is_connected
    assert outcome.seconds < 10
    assert outcome.tries <= 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_where_nothing_changes_nothing_is_tried(address: str) -> None:
    """Until the patience of the wait is over, here at the deadline."""
    assert outcome_of("never", address)[::2] == (3, False)


def test_a_storm_of_changes_is_no_busy_loop() -> None:
    """It is tried as often as it would be polled, and not once for each of hundreds."""
    outcome = outcome_of("storm", ADDRESSES[0])

    assert not outcome.is_connected
    assert 5 <= outcome.tries <= 25


@pytest.mark.parametrize("address", ADDRESSES)
def test_where_nobody_tells_it_is_polled(address: str) -> None:
    """A platform without netlink, or a sandbox that does not let it through."""
    outcome = outcome_of("polled", address)

    assert outcome.is_connected
    assert outcome.tries >= 6
