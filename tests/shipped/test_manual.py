"""The man page that the build makes: read without a warning, and nothing missing in it."""

import os
import subprocess
from typing import List

import pytest

import needs
from azprov import __version__
from azprov.cli.commands import COMMANDS
from azprov.cli.help import options_of
from azprov.cli.registry import command_parser, load_command
from azprov.errors import EXIT_CODES
from pyz import PYZ

MANUAL = PYZ.parent / "azprov.8"

COMMON = ["-h, --help", "--json", "-q, --quiet", "-v, --verbose"]

READERS = {
    "man": ["man", "--warnings", "--encoding=UTF-8", "--local-file", str(MANUAL)],
    "groff": ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", str(MANUAL)],
    "mandoc": ["mandoc", "-Tlint", str(MANUAL)],
    "lexgrog": ["lexgrog", str(MANUAL)],
}


def read(reader: str, *, width: int = 200, options: str = "-rHY=0") -> str:
    needs.program(reader)
    done = subprocess.run(
        READERS[reader],
        env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH=str(width), MANROFFOPT=options),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("reader", ["man", "groff"])
def test_it_is_read_without_a_warning(reader: str) -> None:
    """By man, and by what man calls."""
    shown = read(reader)

    assert "azprov report-failure --reason TEXT [OPTIONS]" in shown
    assert 'azprov report-failure --reason "the data disk is missing"' in shown


def test_a_path_is_in_one_piece() -> None:
    """Where other words are hyphenated."""
    shown = read("man", width=80, options="")

    for path in (
        "/etc/bash_completion.d/azprov,",
        "~/.local/share/bash-completion/completions/azprov.",
        "/usr/local/share/zsh/site-functions/_azprov.",
        "~/.config/fish/completions/azprov.fish.",
    ):
        assert path in shown


def test_mandoc_finds_nothing_to_say() -> None:
    """Not even of style."""
    assert read("mandoc") == ""


def test_it_is_found_by_its_summary() -> None:
    """What apropos and whatis make of it."""
    assert read("lexgrog") == (
        f'{MANUAL}: "azprov - takes a Linux VM on Azure from first boot to Ready '
        'without an agent"\n'
    )


def plain() -> List[str]:
    """Its lines without the marks of the language."""
    text = MANUAL.read_text("ascii").replace("\\-", "-").replace("\\e", "\\")
    return [line[3:] if line.startswith(".B ") else line for line in text.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_it(command: str) -> None:
    """With each of its options, and the example."""
    lines = plain()
    heading = next(line for line in lines if line.startswith(f'.SS "azprov {command} '))
    own = lines[lines.index(heading) + 1 : lines.index(".SH OPTIONS")]
    end = next(number for number, line in enumerate(own) if line.startswith(".SS") or line == ".RE")

    assert f"azprov {load_command(command).EXAMPLE[1]}" in own[:end]
    for option in options_of(command_parser(command)):
        assert option.form in own[:end] + COMMON, option.form


def test_what_every_command_takes_is_what_it_says() -> None:
    """And --version is no command's."""
    lines = plain()
    end = lines.index('.SH "EXIT STATUS"')
    alone = lines.index("Without a command there is, besides these:")

    for first, last, forms in (
        (lines.index("Every command takes:"), alone, COMMON),
        (alone, end, ["--version"]),
    ):
        heads = [line for line in lines[first:last] if line.startswith("-")]
        assert heads == forms
    for command in COMMANDS:
        forms = [option.form for option in options_of(command_parser(command))]
        assert set(COMMON) <= set(forms)
        assert "--version" not in forms


def test_exit_codes_and_version_are_in_it() -> None:
    """Those of the code, and of the two signals that README names below its table."""
    lines = plain()

    assert f'"azprov {__version__}"' in lines[0]
    status = lines[lines.index('.SH "EXIT STATUS"') : lines.index('.SH "ENVIRONMENT"')]
    codes = [int(line) for line in status if line.isdigit()]
    assert codes == sorted([*EXIT_CODES, 129, 130])
