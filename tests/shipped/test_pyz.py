"""The archive, on every Python, in the environments where it may have to run."""

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest

import needs
from azprov import __version__
from interpreters import INTERPRETERS, REQUIRED, find_python2
from project import NOWHERE, ROOT
from pyz import PYZ, azprov_without_root
from strict_wireserver import READY, StrictWireServer

NEWEST = list(INTERPRETERS)[-1]


def run(
    *command: object, cwd: Optional[Path] = None, env: Optional[Dict[str, str]] = None
) -> Tuple[int, str, str]:
    """Run without environment variables: no HOME, no PATH, no locale."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**NOWHERE, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def address(server: StrictWireServer) -> str:
    return f"--wireserver=127.0.0.1:{server.listener.getsockname()[1]}"


def test_every_required_python_is_here() -> None:
    """In CI every required Python must be installed; elsewhere any one is enough."""
    assert INTERPRETERS
    if os.environ.get("CI"):
        assert [version for version in REQUIRED if version not in INTERPRETERS] == []


@pytest.mark.parametrize("version", INTERPRETERS)
@pytest.mark.parametrize("kept", [300, 100_000, -1])
def test_a_copy_that_was_cut_off_says_so(version: str, kept: int, tmp_path: Path) -> None:
    """Python takes such a file for a program in an encoding that it does not have."""
    copy = tmp_path / "azprov.pyz"
    copy.write_bytes(PYZ.read_bytes()[:kept])

    code, out, err = run(INTERPRETERS[version], "-I", copy, "report-ready")

    assert (code, out) == (1, "")
    assert err.splitlines()[-1] in (
        "SyntaxError: encoding problem: incomplete-copy-of-azprov.pyz-copy-it-again",
        "SyntaxError: unknown encoding: incomplete-copy-of-azprov.pyz-copy-it-again",
    )


@pytest.mark.parametrize("version", INTERPRETERS)
def test_nothing_is_left_behind(version: str, wireserver: StrictWireServer, tmp_path: Path) -> None:
    """A report writes no file to its working folder, which is also HOME and TMPDIR."""
    env = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    python = INTERPRETERS[version]

    code, out, err = run(
        python, "-I", PYZ, "report-ready", address(wireserver), cwd=tmp_path, env=env
    )

    assert (code, out) == (0, "")
    assert err.splitlines()[-1] == "Response: 200 OK"
    assert wireserver.verdicts == ["goal state", "ready"]
    assert list(tmp_path.iterdir()) == []


def test_ready_does_not_wait_for_a_dead_metadata_service(
    wireserver: StrictWireServer, tmp_path: Path
) -> None:
    """Ready is sent before the long wait for the host name, which the next boot can set."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    provision = [INTERPRETERS[NEWEST], PYZ, "provision", "--root", tmp_path]

    code, out, err = run(*provision, address(wireserver), "--imds-timeout=2")

    assert (code, out) == (69, "")
    assert wireserver.verdicts == ["goal state", "ready"]
    lines = [re.sub("[23] s", "N s", line) for line in err.splitlines()]
    waiting = "127.0.0.1:9 cannot be reached (Connection refused); retrying for up to N s; "
    waits = [number for number, line in enumerate(lines) if line.startswith(waiting)]
    assert lines.index("Response: 200 OK") < waits[0]
    assert lines[-1].startswith(
        "azprov: Ready was acknowledged, but the host name is not set (gave up after N s: "
        "127.0.0.1:9 cannot be reached"
    )


def test_a_hint_names_the_command_that_was_run(tmp_path: Path) -> None:
    """A hint has the path of the archive or the installed command, in JSON too."""
    (tmp_path / "azprov").symlink_to(PYZ)
    copy = tmp_path / "a copy.pyz"
    copy.symlink_to(PYZ)

    said = [run(sys.executable, program, "nonsense")[2] for program in (tmp_path / "azprov", copy)]
    answer = run(sys.executable, tmp_path / "azprov", "check", "--nonsense", "--json")[1]
    (tmp_path / "file").touch()
    error = run(sys.executable, copy, "install", "--root", tmp_path / "file/azprov.pyz x")[2]

    assert said[0].startswith("azprov: there is no command 'nonsense'; azprov --help lists the c")
    assert said[1].endswith(f"; python3 '{copy}' --help lists the commands\n")
    assert json.loads(answer)["error"]["hint"] == "azprov check --help lists its options"
    assert f"{tmp_path}/file/azprov.pyz x" in error


