"""Streams that are closed, full or not read, and machines without a locale."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from hostility.process_runs import (
    USER,
    WRITING,
    Done,
    Platform,
    make_machine,
    needs_root,
    require_contract,
    run,
)
from interpreters import INTERPRETERS
from project import NOWHERE
from pyz import PYZ

EDGES = [next(iter(INTERPRETERS)), list(INTERPRETERS)[-1]]
# The redirection of each in a shell, and whether stdout and stderr can be written.
STREAMS = {
    "stdin closed": ("<&-", True, True),
    "stdout closed": (">&-", False, True),
    "stderr closed": ("2>&-", True, False),
    "stdout and stderr closed": (">&- 2>&-", False, False),
    "all closed": ("<&- >&- 2>&-", False, False),
    "stdout full": (">/dev/full", False, True),
    "stderr full": ("2>/dev/full", True, False),
    "both full": (">/dev/full 2>/dev/full", False, False),
    "stdout is not read": ("| true", False, True),
    "stderr is not read": ("2>&1 >/dev/null | true", True, False),
}
COMMANDS = [
    (["--help"], 0),
    (["unit", "--wrong"], 2),
    (["uninstall", "--root", "."], 0),
    (["check", "--root", "."], 1),
    (["goal-state", "--timeout", "0.2"], 69),
    (["rehearse", "--list"], 0),
    (["unit", "--help"], 0),
]


@pytest.mark.parametrize("streams", STREAMS)
def test_the_exit_code_does_not_depend_on_the_streams(streams: str, tmp_path: Path) -> None:
    """Only a lost answer changes the exit code, to 73."""
    redirection, has_stdout, has_stderr = STREAMS[streams]
    (tmp_path / "usr/bin").mkdir(parents=True)
    is_lost = "full" in redirection or "true" in redirection
    for number, (argv, code) in enumerate(COMMANDS):
        version = EDGES[(number + list(STREAMS).index(streams)) % 2]
        words = " ".join(["exec", '"$0"', "-I", '"$1"', *argv])
        done = subprocess.run(
            [
                "bash",
                "-c",
                f"({words}) {redirection}; exit ${{PIPESTATUS[0]}}",
                INTERPRETERS[version],
                PYZ,
            ],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **NOWHERE},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

        err = done.stderr.decode()
        expected = {code} if has_stdout or not is_lost else {code, 73}
        assert done.returncode in expected, (argv, err)
        for flaw in ("Traceback", "ignored", "bug", "Errno"):
            assert flaw not in err, (argv, err)
        if done.returncode and has_stderr:
            assert err.rstrip("\n").rpartition("\n")[2].startswith("azprov: "), (argv, err)


@pytest.mark.parametrize("argv", [["--help"], ["unit"], ["rehearse", "--list"], ["--version"]])
def test_a_lost_answer_is_a_failure(argv: List[str]) -> None:
    """A full disk behind stdout is reported with exit code 73."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-I", PYZ, *argv, *(["--root", "/"] if argv == ["unit"] else [])],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert done.returncode == 73
    assert b"No space left on device" in done.stderr


def test_no_file_gets_the_descriptor_of_a_closed_stream() -> None:
    """Output of a child or of Python would be written into that file."""
    done = subprocess.run(
        [
            "sh",
            "-c",
            '"$0" -c "$1" <&- >&- 2>&-; echo $?',
            sys.executable,
            "import os, sys; sys.path.insert(0, sys.argv[0]); from azprov.cli import main; "
            "main(['--version']); sys.exit(os.open('/dev/null', os.O_RDONLY))",
        ],
        env={"PYTHONPATH": str(PYZ), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
    )

    assert int(done.stdout) > 2, done


@pytest.mark.parametrize(
    ("version", "locale"),
    [
        (EDGES[0], {}),
        (EDGES[0], {"LC_ALL": "C"}),
        (EDGES[1], {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
)
@needs_root
def test_commands_work_without_a_locale(
    version: str, locale: Dict[str, str], tmp_path: Path, platform: Platform
) -> None:
    """Names and contents in UTF-8 and Latin-1 are handled, and no file is skipped."""
    root = make_machine(tmp_path / "root")
    home = root / "home" / USER
    for lease in ("é", "\udce9", "a\nb", "\x1b[2J"):
        (root / "var/lib/dhcp" / f"{lease}.lease").write_text("")
    (home / ".ssh/authorized_keys").write_bytes(b"# J\xfcrgen\n# \xc3\xa9\n")
    (root / "etc/hosts").write_bytes(b"127.0.1.1 image # J\xfcrgen\n")
    (root / "etc/hostname").write_bytes(b"J\xfcrgen\n")
    (root / "etc/sudoers.d" / "é").write_bytes(b"# J\xfcrgen\n")
    with open(root / "etc/passwd", "ab") as passwd:
        passwd.write(b"odd:x:1001:1001:J\xfcrgen:/home/J\xfcrgen:/bin/sh\n")
        passwd.write("even:x:1002:1002::/home/é:/bin/sh\n".encode())
    for number, name in enumerate(("J\udcfcrgen", "é")):
        (root / "home" / name).mkdir()
        (root / "home" / name / ".bash_history").write_text("ls")
        for path in (root / "home" / name, root / "home" / name / ".bash_history"):
            os.chown(path, 1001 + number, 1001 + number)
    (root / "etc/os-release").write_bytes(b'ID=debian\nPRETTY_NAME="J\xfcrgen \xc3\xa9"\n')

    for command in (*WRITING.values(), ["check"]):
        done = run(
            *command,
            "--root",
            root,
            platform=platform,
            env=locale,
            python=INTERPRETERS[version],
        )
        assert done.code == {"check": 1}.get(command[0], 0), done
        assert "\x1b" not in done.out + done.err

    assert not home.exists()
    for name in ("é", "J\udcfcrgen"):
        assert not (root / "home" / name / ".bash_history").exists()
        assert (root / "home" / name).exists()
    assert (root / "etc/passwd").read_bytes().count(b"J\xfcrgen") == 2


def test_a_violation_of_the_output_contract_fails_a_test() -> None:
    """A traceback, an undocumented exit code, a missing sentence or a bug fails a test."""
    for done in (
        Done(1, "", "Traceback (most recent call last):\n"),
        Done(120, "", ""),
        Done(73, "", "no sentence\n"),
        Done(70, "", "azprov: a bug in azprov: x\n"),
    ):
        with pytest.raises(AssertionError):
            require_contract(done)
    require_contract(Done(73, "", "azprov: no; do\n"))
