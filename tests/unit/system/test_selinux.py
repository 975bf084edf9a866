"""SELinux labels of new files."""

import logging
from pathlib import Path
from typing import List

import pytest

from azprov.system.root import Root
from azprov.system.selinux import relabel
from ports import NoCommands, Recorder


@pytest.mark.parametrize(
    ("has_selinux", "commands"), [(True, [["restorecon", "-R", "-F", "/home/ops"]]), (False, [])]
)
def test_new_files_of_a_live_machine_get_labels(
    tmp_path: Path, has_selinux: bool, commands: List[List[str]]
) -> None:
    """restorecon runs only where the kernel has SELinux."""
    root = Root(str(tmp_path))
    root.is_live = True
    if has_selinux:
        (tmp_path / "sys/fs/selinux").mkdir(parents=True)
        (tmp_path / "sys/fs/selinux/enforce").touch()
    recorder = Recorder()

    relabel(root, "/home/ops", recorder)

    assert recorder.commands == commands


@pytest.mark.parametrize("has_selinux", [True, False])
def test_an_image_with_selinux_needs_labels(
    tmp_path: Path, has_selinux: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """No program of this machine knows the policy of the image."""
    caplog.set_level(logging.INFO)
    if has_selinux:
        (tmp_path / "etc/selinux").mkdir(parents=True)
        (tmp_path / "etc/selinux/config").touch()

    relabel(Root(str(tmp_path)), "/home/ops", NoCommands())

    lines = [f"{tmp_path}/home/ops has no SELinux labels: relabel the image"]
    assert caplog.messages == (lines if has_selinux else [])
