"""What the tests of a hostile host share."""

import os
import shutil
from typing import Iterator

import pytest

from hostility.scene import Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    """What answers a first boot."""
    platform = Platform()
    yield platform
    platform.close()


@pytest.fixture
def strace() -> str:
    """Where strace is; in CI it has to be."""
    found = shutil.which("strace")
    if found is None:
        assert not os.environ.get("CI"), "strace is not installed"
        pytest.skip("there is no strace, which CI has")
    return found
