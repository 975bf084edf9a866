"""The ports of this machine, and the request of a single command."""

from pathlib import Path
from typing import List

import pytest

from azprov.boot.connect import Ports, fetch_metadata, real_commands
from azprov.boot.settings import ImdsSettings
from azprov.formats.platform.instance import Wanted
from azprov.system.root import Root
from unit.boot.scripted import ED25519, Platform, in_turn, metadata


def test_the_programs_of_this_machine_are_run() -> None:
    """A command by hand and the service use them."""
    assert real_commands().output(["sh", "-c", "echo x"], limit_s=60.0) == b"x\n"


@pytest.mark.parametrize(("timeout_s", "seconds"), [(300.0, 5.0), (10.0, 5.0), (6.0, 3.0)])
def test_a_command_asks_again_for_keys_that_are_missing(
    tmp_path: Path, timeout_s: float, seconds: float
) -> None:
    """They may be late, and a command with a short time limit waits for half of it."""
    platform = Platform(imds=metadata())
    settings = ImdsSettings(timeout_s=timeout_s, is_trusted=True)

    instance = fetch_metadata(platform.ports, Root(str(tmp_path)), settings, Wanted(keys=True))

    assert instance.public_keys == ()
    assert sum(platform.clock.sleeps) == pytest.approx(seconds)


def test_keys_that_come_late_are_taken(tmp_path: Path) -> None:
    """The command ends with the first answer that has them."""
    platform = Platform(imds=in_turn(metadata(), metadata(), metadata(ED25519)))
    settings = ImdsSettings(is_trusted=True)

    instance = fetch_metadata(platform.ports, Root(str(tmp_path)), settings, Wanted(keys=True))

    assert len(instance.public_keys) == 1
    assert len(platform.requests) == 3


def test_the_drive_of_the_ports_is_ejected(tmp_path: Path) -> None:
    """Without a function for it, nothing is ejected."""
    platform = Platform()
    ejected: List[Root] = []
    given = platform.ports
    others = (given.clock, given.jitter, given.transport, given.probe, None)
    root = Root(str(tmp_path))

    Ports(*others, ejected.append).eject_dvd(root)
    Ports(*others).eject_dvd(root)

    assert ejected == [root]
