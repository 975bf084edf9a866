"""Fixes that run a program of the image, typed where /dev, /proc and /sys are not mounted in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import needs
from azprov.check.facts.image import Image
from azprov.check.fixes import enable, inside
from azprov.system.root import Root
from sound_image import OPENRC, change, make_sound

pytestmark = pytest.mark.needs("root", "busybox", "unshare", "mount")

#: Fails without a device, a process or the kernel's objects.
NEEDY = "test -c /dev/null && test -e /proc/self/status && test -d /sys/kernel"


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Path]:
    """An image without mounted file systems, and with busybox and the libraries that it needs."""
    image = make_sound(tmp_path / "an image")
    change(image, {"proc/self/status": None, "bin/busybox": None})
    (image / "proc/self").rmdir()
    for name in ("dev", "sys", "bin"):
        (image / name).mkdir(exist_ok=True)
    busybox = needs.program("busybox")
    listed = subprocess.run(["ldd", busybox], stdout=subprocess.PIPE, text=True, check=False)
    for path in [*re.findall(r"(/\S+) \(", listed.stdout), busybox]:
        target = image / (path[1:] if path != busybox else "bin/busybox")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for name in ("sh", "test", "ln"):
        (image / "bin" / name).symlink_to("busybox")
    yield image
    assert os.listdir(image / "dev") == os.listdir(image / "sys") == []


def typed(command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)


def test_a_command_in_the_image_gets_what_it_needs(image: Path) -> None:
    """The mounts are there for this command alone: nothing has to be unmounted afterwards."""
    command = inside(Image(Root(str(image))), f"sh -c '{NEEDY}'")
    bare = typed(f"chroot '{image}' sh -c '{NEEDY}'")

    done = typed(command)

    assert bare.returncode != 0
    assert (done.returncode, done.stderr) == (0, "")
    assert str(image) not in Path("/proc/self/mounts").read_text().replace("\\040", " ")


def test_the_standard_input_reaches_a_command_in_the_image(image: Path) -> None:
    """The fix for a password pipes a line into a program of the image."""
    command = inside(Image(Root(str(image))), "sh -c 'read line; test \"$line\" = ops'")

    assert typed(f"echo ops | {command}").returncode == 0


def test_mounted_file_systems_are_used(image: Path) -> None:
    """The command is short if someone has mounted them already."""
    change(image, {"proc/self/status": ""})

    command = inside(Image(Root(str(image))), "update-grub")

    assert command == f"chroot '{image}' update-grub"


def test_a_service_is_enabled_in_an_image_without_devices(image: Path) -> None:
    """rc-update is a script that writes to /dev/null, which would become a file of the image."""
    openrc = {path: text for path, text in OPENRC.items() if path != "bin/busybox"}
    change(image, {**openrc, "etc/init.d/a": "program"})
    script = "#!/bin/sh\necho a >/dev/null && ln -s /etc/init.d/$2 /etc/runlevels/$3/$2\n"
    change(image, {"bin/rc-update": script})

    done = typed(enable(Image(Root(str(image))), "a"))

    assert (done.returncode, done.stderr) == (0, "")
    assert (image / "etc/runlevels/default/a").is_symlink()
