"""Writes the man page of an archive, from the texts of its help.

The build runs it as python3 app/manual.py ARCHIVE. It is not part of the archive.
"""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator, Sequence

# The day of the last change to the page. The day of the build would make two builds of the
# same commit differ.
_CHANGED = "2026-11-27"
_WIDTH = 78
_ENVIRONMENT = (
    ("AZPROV_WIRESERVER", "The address of WireServer, if --wireserver is not given."),
    ("AZPROV_IMDS", "The address of the metadata service, if --imds is not given."),
    ("NO_COLOR, TERM", "There are no colours if NO_COLOR is not empty or TERM is dumb."),
)
# Exit codes in addition to those of errors.py.
_STOPPED = {
    129: "stopped by SIGHUP; nothing is half done",
    130: "stopped by Ctrl-C; nothing is half done",
}
_FILES = (
    ("/usr/local/lib/azprov/azprov.pyz", "The program, and /usr/local/bin/azprov, a link to it."),
    ("/etc/systemd/system/azure-provisioning.service", "The boot service."),
    ("/etc/init.d/azure-provisioning", "The boot service, for OpenRC, sysvinit and busybox init."),
    ("/var/lib/azprov/state.json", "The completed steps, and the id of their VM."),
)
_STREAMS = (
    "stdout carries the answer, stderr the log: one line per step, with level prefixes if stderr "
    "is the journal. The last line of a failed run is one sentence with the cause and the next "
    "step. Put options with a value after the command."
)
_SEE_ALSO = "https://learn.microsoft.com/azure/virtual-machines/linux/no-agent"


def manual_of(python: str, archive: Path) -> bytes:
    """Return the man page, in the macros of man(7). Raises CalledProcessError."""
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
    yield from [".PP", *_text(_STREAMS), ".SH COMMANDS"]
    for name in COMMANDS:
        yield from _command(name, common)
    yield from [".SH OPTIONS", *_text("Options of every command:")]
    for option in common:
        yield from _item(option.form, option.meaning)
    yield from [".PP", *_text("Option without a command:")]
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
    yield from _text(_SEE_ALSO)


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
    """Wrap the text into lines, and escape those that groff would read as a request."""
    # \% keeps a path from being hyphenated, so that it can be copied.
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
