"""The help texts fit a screen, and mistyped words are answered with suggestions."""

import shlex
import subprocess
from pathlib import Path

import pytest

from azprov.cli import main
from azprov.cli.commands import COMMANDS
from azprov.cli.help import options_of
from azprov.cli.registry import command_parser, load_command, program_parser
from azprov.errors import EXIT_CODES, SHORT_EXIT_CODES
from interpreters import INTERPRETERS
from pyz import PYZ

WIDTH = 80
# One less than the 24 lines of a screen: the shell's prompt takes one.
HEIGHT = 23

GOAL_STATE_HELP = """\
usage: azprov.pyz goal-state [OPTIONS]
Show incarnation, container id and instance id, or the document.

options:
  --raw                     show the received document
  --wireserver HOST[:PORT]  WireServer's IP, or auto: DHCP option 245, otherwise
                            168.63.129.16 (default $AZPROV_WIRESERVER or auto)
  --timeout SECONDS         time limit for all attempts together (default 10)
  --agent-name NAME         agent name to send (default azprov/VERSION)
  -h, --help   show this help    --json         print one JSON object
  -q, --quiet  log errors only   -v, --verbose  also log requests and replies

example: print them as JSON, for a script
  azprov.pyz goal-state --json
"""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_fits_a_screen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help of the program and of each command has at most 23 lines of 80 columns."""
    assert main([*filter(None, [command]), "--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH


def test_the_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help of a command has its usage, its summary, its options and an example."""
    main(["goal-state", "--help"])

    assert capsys.readouterr().out == GOAL_STATE_HELP


def test_the_help_of_unit_promises_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    """unit only reads the image, and its help names the line that install adds."""
    main(["unit", "--help"])

    out = capsys.readouterr().out
    assert "folder of the image to examine (default /)" in out
    assert "MadeFolders=" in out


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_each_help_has_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists each option with its meaning; --version is only in the usage line."""
    main([*filter(None, [command]), "--help"])

    shown = " ".join(capsys.readouterr().out.split())
    for option in options_of(command_parser(command) if command else program_parser()):
        if option.flags == ["--version"]:
            assert shown.startswith(
                "usage: azprov.pyz COMMAND [OPTIONS], or azprov.pyz --version Takes "
            )
        else:
            assert f" {option.form} {option.meaning} " in shown


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("report-failure", "report-failure --reason TEXT [OPTIONS]"),
        ("metadata", "metadata [PATH] [OPTIONS]"),
        ("ssh-keys", "ssh-keys --user NAME [OPTIONS]"),
    ],
)
def test_a_usage_line_has_required_options_and_all_arguments(
    command: str, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A usage line names the options that are required, and an optional argument in brackets."""
    main([command, "--help"])

    assert capsys.readouterr().out.startswith(f"usage: azprov.pyz {usage}\n")


def test_the_program_help_names_every_exit_code() -> None:
    """The exit codes in the help are those of the man page and of README."""
    assert list(SHORT_EXIT_CODES) == list(EXIT_CODES)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_example_can_be_parsed(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of a command has at least one argument, and the command's parser accepts it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image/usr/bin").mkdir(parents=True)
    name, *arguments = shlex.split(load_command(command).EXAMPLE[1].partition(" >")[0])

    assert name == command
    assert arguments
    command_parser(command).parse(arguments)


def test_unit_has_the_options_of_install_that_change_the_service_file() -> None:
    """`unit` lacks only the options of `install` that do not change the file's content."""
    flags = {
        command: {flag for option in options_of(command_parser(command)) for flag in option.flags}
        for command in ("install", "unit")
    }

    assert flags["install"] - flags["unit"] == {"--no-enable", "--force"}
    assert flags["unit"] - flags["install"] == {"--program"}


COMMAND_HINT = "azprov.pyz --help lists the commands"
MISTYPED = {
    "a missing letter": ("report-redy", f"did you mean report-ready? {COMMAND_HINT}"),
    "two letters swapped": ("deprovsiion", f"did you mean deprovision? {COMMAND_HINT}"),
    "upper case": ("PROVISION", f"did you mean provision? {COMMAND_HINT}"),
    "the beginning of two commands": (
        "report",
        f"did you mean report-ready or report-failure? {COMMAND_HINT}",
    ),
    "an underscore for a hyphen": (
        "set_hostname",
        f"did you mean set-hostname? {COMMAND_HINT}",
    ),
    "help without dashes": ("help", f"did you mean --help? {COMMAND_HINT}"),
    "nothing similar": ("frobnicate", COMMAND_HINT),
    "a single letter": ("r", COMMAND_HINT),
    "the beginning of an option": (
        "report-ready --wire",
        "did you mean --wireserver? azprov.pyz report-ready --help lists its options",
    ),
    "an option and its value": (
        "goal-state --time-out=3",
        "did you mean --timeout? azprov.pyz goal-state --help lists its options",
    ),
    "an option of another command": (
        "report-ready --root image",
        "azprov.pyz report-ready --help lists its options",
    ),
    "an option without a command": (
        "--verison",
        "did you mean --version? azprov.pyz --help lists its options",
    ),
    "a wrong value of an existing option": (
        "goal-state --timeout soon",
        "azprov.pyz goal-state --help lists its options",
    ),
    "a value for an option without one": (
        "goal-state --quiet=1",
        "azprov.pyz goal-state --help lists its options",
    ),
    "one dash instead of two": (
        "goal-state -quiet",
        "did you mean --quiet? azprov.pyz goal-state --help lists its options",
    ),
    "a disk file for install": (
        "install --image disk.img",
        "mount the disk's file system in a folder, and add --root with that folder; azprov.pyz "
        "install --help lists its options",
    ),
    "a disk file as a word": (
        "deprovision disk.vhd",
        "mount the disk's file system in a folder, and add --root with that folder; azprov.pyz "
        "deprovision --help lists its options",
    ),
    "a scenario": (
        "rehearse --scenario helthy",
        "did you mean healthy? azprov.pyz rehearse --list lists them",
    ),
}


@pytest.mark.parametrize("case", MISTYPED)
def test_a_mistyped_word_is_answered_with_suggestions(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage suggests words that begin like the given one or are similar, if there are any."""
    line, hint = MISTYPED[case]

    code = main(line.split())

    err = capsys.readouterr().err
    assert code == 2
    assert len(err.splitlines()) == 1
    assert err.partition("; ")[2] == hint + "\n"


@pytest.mark.parametrize("version", INTERPRETERS)
@pytest.mark.parametrize("option", ["version", "help"])
def test_a_long_option_with_one_dash_is_wrong_usage(version: str, option: str) -> None:
    """-version and -help give the same message on every Python, although -v and -h exist."""
    done = subprocess.run(
        [INTERPRETERS[version], PYZ, f"-{option}"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"azprov: there is no option '-{option}'; did you mean --{option}? "
        f"python3 {shlex.quote(str(PYZ))} --help lists its options\n"
    )
