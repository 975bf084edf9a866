"""The lines of modprobe.d that forbid a module, compared with those that modprobe finds."""

import subprocess
from pathlib import Path
from typing import Set

import pytest

import needs
from azprov.check.facts.image import Image
from azprov.check.facts.modprobe import forbidden_modules
from azprov.system.root import Root

LINES = """\
# install commented /bin/false
blacklist plain
  blacklist indented-name
blacklist twice other
install false /bin/false
install merged /usr/bin/false
install quiet  /bin/true # words
install sorry echo no; exit 1
install loads-it /sbin/modprobe --ignore-install loads-it
install inserts /sbin/insmod /x.ko
options plain a=1
softdep plain pre: blacklist
alias blacklist install
"""


@pytest.mark.needs("modprobe")
def test_modprobe_finds_the_same_lines(tmp_path: Path) -> None:
    """A module with a blacklist line, or with an install command that does not load it."""
    folder = tmp_path / "etc/modprobe.d"
    folder.mkdir(parents=True)
    (folder / "a.conf").write_text(LINES)
    command = [needs.program("modprobe"), "--showconfig", "-C", str(folder)]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout

    forbidden: Set[str] = set()
    for line in shown.splitlines():
        words = line.split()
        loads = "modprobe" in line or "insmod" in line
        if words[:1] == ["blacklist"] or (words[:1] == ["install"] and not loads):
            forbidden.add(words[1])
    assert {one.module for one in forbidden_modules(Image(Root(str(tmp_path))))} == forbidden
    assert forbidden == {
        "plain",
        "indented_name",
        "twice",
        "false",
        "merged",
        "quiet",
        "sorry",
    }