@pytest.mark.parametrize("version", INTERPRETERS)
def test_it_rehearses(version: str, tmp_path: Path) -> None:
    """The archive runs the simulated platform and the client on every Python."""
    code, out, err = run(INTERPRETERS[version], PYZ, "rehearse", cwd=tmp_path)

    assert code == 0, out + err
    assert out.splitlines()[0] == "Rehearsing healthy: the platform answers from the start"
    assert out.splitlines()[-1] == ("PASSED: Ready was acknowledged once, as expected.")
    assert err == ""


NOT_REACHED = (
    "127.0.0.1:9 cannot be reached (Connection refused); retrying for up to N s; check that "
    "127.0.0.1 is the platform's address, and that no firewall rejects TCP port 9"
)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_every_wait_has_an_end(version: str) -> None:
    """A wait ends with its last line and exit code, without a warning of any Python."""
    code, out, err = run(
        INTERPRETERS[version], "-Wd", PYZ, "goal-state", "--timeout=0.2", "--wireserver=127.0.0.1:9"
    )

    assert (code, out) == (69, "")
    first, last = err.splitlines()
    assert without_time_left(first) == NOT_REACHED
    assert re.match(
        r"azprov: gave up after 0\.\d+ s: 127\.0\.0\.1:9 cannot be reached \(Connection refused\); "
        r"check that 127\.0\.0\.1 is the platform's address",
        last,
    )


def without_time_left(text: str) -> str:
    return re.sub(r"up to 0\.\d+ s", "up to N s", text)


FLAGS = {
    "-vv": ["WireServer is at 127.0.0.1:9 by AZPROV_WIRESERVER", NOT_REACHED],
    "-vq": ["WireServer is at 127.0.0.1:9 by AZPROV_WIRESERVER", NOT_REACHED],
    "-qv": ["WireServer is at 127.0.0.1:9 by AZPROV_WIRESERVER", NOT_REACHED],
    "-v -q": ["WireServer is at 127.0.0.1:9 by AZPROV_WIRESERVER", NOT_REACHED],
    "-qq": [],
    "": [NOT_REACHED],
}


@pytest.mark.parametrize("version", INTERPRETERS)
def test_flags_can_be_joined_in_one_word(version: str) -> None:
    """Joined flags work on every Python, although argparse of 3.6 and 3.7 cannot parse them."""
    for flags, log in FLAGS.items():
        code, _, err = run(
            INTERPRETERS[version], PYZ, "goal-state", "--timeout=0.5", *flags.split()
        )
        assert (code, without_time_left(err).splitlines()[:-1]) == (69, log), flags
    assert run(INTERPRETERS[version], PYZ, "goal-state", "-vh")[1].startswith("usage: azprov.pyz g")
    assert run(INTERPRETERS[version], PYZ, "goal-state", "-vx")[0] == 2


