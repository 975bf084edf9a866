"""The help texts: usage, options and an example of a command, or the list of commands.

Rule of this file: it is only imported for help, completions and the man page, so that a
first boot does without it.
"""

import argparse
import textwrap
from typing import Iterator, List, NamedTuple, Optional

from ..errors import SHORT_EXIT_CODES
from .commands import COMMANDS
from .parser import Parser
from .program import PROGRAM
from .registry import command_parser, load_command
from .shared_options import add_common_options

PROGRAM_SUMMARY = "takes a Linux VM on Azure from first boot to Ready without an agent"

WIDTH = 80
# The meanings of options begin in this column.
_MEANING_COLUMN = 28


class Option(NamedTuple):
    """An option or a positional argument, as it is described to people."""

    #: For example -q and --quiet; empty for a positional argument.
    flags: List[str]
    #: The name of the value, for example SECONDS; empty for an option without a value.
    value: str
    meaning: str
    is_required: bool
    #: The only possible values; empty if others are possible.
    choices: List[str]
    #: Whether the option may be given more than once, each time with another value.
    is_repeatable: bool

    @property
    def form(self) -> str:
        return " ".join(filter(None, [", ".join(self.flags), self.value]))


def options_of(parser: Parser) -> List[Option]:
    """The positional arguments of a command, then its options."""
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
        is_repeatable=isinstance(action, argparse._AppendAction),
    )


def common_options() -> List[Option]:
    """The options of every command."""
    parser = Parser(prog=PROGRAM)
    add_common_options(parser)
    return options_of(parser)


def paragraphs_of(command: str) -> List[str]:
    """The summary of a command as a sentence, then its description, if it has one."""
    module = load_command(command)
    description = getattr(module, "DESCRIPTION", "")
    return [sentence(module.SUMMARY), *filter(None, description.split("\n\n"))]


def sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def command_usage(command: str) -> str:
    """One line: the arguments and the options that are required."""
    words = [PROGRAM, command]
    usage = getattr(load_command(command), "USAGE", "")
    if usage:
        return " ".join([*words, usage])
    for option in options_of(command_parser(command)):
        if option.is_required:
            words.append(option.form)
        elif not option.flags:
            words.append(f"[{option.form}]")
    return " ".join([*words, "[OPTIONS]"])


def help_text(command: Optional[str]) -> str:
    """The help of a command, or of the program; it fits a screen."""
    return "\n".join(_program_help() if command is None else _command_help(command))


def _program_help() -> List[str]:
    # No empty lines between the parts: with them it would not fit a screen.
    lines = [f"usage: {PROGRAM} COMMAND [OPTIONS], or {PROGRAM} --version"]
    lines += [f"{sentence(PROGRAM_SUMMARY)} Commands:"]
    lines += [f"  {name:<15}{load_command(name).SUMMARY}" for name in COMMANDS]
    lines += _in_pairs(common_options())
    return [*lines, *_exit_code_lines()]


def _exit_code_lines() -> List[str]:
    # A no-break space keeps a code and its meaning on one line.
    codes = [f"{code} {short}".replace(" ", "\xa0") for code, short in SHORT_EXIT_CODES.items()]
    text = f"exit codes: {', '.join(codes)}"
    wrapped = textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    return [line.replace("\xa0", " ") for line in wrapped]


def _command_help(command: str) -> List[str]:
    lines = ["usage: " + command_usage(command)]
    for paragraph in paragraphs_of(command):
        lines += _hanging("", paragraph, 0)
    options, common = options_of(command_parser(command)), common_options()
    has_arguments = not all(option.flags for option in options)
    lines += ["", "arguments and options:" if has_arguments else "options:"]
    for option in options:
        if option not in common:
            lines += _hanging(f"  {option.form}", option.meaning, _MEANING_COLUMN)
    lines += _in_pairs(common)
    purpose, example = load_command(command).EXAMPLE
    return [*lines, "", f"example: {purpose}", f"  {PROGRAM} {example}"]


def _in_pairs(options: List[Option]) -> Iterator[str]:
    """Two options per line."""
    for left, right in zip(options[::2], options[1::2]):
        yield f"  {left.form:<13}{left.meaning:<18}{right.form:<15}{right.meaning}"


def _hanging(head: str, text: str, column: int) -> List[str]:
    """Wrap the text from a column on, with the head before it, or above it if it is too long."""
    wrapped = textwrap.wrap(text, WIDTH - column, break_long_words=False, break_on_hyphens=False)
    lines = [" " * column + line for line in wrapped]
    if not head:
        return lines
    if len(head) < column:
        lines[0] = head + lines[0][len(head) :]
        return lines
    return [head, *lines]
