"""The tables, versions and transcripts in README match the code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from azprov.cli.commands import COMMANDS
from azprov.cli.registry import load_command
from azprov.errors import EXIT_CODES
from check.disk_files import as_vhd, gpt, write_disk
from project import ROOT
from pyz import PYZ, azprov
from sound_image import make_sound
from unit.boot.copies import COPIES

README = (ROOT / "README.md").read_text()
APP_README = (ROOT / "app" / "README.md").read_text()


def test_the_table_of_exit_codes_matches_the_code() -> None:
    """README's table lists every exit code with the meaning that the code gives it."""
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE)

    assert [(int(code), meaning) for code, meaning in rows] == list(EXIT_CODES.items())


def test_the_table_of_commands_matches_the_code() -> None:
    """README's table has a row for each command, with the command's SUMMARY."""
    rows = re.findall(r"^\| `([a-z-]+)[^|`]*` \| (.+) \|$", README, re.MULTILINE)

    assert [(name, meaning.replace("`", "")) for name, meaning in rows] == [
        (name, load_command(name).SUMMARY) for name in COMMANDS
    ]


def test_the_table_of_copies_matches_its_tests() -> None:
    """Each row of README's table of copies is a tested case, with the same vmId and profile."""
    table = README.partition("| what happened | vmId |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]

    assert [row[0] for row in rows] == list(COPIES)
    for name, vm_id, profile, disabled, enabled in rows:
        copy = COPIES[name]
        assert vm_id in (("the same", "any") if copy.is_same_vm else ("new",)), name
        assert (profile == "none") == (not copy.has_os_profile), name
        assert disabled.startswith("runs" if copy.is_fresh else "does not run"), name
        runs = "finds everything done" if not copy.reports else ("makes", "runs", "the same")
        assert enabled.startswith(runs), name


def test_the_versions_of_urllib3_are_the_pinned_ones() -> None:
    """README names the versions of urllib3 that the requirements files pin."""
    for line in ("urllib3-1", "urllib3-2"):
        pins = (ROOT / "app" / "requirements" / f"{line}.txt").read_text()
        match = re.search(r"^urllib3==(\S+)", pins, re.MULTILINE)
        assert match is not None
        assert match[1] in README


def test_the_sandbox_of_the_service_is_rated_ok() -> None:
    """README gives a rating of the sandbox, and systemd-analyze rates the service 3.0 or better.

    The exact figure depends on the version of systemd.
    """
    rating = re.search(r"rated (\d\.\d) \(OK\)", README)

    assert rating is not None
    if shutil.which("systemd-analyze"):
        run = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=30"]
            + [ROOT / "unit" / "azure-provisioning.service"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout


def test_each_promise_has_a_test_of_its_name() -> None:
    """Each promise in README has a test with the same words in its name."""
    promised = re.findall(r"^- \*\*([^*]+?)[.,]?\*\*", README.partition("## Promises")[2], re.M)
    slugs = {re.sub(r"\W+", "_", promise.lower()) for promise in promised}
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    assert len(slugs) == 7
    for slug in slugs:
        assert re.search(rf"^def test_\w*{slug}", tests, re.MULTILINE), slug


def neutral(transcript: str) -> str:
    """Replace the parts that differ from run to run: times and the port."""
    timeless = re.sub(r"^ *\d+\.\d\d s", "T", transcript, flags=re.MULTILINE)
    return re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", timeless)


def test_the_transcript_of_a_rehearsal_is_current() -> None:
    """README shows what `rehearse` prints, except for times and the port."""
    shown = README.partition("$ python3 dist/azprov.pyz rehearse\n")[2].partition("```")[0]

    run = subprocess.run(
        [sys.executable, PYZ, "rehearse"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )

    assert neutral(run.stdout) == neutral(shown)


def test_the_transcript_of_a_check_is_current(tmp_path: Path) -> None:
    """README shows what `check` prints for a good image without the azprov service."""
    shown = README.partition("$ python3 dist/azprov.pyz check --root image\n")[2].partition("```")[
        0
    ]
    make_sound(tmp_path / "image")
    azprov("uninstall", "--root", tmp_path / "image")

    (tmp_path / "dist").symlink_to(PYZ.parent)
    run = subprocess.run(
        [sys.executable, "dist/azprov.pyz", "check", "--root", "image"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stdout == shown


def test_the_transcript_of_a_disk_check_is_current(tmp_path: Path) -> None:
    """README shows the error of a disk that qemu-img rounded, and the commands that fix it."""
    command = "check --image disk.vhd"
    transcript = README.partition(f"$ python3 dist/azprov.pyz {command}\n")[2].partition("```")[0]
    sectors = 67_125_248 // 512
    as_vhd(write_disk(tmp_path / "disk.raw", gpt(sectors=sectors), sectors=sectors))

    done = subprocess.run(
        [sys.executable, PYZ, *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert transcript
    assert transcript in done.stdout


def test_app_readme_draws_every_room() -> None:
    """The picture in app/README.md names every layer of azprov, and nothing else."""
    picture = APP_README.partition("app/azprov/\n")[2].partition("```")[0]
    home = ROOT / "app" / "azprov"

    layers = {path.name for path in home.iterdir()} - {"__init__.py", "__pycache__"}
    named = set(re.findall(r"^  (\w+(?:\.py|/))", picture, re.MULTILINE))
    assert {name.rstrip("/") for name in named} == layers


def test_app_readme_names_files_that_exist() -> None:
    """Every path in app/README.md is in the tree, from the top or below app/azprov."""
    names = re.findall(r"`((?:\w+/)+[\w.-]*|\w+\.py)`", APP_README)
    homes = (ROOT, ROOT / "app" / "azprov", ROOT / "app")

    assert len(names) > 40
    for name in names:
        assert any((home / name).exists() for home in homes), name
