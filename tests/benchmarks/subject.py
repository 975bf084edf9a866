"""The programs that are compared: each is a command that reports Ready, and its files."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Dict, Iterator, List, NamedTuple, Tuple

from benchmarks.agents import AGENTS, packages_of, version_of
from project import ROOT
from pyz import PYZ

SCRIPTS = Path(__file__).parent / "subjects"
# In a command these are replaced by the platform's address and the run's own folder.
ADDRESS, SCRATCH = "{address}", "{scratch}"
_UNIT = "etc/systemd/system/azure-provisioning.service"
_ENABLED = "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
REFERENCE = "sample Python script"
BASH_NEEDS = ("bash", "curl")
_SYSTEM_PYTHON = Path("/usr/bin/python3")
# The image that `provision` changes, below its scratch folder.
_IMAGE = {
    "etc/hostname": "image\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\timage\n",
    "sys/class/dmi/id/product_uuid": "B1D0C1A2-53F4-4A8E-8D57-0A3C1F6E2D90\n",
    _UNIT: "[Service]\n",
}


class Subject(NamedTuple):
    name: str
    #: The Python that starts every subject, and runs those in Python.
    interpreter: str
    command: Tuple[str, ...]
    #: Its files, without the interpreter, curl and libraries.
    program: Tuple[Path, ...]
    reports: bool = True
    #: Whether it is measured at its second run in the same scratch folder.
    is_second_run: bool = False
    #: Whether it is another agent, which is left out if this Python cannot run it.
    is_peer: bool = False

    def filled_in(self, address: str, scratch: Path) -> List[str]:
        return [
            word.replace(ADDRESS, address).replace(SCRATCH, str(scratch)) for word in self.command
        ]


def subjects(python: str) -> List[Subject]:
    """Return the subjects that can run here; Python ones have the same interpreter and flags."""
    run = (python, "-I")
    shiv = ROOT / ".build" / f"urllib3-{2 if _is_at_least_3_10(python) else 1}.shiv.pyz"
    sample, bash = SCRIPTS / "sample_script.py", SCRIPTS / "sample_script.sh"
    report_ready = ("report-ready", "--wireserver", ADDRESS)
    provision = ("provision", "--wireserver", ADDRESS, "--imds", ADDRESS)
    root = ("--root", f"{SCRATCH}/root")
    packed = Subject("stock shiv, first run", python, (*run, str(shiv), *report_ready), (shiv,))
    found = [
        Subject(
            "bare interpreter", python, (*run, str(SCRIPTS / "empty_program.py")), (), reports=False
        ),
        Subject(REFERENCE, python, (*run, str(sample), ADDRESS), (sample,)),
        Subject("azprov report-ready", python, (*run, str(PYZ), *report_ready), (PYZ,)),
        Subject("azprov provision", python, (*run, str(PYZ), *provision, *root), (PYZ,)),
        packed,
        packed._replace(name="stock shiv, second run", is_second_run=True),
    ]
    if is_there(BASH_NEEDS):
        found.insert(
            2, Subject("sample bash script", python, ("/bin/bash", str(bash), ADDRESS), (bash,))
        )
    for peer, script, name in (
        ("cloud-init", "cloud_init.py", "cloud-init {}, only its report"),
        ("waagent", "walinuxagent.py", "walinuxagent {}, its wire client"),
    ):
        version = version_of(peer)
        if version is not None:
            command = (*run, str(SCRIPTS / script), packages_of(peer), ADDRESS)
            found.append(
                Subject(name.format(version), python, command, (AGENTS / peer,), is_peer=True)
            )
    return found


def default_python() -> str:
    """Return the system's Python, which a first boot uses, or the base of this environment."""
    if _SYSTEM_PYTHON.exists():
        return str(_SYSTEM_PYTHON)
    return str(getattr(sys, "_base_executable", sys.executable))


def is_there(programs: Tuple[str, ...]) -> bool:
    return all(shutil.which(program) for program in programs)


def reference_of(found: List[Subject]) -> Subject:
    """Return the subject that the others are compared with."""
    return next(subject for subject in found if subject.name == REFERENCE)


def prepare(scratch: Path) -> None:
    """Create a new scratch folder with a home, and an image for `provision`."""
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in ("home", "tmp", "root/var/lib", "root/usr/bin"):
        (scratch / folder).mkdir(parents=True)
    for name, content in _IMAGE.items():
        path = scratch / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    enabled = scratch / "root" / _ENABLED
    enabled.parent.mkdir()
    enabled.symlink_to("/" + _UNIT)


def environment(scratch: Path) -> Dict[str, str]:
    return {
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
    }


@contextlib.contextmanager
def started(
    command: List[str], scratch: Path, *, stdout: IO[bytes], stderr: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a session of its own; all its processes are killed at the end."""
    with subprocess.Popen(
        command,
        cwd=scratch,
        env=environment(scratch),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def files_of(folders: Tuple[Path, ...]) -> Dict[str, Tuple[int, ...]]:
    """Return the size, mtime and inode of every file and link, to see which were written."""
    found: Dict[str, Tuple[int, ...]] = {}
    for folder in folders:
        names = [str(folder)] if folder.is_file() else []
        for base, _, files in os.walk(folder):
            names += [os.path.join(base, name) for name in files]
        for name in names:
            status = os.lstat(name)
            found[name] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def bytes_of(folders: Tuple[Path, ...]) -> int:
    return sum(status[0] for status in files_of(folders).values())


def _is_at_least_3_10(python: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 10))"
    return subprocess.run([python, "-I", "-c", code], check=False).returncode == 0
