"""The help texts fit a screen and have an example each; what was mistyped is guessed."""

import shlex
import subprocess
from pathlib import Path

import pytest

from azprov.cli import main
from azprov.cli.commands import COMMANDS
from azprov.cli.help import SHORT_EXIT_CODES, options_of
from azprov.cli.registry import command_parser, load_command, program_parser
from azprov.errors import EXIT_CODES
from interpreters import INTERPRETERS
from pyz import PYZ

WIDTH = 80
# Of 24, so that the prompt that follows leaves the first line where it is.
HEIGHT = 23

GOAL_STATE_HELP = """\
usage: azprov.pyz goal-state [OPTIONS]
Show incarnation, container id and instance id, or the document.

options:
  --raw                     show the document as it came, whatever it is
  --wireserver HOST[:PORT]  numeric address, or auto: a DHCP lease's option 245,
                            else 168.63.129.16 (auto, or $AZPROV_WIRESERVER)
  --timeout SECONDS         for the whole conversation (900)
  --agent-name NAME         how to call ourselves (azprov/VERSION)
  -h, --help   show this help    --json         answer with one JSON object
  -q, --quiet  show errors only  -v, --verbose  show requests and replies too

example: print them as JSON, for a script
  azprov.pyz goal-state --json
"""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_a_help_fits_a_screen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 80 columns and 24 lines, with the prompt below; the overview as well."""
    assert main([*filter(None, [command]), "--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH


def test_the_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """How it is called, what it is for, what it takes, an example."""
    main(["goal-state", "--help"])

    assert capsys.readouterr().out == GOAL_STATE_HELP


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_option_is_left_out(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its meaning, but for --version: its usage says it all."""
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
def test_a_usage_names_what_has_to_be_given(
    command: str, usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And arguments that may be."""
    main([command, "--help"])

    assert capsys.readouterr().out.startswith(f"usage: azprov.pyz {usage}\n")


def test_the_program_help_names_every_exit_code() -> None:
    """The short forms in the help are those of the codes in errors.py, in their order."""
    assert list(SHORT_EXIT_CODES) == list(EXIT_CODES)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_is_right_usage(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its options are those of the command, and it has one at least."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image").mkdir()
    name, *arguments = shlex.split(load_command(command).EXAMPLE[1].partition(" >")[0])

    assert name == command
    assert arguments
    command_parser(command).parse(arguments)


def test_unit_takes_what_goes_into_the_service() -> None:
    """Each option of install, but for what is done with the service."""
    taken = {
        command: {flag for option in options_of(command_parser(command)) for flag in option.flags}
        for command in ("install", "unit")
    }

    assert taken["install"] - taken["unit"] == {"--no-enable", "--force"}
    assert taken["unit"] - taken["install"] == {"--program"}


COMMAND_HINT = "azprov.pyz --help lists the commands; put options with a value after the command"
MISTYPED = {
    "a letter left out": ("report-redy", f"did you mean report-ready? {COMMAND_HINT}"),
    "letters swapped": ("deprovsiion", f"did you mean deprovision? {COMMAND_HINT}"),
    "another case": ("PROVISION", f"did you mean provision? {COMMAND_HINT}"),
    "the beginning of two": (
        "report",
        f"did you mean report-ready or report-failure? {COMMAND_HINT}",
    ),
    "an underscore": ("set_hostname", f"did you mean set-hostname? {COMMAND_HINT}"),
    "help without dashes": ("help", f"did you mean --help? {COMMAND_HINT}"),
    "nothing that is near": ("frobnicate", COMMAND_HINT),
    "a letter": ("r", COMMAND_HINT),
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
    "a wrong value of a right option": (
        "goal-state --timeout soon",
        "azprov.pyz goal-state --help lists its options",
    ),
    "a value for an option that has none": (
        "goal-state --quiet=1",
        "azprov.pyz goal-state --help lists its options",
    ),
    "one dash for two": (
        "goal-state -quiet",
        "did you mean --quiet? azprov.pyz goal-state --help lists its options",
    ),
    "a scenario": (
        "rehearse --scenario helthy",
        "did you mean healthy? azprov.pyz rehearse --list names them",
    ),
}


@pytest.mark.parametrize("case", MISTYPED)
def test_what_was_mistyped_is_guessed(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it begins, or what it looks like; no guess where nothing is near."""
    line, hint = MISTYPED[case]

    code = main(line.split())

    err = capsys.readouterr().err
    assert code == 2
    assert len(err.splitlines()) == 1
    assert err.partition("; ")[2] == hint + "\n"


@pytest.mark.parametrize("version", INTERPRETERS)
@pytest.mark.parametrize("option", ["version", "help"])
def test_one_dash_for_two_is_told_alike(version: str, option: str) -> None:
    """By every Python: to its argparse the word begins with -v or -h."""
    done = subprocess.run(
        [INTERPRETERS[version], PYZ, f"-{option}"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"azprov: unrecognized arguments: -{option}; did you mean --{option}? "
        f"python3 {shlex.quote(str(PYZ))} --help lists its options\n"
    )
