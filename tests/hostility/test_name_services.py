"""Each name service that glibc asks is found in nsswitch.conf, whatever the spelling."""

from pathlib import Path

import pytest

import live_root
from azprov.system.root import Root
from azprov.system.user_database import directories, names_service
from live_root import LiveRoot

pytestmark = pytest.mark.needs("root", "getent")


@pytest.mark.parametrize(
    "text",
    [
        "passwd: files\n",
        "passwd:files\n",
        "  passwd: files\n",
        "\fpasswd: files\n",
        "passwd : files\n",
        "passwd files\n",
        "passwd:: files\n",
        "passwd: nis # files\n",
        "passwd: nis[notfound=return]files\n",
        "passwd: nis\npasswd: files\n",
    ],
)
def test_a_service_that_getent_asks_is_found(text: str, tmp_path: Path) -> None:
    """getent finds root by the service files, so azprov finds that service in the same line."""
    live_root.usable()
    entry = "root:x:0:0::/root:/bin/sh\n"
    live = LiveRoot(tmp_path, {"etc/passwd": entry, "etc/nsswitch.conf": text})
    assert live.run("getent", "passwd", "root").stdout == entry

    assert names_service(Root(str(tmp_path)), "files")


@pytest.mark.parametrize(
    "text", ["passwd: files\npasswd: nis\n", "passwd: nis\npasswd: files\n", "passwd: nis files\n"]
)
def test_every_line_of_a_kind_counts(text: str, tmp_path: Path) -> None:
    """glibc has used the first line and the last one, depending on its version."""
    live = LiveRoot(tmp_path, {"etc/nsswitch.conf": text})

    assert directories(Root(str(live.folder))) == ["nis"]
