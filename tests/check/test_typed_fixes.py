"""Each fix by a command of the shell, or by `deprovision`, is typed, and the finding is gone.

Fixes by programs of an image are typed in test_check_fixes.py and test_fixes_in_a_chroot.py.
"""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from check.fault_cases import WRONG_ANYWHERE
from check.image_changes import found_by
from images import azprov
from sound_image import change, make_sound

#: The beginning of a command that needs no program of the image.
TYPED = re.compile(r"(?:printf|cp|rm|ln|mkdir|chmod|sed|python3) ")
#: A fix may reveal the next file that has the same fault.
MOST = 5
#: The rules that have such a fix, in at least one of the cases.
RULES = {
    "agent-data",
    "authorized-keys",
    "boot-file-missing",
    "boot-target",
    "container-mark",
    "credential-secret",
    "esp-fallback",
    "firewall-metadata",
    "firewall-output",
    "histories",
    "homes-unusable",
    "homes-writable",
    "host-keys",
    "installer-files",
    "leases",
    "logs",
    "lvm-devices",
    "machine-id",
    "machine-identity",
    "network-closed",
    "network-no-dhcp",
    "network-none",
    "network-other-nic",
    "network-renamed",
    "network-static",
    "network-vf",
    "passwords",
    "private-keys",
    "random-seed",
    "sent-hostname",
    "spools",
    "ssh-forbidden",
    "state",
    "trusted-hosts",
}


def type_in(command: str) -> None:
    words = shlex.split(command)
    if words[0] == "python3":
        assert azprov(*words[2:], "--yes")[0] == 0
    else:
        subprocess.run(["sh", "-c", f"umask 077; {command}"], check=True)


@pytest.mark.parametrize(
    "case", [name for name, one in WRONG_ANYWHERE.items() if one.rule in RULES]
)
def test_a_typed_fix_leaves_nothing_to_find(tmp_path: Path, case: str) -> None:
    """The commands are typed as printed, until the fix is a sentence or nothing is found."""
    rule, _, done = WRONG_ANYWHERE[case]
    image = make_sound(tmp_path / "image")
    change(image, done)

    for _ in range(MOST):
        fixes = [one.fix for one in found_by(image, rule) if one.rule == rule]
        commands = [fix for fix in fixes if TYPED.match(fix) and "systemctl" not in fix]
        if not commands:
            break
        type_in(commands[0])

    assert [fix for fix in fixes if fix in commands] == []
