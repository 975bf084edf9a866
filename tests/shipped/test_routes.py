"""Waiting for a route: the kernel ends the wait, no change is lost, and it is no busy loop."""

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
def test_a_new_route_ends_the_wait(address: str) -> None:
    """A few attempts are enough, because the dialer waits for the kernel's message."""
    outcome = outcome_of("late", address)

    assert outcome.is_connected
    assert outcome.seconds < 10
    assert outcome.tries <= 5


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("way", ["after attempt 1", "after attempt 2"])
def test_no_change_is_lost(way: str, address: str) -> None:
    """A change between an attempt and the wait ends that wait at once."""
    outcome = outcome_of(way, address)

    assert outcome.is_connected
    assert outcome.seconds < 10
    assert outcome.tries <= 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_change_there_is_no_further_attempt(address: str) -> None:
    """The dialer waits until its time limit, here the deadline."""
    assert outcome_of("never", address)[::2] == (3, False)


def test_a_storm_of_changes_is_no_busy_loop() -> None:
    """Hundreds of messages from the kernel do not cause hundreds of attempts."""
    outcome = outcome_of("storm", ADDRESSES[0])

    assert not outcome.is_connected
    assert 5 <= outcome.tries <= 25


def test_a_prohibited_address_is_tried_every_50_ms() -> None:
    """A firewall may allow the address without any message from the kernel about routes."""
    outcome = outcome_of("prohibited", ADDRESSES[0])

    assert not outcome.is_connected
    assert 8 <= outcome.tries <= 21


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_netlink_the_dialer_polls(address: str) -> None:
    """A route is found on a system, or in a sandbox, that has no netlink."""
    outcome = outcome_of("polled", address)

    assert outcome.is_connected
    assert outcome.tries >= 6
