"""The attributes of chattr: the cause of an error, only where a file has one of them.

tests/unit/system/test_root.py sets them.
"""

import errno
import os
from pathlib import Path

import pytest

from azprov.system.root.attributes import explained
from open_files import open_files


@pytest.mark.parametrize("name", ["file", "folder", "fifo", "link", "missing"])
def test_an_error_with_another_cause_stays(tmp_path: Path, name: str) -> None:
    """The file may have disappeared, too; nothing is opened that stays open."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("file")
    error = PermissionError(errno.EPERM, "Operation not permitted")
    folder = os.open(tmp_path, os.O_PATH)
    before = open_files()
    try:
        assert explained(error, folder, name) is error
        assert open_files() == before
    finally:
        os.close(folder)
