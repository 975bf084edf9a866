"""`provision` on "/", from the source: root may run it, and an ordinary user may not."""

from pathlib import Path
from typing import List

import pytest

from live_root import LiveRoot, usable
from strict_wireserver import StrictWireServer

FILES = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/hostname": "image\n"}


@pytest.fixture
def root(tmp_path: Path) -> LiveRoot:
    usable()
    return LiveRoot(tmp_path, FILES)


def arguments(server: StrictWireServer) -> List[str]:
    words = ["provision", "--no-hostname", "--timeout", "10", "--platform", "any"]
    return [*words, "--wireserver", "{}:{}".format(*server.listener.getsockname())]


def test_root_provisions_the_running_machine(root: LiveRoot, wireserver: StrictWireServer) -> None:
    """Ready is acknowledged, and the exit code is 0."""
    done = root.azprov(*arguments(wireserver))

    assert done.returncode == 0, done.stderr
    assert wireserver.verdicts == ["goal state", "ready"]


def test_an_ordinary_user_may_not_provision_the_running_machine(
    root: LiveRoot, wireserver: StrictWireServer
) -> None:
    """The command is refused before the platform gets a request."""
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

    done = root.run(*user, "/usr/bin/python3", "-B", "-m", "azprov", *arguments(wireserver))

    assert done.returncode == 77
    assert done.stderr.endswith("azprov: only root may change this machine; run it as root\n")
    assert wireserver.verdicts == []
