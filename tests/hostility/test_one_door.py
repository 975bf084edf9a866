"""How azprov opens the files of an image, as the kernel sees it: every system call of a command."""

import os
import pty
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest

from hostility.process_runs import (
    WRITING,
    Platform,
    make_machine,
    needs_root,
    run,
)
from project import NOWHERE
from pyz import PYZ
from sound_image import make_sound

pytestmark = needs_root

_CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?(?: .*)?$")
COMMANDS: Dict[str, List[str]] = {"check": ["check"], **WRITING}


class Call(NamedTuple):
    name: str
    arguments: str
    is_done: bool
    opened: str

    @property
    def paths(self) -> List[str]:
        """The paths that it was given; readlink shows its result, too."""
        paths = re.findall(r'"([^"]*)"', self.arguments)
        return paths[:1] if self.name.startswith("readlink") else paths


def calls_of(trace: Path) -> List[Call]:
    """The system calls that name a file."""
    found = []
    for line in trace.read_text().splitlines():
        match = _CALL.match(line)
        if match is not None:
            name, arguments, code, opened = match.groups()
            found.append(Call(name, arguments, not code.startswith("-"), opened or ""))
    return found


def traced(strace: str, trace: Path, root: Path, *argv: str, platform: Platform) -> List[Call]:
    before = (strace, "-f", "-y", "-qq", "-s", "4096", "-e", "trace=%file", "-o", trace)
    run(*argv, "--root", root, platform=platform, before=before)
    return calls_of(trace)


def kinds(root: Path) -> Dict[str, int]:
    return {str(path): stat.S_IFMT(path.lstat().st_mode) for path in root.rglob("*")}


def faults(calls: List[Call], root: Path, before: Dict[str, int]) -> Iterator[Tuple[str, Call]]:
    """The calls that break the rules of system/root, each with the rule."""
    is_open = False
    for call in calls:
        if call.name == "execve":
            continue
        by_path = [path for path in call.paths if path == str(root) or path.startswith(f"{root}/")]
        if by_path == [str(root)] and call.name == "openat" and not is_open:
            is_open = True
            by_path = [] if "O_PATH" in call.arguments else by_path
        if by_path:
            yield "a path of the image was used without the root's descriptor", call
        if not call.name.startswith("open") or not call.is_done or "O_PATH" in call.arguments:
            continue
        if call.opened.startswith(f"{root}/"):
            kind = before.get(call.opened, stat.S_IFREG)
            if "O_DIRECTORY" not in call.arguments and kind != stat.S_IFREG:
                yield "what is no regular file was opened", call
            is_new = "O_EXCL" in call.arguments
            is_seen = call.paths[0].startswith("/proc/self/fd/")
            if "O_DIRECTORY" not in call.arguments and not is_new and not is_seen:
                yield "a file was opened without a look at it", call


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's whole path may have only 107 bytes.
        here = os.open(".", os.O_PATH)
        os.chdir(path.parent)
        server.bind(path.name)
        os.fchdir(here)
        os.close(here)


def make_device(path: Path) -> None:
    """A device without a driver, so that nothing happens if it is opened."""
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(60, 0))


SPECIAL: Tuple[Callable[[Path], None], ...] = (make_fifo, make_socket, make_device)


_MORE_FILES = {
    "var/log/wtmp": "record",
    "var/log/btmp": "record",
    "var/log/lastlog": "record",
    "etc/passwd-": "",
    "etc/shadow-": "",
    "etc/gshadow": "",
    "etc/login.defs": "UID_MIN 1000\n",
    "etc/sudoers": "@includedir /etc/sudoers.d\n",
    "etc/inittab": "",
    "etc/kernel/cmdline": "console=ttyS0\n",
    "etc/default/ssh": "",
    "etc/default/grub.d/a.cfg": "",
    "etc/modprobe.d/a.conf": "",
    "etc/udev/rules.d/70-persistent-net.rules": "",
    "etc/systemd/network/20-a.network": "",
    "etc/systemd/network/20-a.network.d/a.conf": "",
    "etc/systemd/network/20-a.link": "",
    "etc/systemd/network/20-a.netdev": "",
    "etc/systemd/system/azure-provisioning.service": "[Service]\n",
    "etc/systemd/system/azure-provisioning.service.d/a.conf": "",
    "etc/systemd/system/chrony.service.d/a.conf": "",
    "etc/systemd/system/multi-user.target.wants/a.service": "[Unit]\n",
    "etc/systemd/system/multi-user.target.wants/b.service": "[Unit]\n",
    **{f"etc/systemd/network/3{number}-a.network": "" for number in range(6)},
    **{f"etc/ssh/sshd_config.d/{name}.conf": "" for name in "cdef"},
    "etc/ssh/sshd_config.d/a.conf": "",
    "etc/ssh/sshd_config.d/b.conf": "",
    "etc/nftables.conf": "",
    "etc/resolv.conf": "",
    "root/.ssh/authorized_keys": "",
    "usr/local/lib/azprov/azprov.pyz": "archive",
}