# Runs the archive like `python azprov.pyz ARGS`, then prints which urllib3 was imported.
SHOW_URLLIB3 = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    pass
import urllib3
print(urllib3.__version__, urllib3.__file__)
"""


@pytest.mark.parametrize("version", INTERPRETERS)
def test_it_carries_the_urllib3_that_this_python_can_run(version: str) -> None:
    """Python 3.10 and newer get the maintained urllib3 2, and older ones the last 1.26."""
    _, out, _ = run(
        INTERPRETERS[version],
        "-c",
        SHOW_URLLIB3,
        PYZ,
        "goal-state",
        "--timeout=0.1",
        "--wireserver=127.0.0.1:9",
    )

    is_old = version in ("3.6", "3.7", "3.8", "3.9")
    urllib3, folder = ("1.26.20", "urllib3-1") if is_old else ("2.8.0", "urllib3-2")
    assert out == f"{urllib3} {PYZ}/{folder}/urllib3/__init__.py\n"


STREAMS = {
    "stdout closed": (">&-", 0),
    "stderr closed": ("2>&-", 0),
    "all closed": ("<&- >&- 2>&-", 0),
    "stdout closed, for JSON": ("--json >&-", 0),
    "stdout full, nothing to say": (">/dev/full", 0),
    "stdout full, for JSON": ("--json >/dev/full", 73),
    "reader gone": ("--json | true", None),
}


@pytest.mark.parametrize("version", [next(iter(INTERPRETERS)), NEWEST])
@pytest.mark.parametrize("streams", STREAMS)
def test_ready_is_sent_with_any_streams(
    version: str, streams: str, wireserver: StrictWireServer
) -> None:
    """Closed, full or broken streams do not keep Ready from being sent once."""
    redirection, exit_code = STREAMS[streams]
    python = INTERPRETERS[version]
    script = f'"$0" "$1" report-ready "$2" {redirection}'

    code, _, err = run(
        "sh", "-c", script, python, PYZ, address(wireserver), env={"PATH": os.environ["PATH"]}
    )

    assert wireserver.verdicts == ["goal state", "ready"]
    assert exit_code in (code, None)
    assert "Traceback" not in err
    assert "Exception ignored" not in err


VERSION = (0, f"azprov {__version__}\n", "")


@pytest.mark.parametrize("version", [next(iter(INTERPRETERS)), NEWEST])
def test_the_version_names_its_contents(version: str, tmp_path: Path) -> None:
    """--version shows the commit, the packages, and the Pythons with bytecode."""
    code, out, err = run(INTERPRETERS[version], "-I", PYZ, "--version", "--json", cwd=tmp_path)

    assert (code, err) == (0, "")
    said = json.loads(out)
    commit, releases = said.pop("commit"), said.pop("bytecode")
    assert [release.rpartition(".")[0] for release in releases] == list(INTERPRETERS)
    assert commit is None or re.fullmatch("[0-9a-f]{40}(-dirty)?", commit)
    if (ROOT / ".git").exists() and shutil.which("git"):
        assert commit is not None
    assert said == {
        "command": None,
        "ok": True,
        "exit_code": 0,
        "version": __version__,
        "packages": [
            {"name": "urllib3", "version": "1.26.20"},
            {"name": "urllib3", "version": "2.8.0"},
        ],
    }
    assert list(tmp_path.iterdir()) == []


def test_it_runs_through_a_symlink(tmp_path: Path) -> None:
    """The installed command /usr/local/bin/azprov is a symlink."""
    link = tmp_path / "azprov"
    link.symlink_to(PYZ)

    assert run(sys.executable, link, "--version") == VERSION


def test_it_is_executable(tmp_path: Path) -> None:
    """The archive runs on the first python3 in PATH."""
    (tmp_path / "python3").symlink_to(INTERPRETERS[NEWEST])
    link = tmp_path / "azprov"
    link.symlink_to(PYZ)

    assert run(link, "--version", env={"PATH": str(tmp_path)}) == VERSION


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (["bin/python3", "usr/libexec/platform-python"], "bin/python3"),
        (["usr/libexec/platform-python", "usr/bin/python3.9"], "usr/libexec/platform-python"),
        (["usr/bin/python3.9", "usr/bin/python3.14", "usr/bin/python3.5"], "usr/bin/python3.14"),
        (["usr/bin/python3.9", "usr/bin/python3.9-config"], "usr/bin/python3.9"),
        (["usr/local/bin/python3", "usr/bin/python3.5"], "usr/local/bin/python3"),
    ],
)
def test_it_finds_a_python_with_another_name(tmp_path: Path, there: List[str], taken: str) -> None:
    """The archive uses RHEL's platform-python or a python3.N if there is no python3."""
    script = head_below(tmp_path)
    for name in there:
        python = tmp_path / name
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text('#!/bin/sh\necho "$0" "$@"\n')
        python.chmod(0o755)

    code, out, err = run(script, "check", "a b", env={"PATH": str(tmp_path / "bin")})

    assert (code, out, err) == (0, f"{tmp_path / taken} -I {script} check a b\n", "")


