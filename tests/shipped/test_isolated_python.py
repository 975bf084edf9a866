"""Root's Python runs no code of another user: not from HOME, PYTHONPATH, or a shared folder."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

from interpreters import INTERPRETERS
from pyz import PYZ
from sound_image import make_sound

DIST = PYZ.parent


@pytest.fixture
def foreign(tmp_path: Path) -> Dict[str, str]:
    """The environment of a user whose HOME and PYTHONPATH have code that leaves a mark."""
    mark = f"open({str(tmp_path / 'was-run')!r}, 'w').close()\n"
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(mark)
    (modules / "usercustomize.py").write_text(mark)
    (modules / "urllib3.py").write_text(mark)
    (tmp_path / "startup.py").write_text(mark)
    for version in INTERPRETERS:
        site = tmp_path / f"home/.local/lib/python{version}/site-packages"
        site.mkdir(parents=True)
        (site / "usercustomize.py").write_text(mark)
        (site / "a.pth").write_text(f"import os; {mark}")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(modules),
        "PYTHONSTARTUP": str(tmp_path / "startup.py"),
        "PYTHONINSPECT": "",
    }


@pytest.mark.parametrize(
    "command", [["--version"], ["check", "--root", "image"], ["rehearse", "--scenario", "healthy"]]
)
def test_the_archive_runs_no_code_of_another_user(
    command: List[str], foreign: Dict[str, str], tmp_path: Path
) -> None:
    """`su` keeps HOME with some options, and `sudo -E` keeps PYTHONPATH."""
    make_sound(tmp_path / "image")

    done = subprocess.run(
        [PYZ, *command], env=foreign, cwd=tmp_path, capture_output=True, check=True
    )

    assert done.stdout
    assert not (tmp_path / "was-run").exists()


def test_install_sh_runs_no_code_of_another_user(foreign: Dict[str, str], tmp_path: Path) -> None:
    """The Python that it looks for is started with -I from the first time on."""
    image = make_sound(tmp_path / "image")

    subprocess.run(["sh", DIST / "install.sh", "--root", image, "--force"], env=foreign, check=True)

    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("path", [".", "..", "azprov.pyz", "SHA256SUMS", "install.sh"])
def test_install_sh_refuses_a_folder_that_anyone_may_change(path: str, tmp_path: Path) -> None:
    """Another user could replace the archive between the check of its sum and its start."""
    image = make_sound(tmp_path / "image")
    folder = tmp_path / "above/dist"
    shutil.copytree(DIST, folder)
    command = ["sh", str(folder / "install.sh"), "--root", str(image), "--force"]
    shared = folder / path
    mode = shared.stat().st_mode & 0o7777
    shared.chmod(mode | 0o002)

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr.startswith("install.sh: anyone may change ")
    assert "; copy all of dist/" in done.stderr
    shared.chmod(mode | 0o1002 if shared.is_dir() else mode)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
