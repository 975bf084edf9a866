"""The help texts: how a command is called, what its options are, an example of it.

Rule of this file: it is imported when help is asked for, and by what is made of the
same texts (the man page, completions); a first boot does without it.
"""

import argparse
import textwrap
from typing import Iterator, List, NamedTuple

from . import COMMANDS, PROGRAM
from .options import Parser, add_common_options

WIDTH = 80
# Where an option's meaning begins.
_COLUMN = 28


class Example(NamedTuple):
    purpose: str
    command: str


EXAMPLES = {
    "report-ready": Example("give up after a minute", "report-ready --timeout 60"),
    "report-failure": Example(
        "fail the deployment, and say why", 'report-failure --reason "the data disk is missing"'
    ),
    "goal-state": Example("for a script", "goal-state --json"),
    "metadata": Example("the VM's name alone", "metadata compute/name"),
    "set-hostname": Example("a name of your own, in an image", "set-hostname web01 --root image"),
    "ssh-keys": Example("who deployed the VM may log in as root", "ssh-keys --user root"),
    "admin-user": Example("give up after half a minute", "admin-user --imds-timeout 30"),
    "provision": Example("make the user that was deployed, too", "provision --admin-user"),
    "install": Example("have an image make that user", "install --root image --admin-user"),
    "uninstall": Example("out of an image", "uninstall --root image"),
    "check": Example("an image, before it is deployed", "check --root image"),
    "deprovision": Example("take the builder's login away too", "deprovision --user builder"),
    "unit": Example("of a service that makes the user", "unit --admin-user"),
    "rehearse": Example("the network comes late", "rehearse --scenario network-late"),
    "completion": Example(
        "for every bash of this machine", "completion bash > /etc/bash_completion.d/azprov"
    ),
}

# The table of errors.py in two lines; the man page has it in full.
EXIT_CODES_IN_SHORT = {
    0: "done",
    1: "found wanting",
    2: "usage",
    69: "unreached",
    70: "cannot run",
    73: "not changed",
    76: "bad answers",
    77: "needs root",
    78: "unusable",
    143: "stopped",
}


class Option(NamedTuple):
    """An option, or an argument without a name, as people read of it."""

    #: Empty for an argument.
    flags: List[str]
    #: What its value is called, empty if it has none.
    value: str
    meaning: str
    is_required: bool
    #: What the value may be, empty if that is not a list.
    choices: List[str]

    @property
    def form(self) -> str:
        return " ".join(filter(None, [", ".join(self.flags), self.value]))


def options_of(parser: Parser) -> List[Option]:
    """What a command takes: arguments, then options."""
    options = [_option(action) for action in parser._actions]
    return sorted(options, key=lambda option: bool(option.flags))


def _option(action: argparse.Action) -> Option:
    choices = [str(choice) for choice in action.choices or ()]
    value = ""
    if action.nargs != 0:
        value = str(action.metavar or "|".join(choices))
    is_help = isinstance(action, argparse._HelpAction)
    return Option(
        flags=list(action.option_strings),
        value=value,
        meaning="show this help" if is_help else str(action.help),
        is_required=action.required,
        choices=choices,
    )


def common_options() -> List[Option]:
    """What every command takes."""
    parser = Parser(prog=PROGRAM, description="")
    add_common_options(parser)
    return options_of(parser)


def usage_of(parser: Parser) -> str:
    """One line: what has to be given, and that there is more."""
    if parser.prog == PROGRAM:
        return f"{PROGRAM} COMMAND [OPTIONS], or {PROGRAM} --version"
    words = [parser.prog]
    for option in options_of(parser):
        if option.is_required:
            words.append(option.form)
        elif not option.flags:
            words.append(f"[{option.form}]")
    return " ".join([*words, "[OPTIONS]"])


def help_of(parser: Parser) -> str:
    """The whole help of a command, or of the program; it fits a screen."""
    command = parser.prog[len(PROGRAM) :].strip()
    lines = ["usage: " + usage_of(parser)]
    for paragraph in str(parser.description).split("\n\n"):
        lines += _hanging("", paragraph, 0)
    return "\n".join([*lines, *(_of_command(command, parser) if command else _of_program())])


def _of_program() -> List[str]:
    # Without an empty line between its parts, which would make it higher than a screen.
    lines = ["commands (COMMAND --help shows what it takes, and an example):"]
    lines += ["  {:<15}{}".format(*item) for item in COMMANDS.items()]
    lines += ["options of every command:", *_in_pairs(common_options())]
    codes = ", ".join(f"{code} {short}" for code, short in EXIT_CODES_IN_SHORT.items())
    return [*lines, *textwrap.wrap(f"exit codes: {codes}", WIDTH, subsequent_indent="  ")]


def _of_command(command: str, parser: Parser) -> List[str]:
    options, common = options_of(parser), common_options()
    is_named = all(option.flags for option in options)
    lines = ["", "options:" if is_named else "arguments, options:"]
    for option in options:
        if option not in common:
            lines += _hanging(f"  {option.form}", option.meaning, _COLUMN)
    lines += _in_pairs(common)
    example = EXAMPLES[command]
    return [*lines, "", f"example, {example.purpose}:", f"  {PROGRAM} {example.command}"]


def _in_pairs(options: List[Option]) -> Iterator[str]:
    """Two options a line; those that every command takes are short enough."""
    for one, other in zip(options[::2], options[1::2]):
        yield f"  {one.form:<13}{one.meaning:<18}{other.form:<15}{other.meaning}"


def _hanging(head: str, text: str, column: int) -> List[str]:
    """The text from that column on, beside the head, or below one that is too long."""
    wrapped = textwrap.wrap(text, WIDTH - column, break_long_words=False, break_on_hyphens=False)
    lines = [" " * column + line for line in wrapped]
    if not head:
        return lines
    if len(head) < column:
        lines[0] = head + lines[0][len(head) :]
        return lines
    return [head, *lines]