def test_without_a_python_it_names_the_package(tmp_path: Path) -> None:
    """The archive itself prints the error, not env or the shell."""
    said = "azprov: cannot run: there is no Python 3.6 or newer; install python3\n"

    assert run(head_below(tmp_path), "check", env={"PATH": str(tmp_path)}) == (70, "", said)


def head_below(folder: Path) -> Path:
    """The shell script at the start of the archive, which looks for Pythons below a folder."""
    head = PYZ.read_bytes().partition(b"PK\3\4")[0]
    script = folder / "azprov"
    script.write_bytes(head.replace(b"/usr/", os.fsencode(f"{folder}/usr/")))
    script.chmod(0o755)
    return script


def test_it_runs_from_odd_places(tmp_path: Path) -> None:
    """The path of the archive may be relative, and have spaces and letters of any script."""
    folder = tmp_path / "a b \N{SNOWMAN}"
    folder.mkdir()
    shutil.copy(PYZ, folder / "renamed")

    assert run(sys.executable, folder / "renamed", "--version") == VERSION
    assert run(sys.executable, "renamed", "--version", cwd=folder) == VERSION
    assert run(sys.executable, "./renamed", "rehearse", cwd=folder)[0] == 0


def test_a_module_beside_it_is_not_imported(tmp_path: Path) -> None:
    """Modules in the working folder or on PYTHONPATH do not replace those of the archive."""
    for name in ("azprov", "urllib3"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hijacked')")

    code, _, err = run(
        sys.executable,
        PYZ,
        "goal-state",
        "--timeout=0.1",
        "--wireserver=127.0.0.1:9",
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )

    assert code == 69
    assert "hijacked" not in err


def test_it_runs_from_a_read_only_disk(tmp_path: Path) -> None:
    """The archive runs from a read-only file system, which the test mounts in a namespace."""
    script = (
        "mount -t tmpfs azprov-test $0 && cp $1 $0/azprov.pyz && mount -o remount,bind,ro $0 && "
        "! touch $0/x 2>/dev/null && cd $0 && shift 1 && exec $@ azprov.pyz --version"
    )
    needs.program("mount")
    env = {"PATH": os.environ["PATH"]}

    done = run(*needs.unshare("-m"), "sh", "-c", script, tmp_path, PYZ, sys.executable, env=env)

    assert done == VERSION


def test_it_runs_as_any_user() -> None:
    """Every user may read and run the archive."""
    assert PYZ.stat().st_mode & 0o777 == 0o755
    assert azprov_without_root("--version") == VERSION


def test_a_first_boot_needs_root() -> None:
    """The error comes before any request or report."""
    code, out, err = azprov_without_root("provision")

    assert (code, out) == (77, "")
    assert err == "azprov: only root may change this machine; run it as root\n"


def as_json(command: Optional[str], line: str) -> Dict[str, object]:
    """The JSON of a failure with this last line, before the command line is parsed."""
    summary, _, hint = line[len("azprov: ") :].partition("; ")
    error = {"summary": summary, "hint": hint}
    return {"command": command, "ok": False, "exit_code": 70, "error": error}


def test_an_old_python_is_reported(tmp_path: Path) -> None:
    """Python 2.7 prints one line and exits with 70, without a traceback."""
    python2 = next(find_python2(), None)
    if python2 is None:
        pytest.skip("needs Python 2.7")

    code, out, err = run(python2, PYZ, "report-ready", cwd=tmp_path)

    assert (code, out) == (70, "")
    (line,) = err.splitlines()
    assert line.startswith(
        "azprov: cannot run: Python 3.6 or newer is needed and this is Python 2.7."
    )
    assert "install a newer python3" in line
    code, out, err = run(python2, PYZ, "--json", cwd=tmp_path)
    assert (code, err) == (70, f"{line}\n")
    assert json.loads(out) == as_json(None, line)


def test_python_3_5_can_parse_the_version_check() -> None:
    """No Python 3.5 is at hand, so the test checks the syntax of the files that it reads."""
    imports = {}
    with zipfile.ZipFile(PYZ) as archive:
        for name in ("__main__.py", "azprov/__init__.py", "azprov/__main__.py"):
            assert archive.getinfo(name).compress_type == zipfile.ZIP_STORED  # zlib may be missing
            tree = ast.parse(archive.read(name).decode(), feature_version=(3, 4))
            found = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
            imports[name] = [ast.unparse(node) for node in found]

    assert imports == {
        "__main__.py": ["import sys", "from azprov.__main__ import main"],
        "azprov/__init__.py": [],
        "azprov/__main__.py": ["import sys"],
    }


def incomplete(python: Path, folder: Path, *missing: str) -> Dict[str, str]:
    """The environment of a Python whose standard library lacks some modules."""
    probe = "import os, sys; print(os.path.dirname(os.__file__)); print(sys.prefix)"
    library, prefix = run(python, "-I", "-S", "-c", probe)[1].split()
    farm = folder / Path(library).relative_to(prefix)
    farm.mkdir(parents=True)
    for entry in Path(library).iterdir():
        if entry.name not in missing and entry.name != "__pycache__":
            (farm / entry.name).symlink_to(entry)
    return {"PYTHONHOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.mark.parametrize("version", INTERPRETERS)
@pytest.mark.parametrize("missing", ["http", "xml", "email", "logging", "argparse.py"])
def test_an_incomplete_python_is_reported(version: str, missing: str, tmp_path: Path) -> None:
    """On a Python like Debian's python3-minimal the line names the module and the package."""
    python = INTERPRETERS[version]
    env = incomplete(python, tmp_path, missing)

    code, out, err = run(python, PYZ, "report-ready", "--timeout=1", env=env)

    assert (code, out) == (70, "")
    (line,) = err.splitlines()
    module = missing.replace(".py", "")
    assert line.startswith("azprov: cannot run: this Python (")
    assert f") lacks the module {module}; install the complete standard library" in line


@pytest.mark.parametrize("version", INTERPRETERS)
@pytest.mark.parametrize("missing", ["http", "argparse.py", "json"])
def test_an_incomplete_python_is_reported_as_json(
    version: str, missing: str, tmp_path: Path
) -> None:
    """The object is that of every failure, even without the module json, and with -v."""
    env = incomplete(INTERPRETERS[version], tmp_path, missing)
    command = (INTERPRETERS[version], PYZ, "goal-state", "--timeout=0.1", "--json")

    code, out, err = run(*command, env=env)
    verbose = run(*command, "-vv", env=env)

    last = err.splitlines()[-1]
    assert f" lacks the module {missing.replace('.py', '')}; install the complete " in last
    assert (code, json.loads(out)) == (70, as_json("goal-state", last))
    assert verbose[:2] == (code, out)
    assert "\nTraceback (most recent call last):\n" in "\n" + verbose[2]
    assert verbose[2].splitlines()[-1] == last


def test_a_text_is_quoted_for_json_without_the_module() -> None:
    """Every text becomes ASCII, even a path with bytes that are not UTF-8."""
    first_file = runpy.run_path(str(ROOT / "app" / "azprov" / "__main__.py"))
    texts = {
        "a b~": '"a b~"',
        'the "C:\\"': '"the \\u0022C:\\u005c\\u0022"',
        "\n\x7f\x00": '"\\u000a\\u007f\\u0000"',
        "\xe9\uffff\udcff": '"\\u00e9\\uffff\\udcff"',
        "\U00010000\U0001f600\U0010ffff": '"\\ud800\\udc00\\ud83d\\ude00\\udbff\\udfff"',
    }

    for text, quoted in texts.items():
        assert first_file["in_json"](text) == quoted
        assert json.loads(quoted) == text


ADVICE = {
    "debian": ("ID=debian\n", "apt-get install python3"),
    "ubuntu derivative": ('ID=pop\nID_LIKE="ubuntu debian"\n', "apt-get install python3"),
    "rocky": ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install python3"),
    "alpine": ("NAME=x\nID=alpine\n", "apk add python3"),
    "unknown": ("ID=own\n", "install WHAT with your distribution's python3 package"),
    "none": (None, "install WHAT with your distribution's python3 package"),
    "garbage": ("\0ID=\xff=\n", "install WHAT with your distribution's python3 package"),
}


@pytest.mark.parametrize("name", ADVICE)
def test_the_package_is_that_of_the_distribution(name: str, tmp_path: Path) -> None:
    """The command comes from os-release; for an unknown distribution the hint is general."""
    content, advice = ADVICE[name]
    os_release = tmp_path / "os-release"
    if content is not None:
        os_release.write_text(content, encoding="latin-1")
    first_file = runpy.run_path(str(ROOT / "app" / "azprov" / "__main__.py"))

    sentence = first_file["package_advice"]("WHAT", str(os_release))

    assert sentence.endswith(advice)


INIT_SYSTEMS = ("dinit", "openrc", "runit", "service", "sysvinit")


def test_the_archive_has_its_contents() -> None:
    """The archive has each azprov module once, two versions of urllib3, and their licences."""
    with zipfile.ZipFile(PYZ) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
    names = [entry.filename for entry in entries]

    ours = [f"azprov/{path.relative_to(ROOT / 'app' / 'azprov')}" for path in sources()]
    ours += [f"azprov/image/azure-provisioning.{init}" for init in INIT_SYSTEMS]
    ours += ["azprov/build.json", "azprov/image/reporter.sh"]
    assert sorted(name for name in names if name.startswith("azprov/")) == sorted(ours)
    assert {name.split("/")[0] for name in names} == {
        "LICENSE",
        "__main__.py",
        "azprov",
        "bytecode",
        "urllib3-1",
        "urllib3-2",
    }
    for licence in (
        "LICENSE",
        "urllib3-1/urllib3-1.26.20.dist-info/LICENSE.txt",
        "urllib3-2/urllib3-2.8.0.dist-info/licenses/LICENSE.txt",
    ):
        assert licence in names
    assert len(set(names)) == len(names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def sources() -> List[Path]:
    return sorted((ROOT / "app" / "azprov").rglob("*.py"))


def test_the_strict_server_is_strict() -> None:
    """StrictWireServer refuses each report that differs from the documented one."""
    server = StrictWireServer(("127.0.0.1", 0))
    port = server.listener.getsockname()[1]
    server.listener.close()
    headers = {
        "host": f"127.0.0.1:{port}",
        "x-ms-version": "2012-11-30",
        "x-ms-agent-name": "azprov/1",
        "content-type": "text/xml;charset=utf-8",
    }

    def judge(body: bytes = READY, target: str = "/machine?comp=health", **other: str) -> str:
        return server.judge("POST", target, "HTTP/1.1", {**headers, **other}, body)

    assert judge() == "ready"
    assert judge(body=READY.replace(b"7<", b"1<")) != "ready"
    assert judge(body=READY.partition(b"?>")[2]) != "ready"
    assert judge(target="/machine/?comp=health") != "ready"
    assert judge(host="localhost") != "ready"
    assert judge(via="1.1 proxy") != "ready"


@pytest.mark.parametrize(
    "command", [["rehearse"], ["rehearse", "--list"], ["check", "--root", "/proc/self/root"]]
)
def test_a_closed_pipe_is_not_a_bug(command: List[str]) -> None:
    """With `| head -1` a line and exit code 73 report that the output was lost."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as stdout:
        run = subprocess.run(
            [sys.executable, PYZ, *command], stdout=stdout, stderr=subprocess.PIPE, check=False
        )

    assert run.returncode == 73, run.stderr
    assert b"bug" not in run.stderr
