"""Fixtures of the tests on a hostile machine."""

from typing import Iterator

import pytest

import needs
from hostility.process_runs import Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform on loopback that answers a first boot."""
    platform = Platform()
    yield platform
    platform.close()


@pytest.fixture
def strace() -> str:
    """The path of strace."""
    return needs.program("strace")
