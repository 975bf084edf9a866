"""The man page of the build is complete, and man, groff and mandoc read it without warnings."""

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
def test_the_man_page_is_read_without_a_warning(reader: str) -> None:
    """man and groff give no warnings, and show usage lines and examples."""
    shown = read(reader)

    assert "azprov report-failure --reason TEXT [OPTIONS]" in shown
    assert 'azprov report-failure --reason "the data disk is missing"' in shown


def test_paths_in_the_man_page_are_not_hyphenated() -> None:
    """A path can be copied from the page although man hyphenates other words."""
    shown = read("man", width=80, options="")

    for path in (
        "/etc/bash_completion.d/azprov,",
        "~/.local/share/bash-completion/completions/azprov.",
        "/usr/local/share/zsh/site-functions/_azprov.",
        "~/.config/fish/completions/azprov.fish.",
    ):
        assert path in shown


def test_mandoc_has_no_complaints() -> None:
    """mandoc -T lint gives no message about the page, not even about style."""
    assert read("mandoc") == ""


def test_the_man_page_has_a_name_and_a_summary_for_apropos() -> None:
    """lexgrog, which indexes pages for apropos and whatis, finds the name and the summary."""
    assert read("lexgrog") == (
        f'{MANUAL}: "azprov - takes a Linux VM on Azure from first boot to Ready '
        'without an agent"\n'
    )


def plain() -> List[str]:
    """The lines of the page without its escapes."""
    text = MANUAL.read_text("ascii").replace("\\-", "-").replace("\\e", "\\")
    return [line[3:] if line.startswith(".B ") else line for line in text.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_man_page_has_every_command(command: str) -> None:
    """Each command has a section with all its options and its example."""
    lines = plain()
    heading = next(line for line in lines if line.startswith(f'.SS "azprov {command} '))
    own = lines[lines.index(heading) + 1 : lines.index(".SH OPTIONS")]
    end = next(number for number, line in enumerate(own) if line.startswith(".SS") or line == ".RE")

    assert f"azprov {load_command(command).EXAMPLE[1]}" in own[:end]
    for option in options_of(command_parser(command)):
        assert option.form in own[:end] + COMMON, option.form


def test_the_common_options_are_those_of_every_command() -> None:
    """The page lists the options that every command has, and --version apart from them."""
    lines = plain()
    end = lines.index('.SH "EXIT STATUS"')
    alone = lines.index("Option without a command:")

    for first, last, forms in (
        (lines.index("Options of every command:"), alone, COMMON),
        (alone, end, ["--version"]),
    ):
        heads = [line for line in lines[first:last] if line.startswith("-")]
        assert heads == forms
    for command in COMMANDS:
        forms = [option.form for option in options_of(command_parser(command))]
        assert set(COMMON) <= set(forms)
        assert "--version" not in forms


def test_the_man_page_has_the_version_and_all_exit_codes() -> None:
    """The exit codes are those of errors.py, and 129 and 130 for SIGHUP and Ctrl-C."""
    lines = plain()

    assert f'"azprov {__version__}"' in lines[0]
    status = lines[lines.index('.SH "EXIT STATUS"') : lines.index('.SH "ENVIRONMENT"')]
    codes = [int(line) for line in status if line.isdigit()]
    assert codes == sorted([*EXIT_CODES, 129, 130])
