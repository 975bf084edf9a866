"""Network namespaces of the tests' own, in which any address can be had."""

import os
import subprocess

import pytest

UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def skip_without_namespaces() -> None:
    """Skip where none can be made; fail where CI should allow it."""
    trial = subprocess.run(
        [*UNSHARE, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False
    )
    if trial.returncode:
        assert not os.environ.get("CI"), trial.stderr
        pytest.skip(f"no network namespace can be made here: {trial.stderr.strip()}")
