"""The table of what deprovision removes is true for azprov: every example is tried."""

import re
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from images import azprov
from person import UID
from project import ROOT

PAGE = ROOT / "unit/recipes/what-deprovision-removes.md"
CONTENTS: Dict[str, str] = {
    "/etc/sysconfig/network-scripts/ifcfg-eth0": "A=1\nDHCP_HOSTNAME=base\n",
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "/etc/hostname": "base\n",
    "/etc/shadow": "root:$y$hash:19000:0:99999:7:::\n",
    "/root/.ssh/authorized_keys": "ssh-ed25519 AAAA me\n",
    "/etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.1993-08.org.debian:01:1\n",
}
LEFT = {
    "removed": "",
    "below `--root`": "",
    "emptied": "empty",
    "reset": "localhost\n",
    "locked": "root:*:19000:0:99999:7:::\n",
    "replaced": "GenerateName=yes\n",
    "stays": "used\n",
    "name removed": "A=1\n",
}


def rows() -> Iterator[List[str]]:
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[1].startswith("`"):
            yield cells


EXAMPLES = [
    (example, cells[2]) for cells in rows() for example in re.findall(r"`([^`]+)`", cells[1])
]


def test_the_table_has_its_rows() -> None:
    """The page was not changed in a way that leaves nothing to try."""
    assert len(EXAMPLES) == 30


@pytest.mark.parametrize(("example", "result"), EXAMPLES)
def test_an_example_of_the_table_is_what_it_says(tmp_path: Path, example: str, result: str) -> None:
    """The file of a used image is removed, emptied or kept by deprovision as its row says."""
    files = {
        "/etc/passwd": f"root:x:{UID}:{UID}:root:/root:/bin/sh\n",
        "/etc/login.defs": f"UID_MIN {UID}\n",
        "/usr/lib/systemd/systemd": "",
        example: CONTENTS.get(example, "used\n"),
    }
    for path, content in files.items():
        (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path[1:]).write_text(content)

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert code == 0, log
    file = tmp_path / example[1:]
    left = (file.read_text() or "empty") if file.exists() else ""
    assert left == LEFT[result]
