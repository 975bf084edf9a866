"""Writes the man page of an archive, from the texts that its help is made of.

Run by the build: python3 app/manual.py ARCHIVE. It is no part of the archive.
"""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator, Sequence

# When the words below changed last; a build's own day would make other bytes of it.
_CHANGED = "2026-11-26"
_WIDTH = 78
_ENVIRONMENT = (
    ("AZPROV_WIRESERVER", "The platform's address where --wireserver is not given."),
    ("AZPROV_IMDS", "That of its metadata service where --imds is not given."),
    ("NO_COLOR, TERM", "Nothing is coloured where NO_COLOR is not empty or TERM is dumb."),
)
# Besides those of errors.py, which tests compare with the table of README.
_STOPPED = {
    129: "stopped by SIGHUP; nothing half done",
    130: "stopped by Ctrl-C; nothing half done",
}
_FILES = (
    ("/usr/local/lib/azprov/azprov.pyz", "The program, and /usr/local/bin/azprov, a link to it."),
    ("/etc/systemd/system/azure-provisioning.service", "The boot service."),
    ("/etc/init.d/azure-provisioning", "The same for OpenRC."),
    ("/var/lib/azprov/state.json", "Which steps are done, and for which VM, by its id."),
)
_ACCOUNT = (
    "The answer is on stdout. The account, a line a step, is on stderr, with levels where it "
    "goes to the journal; the last line of a failure is one sentence with the cause and the "
    "next step. Options with a value follow the command."
)
_PAGE = "https://learn.microsoft.com/azure/virtual-machines/linux/no-agent"


def manual_of(python: str, archive: Path) -> bytes:
    """The page in the man macros that groff and mandoc read. Raises CalledProcessError."""
    return subprocess.check_output([python, "-I", __file__, str(archive)])


def _page(archive: str) -> Iterator[str]:
    sys.path.insert(0, archive)
    from azprov.__main__ import urllib3_folder

    sys.path.insert(1, archive + "/" + urllib3_folder())
    from azprov import __version__
    from azprov.cli.commands import COMMANDS
    from azprov.cli.help import PROGRAM_SUMMARY, common_options, options_of, sentence
    from azprov.cli.registry import program_parser
    from azprov.errors import EXIT_CODES

    common = common_options()
    yield f'.TH AZPROV 8 {_CHANGED} "azprov {__version__}" "System Administration"'
    yield ".SH NAME"
    yield f"azprov \\- {PROGRAM_SUMMARY}"
    yield ".SH SYNOPSIS"
    yield from [*_bold("azprov COMMAND [OPTIONS]"), ".br", *_bold("azprov --version")]
    yield ".SH DESCRIPTION"
    yield from _text(sentence(PROGRAM_SUMMARY))
    yield from [".PP", *_text(_ACCOUNT), ".SH COMMANDS"]
    for name in COMMANDS:
        yield from _command(name, common)
    yield from [".SH OPTIONS", *_text("Every command takes:")]
    for option in common:
        yield from _item(option.form, option.meaning)
    yield from [".PP", *_text("Without a command there is, besides these:")]
    for option in options_of(program_parser()):
        if option not in common:
            yield from _item(option.form, option.meaning)
    codes = sorted({**EXIT_CODES, **_STOPPED}.items())
    for heading, items in (
        ("EXIT STATUS", [(str(code), meaning) for code, meaning in codes]),
        ("ENVIRONMENT", list(_ENVIRONMENT)),
        ("FILES", list(_FILES)),
    ):
        yield f'.SH "{heading}"'
        for item in items:
            yield from _item(*item)
    yield ".SH SEE ALSO"
    yield from _text(_PAGE)


def _command(name: str, common: Sequence[object]) -> Iterator[str]:
    from azprov.cli.help import command_usage, options_of, paragraphs_of
    from azprov.cli.program import PROGRAM
    from azprov.cli.registry import command_parser, load_command

    yield f'.SS "{_escaped(command_usage(name).replace(PROGRAM, "azprov"))}"'
    for number, paragraph in enumerate(paragraphs_of(name)):
        yield from [".PP"] if number else []
        yield from _text(paragraph)
    for option in options_of(command_parser(name)):
        if option not in common:
            yield from _item(option.form, option.meaning)
    purpose, example = load_command(name).EXAMPLE
    yield ".PP"
    yield from _text(f"Example: {purpose}")
    yield from [".PP", ".RS", ".nf", _line(f"azprov {example}"), ".fi", ".RE"]


def _item(head: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield from _bold(head)
    yield from _text(text)


def _bold(text: str) -> Iterator[str]:
    yield f".B {_escaped(text)}" if '"' not in text else f"\\fB{_escaped(text)}\\fR"


def _text(text: str) -> Iterator[str]:
    """Lines that begin with no word of the language, each of them short."""
    # A path that is hyphenated at the end of a line could not be copied.
    words = ["\\%" + word if "/" in word else word for word in _escaped(text).split()]
    for line in textwrap.wrap(
        " ".join(words), _WIDTH, break_long_words=False, break_on_hyphens=False
    ):
        yield _line(line, is_escaped=True)


def _line(text: str, *, is_escaped: bool = False) -> str:
    escaped = text if is_escaped else _escaped(text)
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")


if __name__ == "__main__":
    sys.stdout.buffer.write("".join(f"{line}\n" for line in _page(sys.argv[1])).encode("ascii"))