def make_image(folder: Path) -> Path:
    """An image that boots and that was used, so that commands read and change many files."""
    make_machine(folder)
    sound = make_sound(folder.parent / "sound")
    subprocess.run(["cp", "-a", f"{sound}/.", folder], check=True)
    shutil.rmtree(sound)
    for name, content in _MORE_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_an_image_is_opened_once_and_its_files_after_a_look(
    name: str, tmp_path: Path, platform: Platform, strace: str
) -> None:
    """No call uses a path of the image, and each file is looked at before it is opened."""
    root = make_image(tmp_path / "root")
    before = kinds(root)

    calls = traced(strace, tmp_path / "trace", root, *COMMANDS[name], platform=platform)

    assert list(faults(calls, root, before)) == []
    assert len({call.opened for call in calls if call.opened.startswith(f"{root}/")}) > 4


def test_the_trace_shows_each_kind_of_fault(tmp_path: Path, strace: str) -> None:
    """A file that is opened by its path, or without a look, or that is a FIFO, is found."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_text("")
    make_fifo(root / "fifo")
    before = kinds(root)
    code = (
        "import os, sys; top = os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY);"
        "os.stat(sys.argv[1] + '/file'); os.open('file', os.O_RDONLY, dir_fd=top);"
        "os.open('/proc/self/fd/%d' % os.open('fifo', os.O_PATH, dir_fd=top), os.O_RDWR);"
        "os.open(sys.argv[1], os.O_PATH | os.O_DIRECTORY)"
    )

    command = [strace, "-f", "-y", "-qq", "-e", "trace=%file", "-o", str(tmp_path / "trace")]
    subprocess.run([*command, sys.executable, "-c", code, str(root)], check=True)

    rules = [rule for rule, _ in faults(calls_of(tmp_path / "trace"), root, before)]
    assert rules == [
        "a path of the image was used without the root's descriptor",
        "a file was opened without a look at it",
        "what is no regular file was opened",
        "a path of the image was used without the root's descriptor",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_devices_fifos_and_sockets_in_the_place_of_any_file_are_not_opened(
    name: str, tmp_path: Path, platform: Platform, strace: str
) -> None:
    """Every file that a command opens in a usual image is replaced, a third of them at a time."""
    root = make_image(tmp_path / "root")
    calls = traced(strace, tmp_path / "trace", root, *COMMANDS[name], platform=platform)
    known = {path for path, kind in kinds(root).items() if kind == stat.S_IFREG}
    opened = {call.opened for call in calls if "O_PATH" not in call.arguments and call.opened}
    replaced = sorted(opened & known)
    assert len(replaced) >= {"check": 30, "deprovision": 10}.get(name, 1)

    for turn in range(3):
        image = make_image(tmp_path / f"image{turn}")
        for number, path in enumerate(replaced):
            if number % 3 == turn:
                special = image / Path(path).relative_to(root)
                if special.exists():
                    special.unlink()
                    SPECIAL[number // 3 % 3](special)
        before = kinds(image)
        calls = traced(strace, tmp_path / "trace", image, *COMMANDS[name], platform=platform)

        assert list(faults(calls, image, before)) == []
        special_files = [path for path, kind in before.items() if kind not in _USUAL]
        assert {path: kind for path, kind in kinds(image).items() if path in special_files} == {
            path: before[path] for path in special_files
        }


_USUAL = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)


def test_an_image_that_is_swapped_at_the_question_is_not_followed(tmp_path: Path) -> None:
    """deprovision changes the tree that it listed, not the one that has its path by then."""
    image, other = make_machine(tmp_path / "image"), make_machine(tmp_path / "other")
    terminal, own_side = pty.openpty()
    command = [sys.executable, "-I", str(PYZ), "deprovision", "--root", str(image)]
    with subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], **NOWHERE},
        stdin=own_side,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        asked = b""
        while b"[y/N]" not in asked:
            asked += os.read(process.stderr.fileno(), 4096)
        image.rename(tmp_path / "moved")
        image.symlink_to(other)
        os.write(terminal, b"y\n")
        process.communicate(timeout=60)
    os.close(terminal)
    os.close(own_side)

    assert (other / "etc/machine-id").read_text() == "0123456789abcdef0123456789abcdef\n"
    assert (other / "etc/ssh/ssh_host_rsa_key").exists()
    assert (tmp_path / "moved/etc/machine-id").read_text() == ""
    assert not (tmp_path / "moved/etc/ssh/ssh_host_rsa_key").exists()
