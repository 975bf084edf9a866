"""The built archive, dist/azprov.pyz, and functions that run it.

Importing this module rebuilds an archive that is older than its sources. A test that does
not need the archive should not import it; tests/README.md names the faster ways.
"""

import pwd
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import needs
from current_archive import build_if_stale
from project import NOWHERE, ROOT

PYZ = ROOT / "dist" / "azprov.pyz"

_failure = build_if_stale()
if _failure:
    raise RuntimeError(
        "dist/azprov.pyz is older than its sources, and could not be rebuilt:\n" + _failure
    )


def azprov(*argv: object) -> Tuple[int, str, str]:
    """Run the archive; returns its exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-I", str(PYZ), *map(str, argv)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def azprov_without_root(*argv: object, folder: Path = Path("/")) -> Tuple[int, str, str]:
    """Run the archive as an unprivileged user, in a folder.

    That user may not be able to reach this Python or the archive. So the distribution's
    Python runs it, and reads the archive from an open file.
    """
    needs.root()
    system_python = needs.program("/usr/bin/python3")
    user = pwd.getpwnam("nobody")
    with PYZ.open("rb") as archive:
        done = subprocess.run(
            [system_python, "-I", f"/dev/fd/{archive.fileno()}", *map(str, argv)],
            cwd=folder,
            pass_fds=[archive.fileno()],
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            env=NOWHERE,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout, done.stderr
