"""The recipe grow-root, run word for word, and two boots on a disk larger than the image.

QEMU emulates the processor, so a boot takes about a minute.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from boot.machine import Machine, skip_without_means
from project import ROOT
from pyz import PYZ
from recipes import blocks_of, run_program

# The Debian package of each command that only this recipe needs.
NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "mcopy": "mtools", "sfdisk": "fdisk"}

# Print the size of / in KiB and of its partition in sectors, and power the machine off.
REPORT = "echo grown: $(df --output=size / | tail -n 1) $(cat /sys/class/block/vda2/size)"
REPORT_UNIT = f"""\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=sh -c '{REPORT}'
ExecStart=systemctl --no-block poweroff
StandardOutput=tty
TTYPath=/dev/ttyS0
"""
REPORT_SCRIPT = f"""\
#!/sbin/openrc-run
start() {{
	{REPORT} >/dev/ttyS0
	openrc-shutdown --poweroff now
}}
"""
# Alpine and Gentoo have this script; Debian has it in a package for sysvinit.
ROOT_SCRIPT = "#!/sbin/openrc-run\nstart() { mount -o remount,rw /; }\n"

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module", autouse=True)
def _means() -> None:
    skip_without_means()
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if missing:
        assert not os.environ.get("CI"), missing
        pytest.skip(f"needs {', '.join(missing)}: apt-get install {' '.join(missing)}")


def run_blocks(folder: Path, *blocks: str) -> str:
    return run_program(["timeout", "900", "sh", "-eux"], "".join(blocks), cwd=folder)


def findings_of(root: Path) -> List[Any]:
    command = [sys.executable, "-I", str(PYZ), "check", "--json", "--root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings: List[Any] = json.loads(done.stdout)["findings"]
    return findings


def add_script(root: Path, name: str, runlevel: str, text: str) -> None:
    script = root / "etc/init.d" / name
    script.write_text(text)
    script.chmod(0o755)
    (root / "etc/runlevels" / runlevel / name).symlink_to(f"/etc/init.d/{name}")


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        ("disk", "With systemd, on a GPT disk"),
        ("openrc-disk", "With OpenRC, or on an MBR disk"),
    ],
)
def test_the_root_has_the_size_of_the_disk(kind: str, section: str, tmp_path: Path) -> None:
    """After the first boot on a larger disk, / has its size, and the second boot keeps it."""
    root = Machine(tmp_path, kind).root
    (tmp_path / "dist").symlink_to(ROOT / "dist")
    run_blocks(tmp_path, *blocks_of("debian-vhd", "The boot loader"))
    before = findings_of(root)
    run_blocks(tmp_path, *blocks_of("grow-root", section))
    assert findings_of(root) == before
    if kind == "disk":
        (root / "etc/systemd/system/report.service").write_text(REPORT_UNIT)
        wanted = root / "etc/systemd/system/multi-user.target.wants"
        (wanted / "report.service").symlink_to("../report.service")
    else:
        (root / "sbin/init").symlink_to("openrc-init")
        add_script(root, "root", "boot", ROOT_SCRIPT)
        add_script(root, "report", "default", REPORT_SCRIPT)
    larger, boot, sizes = blocks_of("grow-root", "Try it")
    run_blocks(tmp_path, *blocks_of("debian-vhd", "The disk"), larger)
    disk = tmp_path / "larger.raw"
    assert not is_intact(disk)  # the backup of its partition table is not at the end

    first = run_blocks(tmp_path, boot)
    second = run_blocks(tmp_path, boot)

    for console in (first, second):
        grown = re.search(r"grown: (\d+) (\d+)", console)
        assert grown is not None, console
        assert 5_800_000 < int(grown.group(1)) < 6_100_000, console
        assert 12_400_000 < int(grown.group(2)) < 12_449_793, console
    assert is_intact(disk)
    shown = run_blocks(tmp_path, sizes)
    assert re.search(r"larger\.raw1\s+2048\s+133119\s+131072\s+64M EFI System", shown)
    assert re.search(r"larger\.raw2\s.*\s5\.9G Linux filesystem", shown)
    assert re.search(r"Block count:\s+15\d{5}\nBlock size:\s+4096\n", shown)


def is_intact(disk: Path) -> bool:
    """Whether sfdisk finds nothing to correct in a partition table."""
    command = ["sfdisk", "--verify", str(disk)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return "No errors detected" in done.stdout and "PMBR" not in done.stdout
