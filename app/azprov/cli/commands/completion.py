"""Prints a script that completes azprov's commands and options in a shell."""

import argparse
from typing import Callable, Dict, Iterator, List, NamedTuple

from ... import __version__
from ...check import RULES
from ...rehearsal.scenarios import SCENARIOS
from ..help import Option, options_of
from ..output import Answer
from ..parser import Parser
from ..program import PROGRAM
from ..registry import command_parser, load_command, program_parser
from . import COMMANDS

SUMMARY = "print a completion script for bash, zsh or fish"
DESCRIPTION = """\
bash with bash-completion loads it from /etc/bash_completion.d/azprov, or for one user
from ~/.local/share/bash-completion/completions/azprov.

zsh loads it from a file _azprov in a folder of $fpath, for example
/usr/local/share/zsh/site-functions/_azprov.

fish loads it from /etc/fish/completions/azprov.fish, or for one user from
~/.config/fish/completions/azprov.fish."""
EXAMPLE = ("install it for every user of bash", "completion bash > /etc/bash_completion.d/azprov")

# The installed command and the built archive.
_NAMES = f"azprov {PROGRAM}"

#: The values of options whose parser does not list them, each with its meaning.
_VALUES = {
    "--scenario": {scenario.name: scenario.story for scenario in SCENARIOS},
    "--ignore": {rule.id: rule.sentence for rule in RULES},
}
_FOLDER, _FILE, _USER = "folder", "file", "user"
_KINDS = {
    "--root": _FOLDER,
    "--image": _FILE,
    "--python": _FILE,
    "--user": _USER,
    "--ssh-keys": _USER,
}
_BASH = {_FOLDER: "-d", _FILE: "-f", _USER: "-u"}
_ZSH = {_FOLDER: "_files -/", _FILE: "_files", _USER: "_users"}
_FISH = {
    _FOLDER: "-x -a '(__fish_complete_directories)'",
    _FILE: "-r -F",
    _USER: "-x -a '(__fish_complete_users)'",
}

_BASH_SCRIPT = """\
_azprov() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local command= kind= words= i IFS=$' \\t\\n'
    COMPREPLY=()
    # bash splits --option=value into three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = && COMP_CWORD -gt 2 ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${{COMP_WORDS[i]}} == -* ]] && continue
        command=${{COMP_WORDS[i]}}
        break
    done
    case $command:$before in
{values}
    *)
        case $command in
{words}
        esac
        ;;
    esac
    [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [[ $kind == -? ]]; then
        IFS=$'\\n'
        COMPREPLY=($(compgen "$kind" -- "$word"))
        [[ $kind == -u ]] || compopt -o filenames 2>/dev/null
    fi
}}
complete -F _azprov {names}
"""

_ZSH_SCRIPT = """\
_azprov() {{
    local curcontext=$curcontext state line
    local -a commands
    _arguments -A '-*' -C {options} \\
        '1: :->command' '*:: :->rest' && return
    case $state in
    command)
        commands=(
{commands}
        )
        _describe command commands
        ;;
    rest)
        case $words[1] in
{rest}
        esac
        ;;
    esac
}}
if [[ $funcstack[1] == _azprov ]]; then
    _azprov "$@"
else
    compdef _azprov {names}
fi
"""


class _Command(NamedTuple):
    name: str
    purpose: str
    options: List[Option]


def configure(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=list(_SHELLS), help="bash, zsh or fish")


def run(options: argparse.Namespace) -> Answer:
    script = _SHELLS[options.shell]()
    return Answer(script, {"shell": options.shell, "script": script})


def _commands() -> List[_Command]:
    return [
        _Command(name, load_command(name).SUMMARY, options_of(command_parser(name)))
        for name in COMMANDS
    ]


def _words_of(option: Option) -> List[str]:
    """The values that an option accepts, if there is a list."""
    return [*_meanings_of(option)] or option.choices


def _meanings_of(option: Option) -> Dict[str, str]:
    return next((_VALUES[flag] for flag in option.flags if flag in _VALUES), {})


def _kind_of(option: Option) -> str:
    return next((_KINDS[flag] for flag in option.flags if flag in _KINDS), "")


def _bash() -> str:
    values: List[str] = []
    words = [
        f"        '') words='{' '.join([*COMMANDS, *_flags(options_of(program_parser()))])}' ;;"
    ]
    for command in _commands():
        offered = f"words='{' '.join(_flags(command.options))}'"
        for option in command.options:
            own = f"words='{' '.join(_words_of(option))}'"
            if option.flags and option.value:
                patterns = "|".join(f"{command.name}:{flag}" for flag in option.flags)
                kind = _BASH.get(_kind_of(option), "none")
                values.append(f"    {patterns}) {own} kind={kind} ;;")
            elif option.choices:
                offered = f"[[ $word == -* ]] && {offered} || {own}"
        words.append(f"        {command.name}) {offered} ;;")
    script = _BASH_SCRIPT.format(values="\n".join(values), words="\n".join(words), names=_NAMES)
    return _headed("", script)


def _flags(options: List[Option]) -> Iterator[str]:
    for option in options:
        yield from option.flags


def _zsh() -> str:
    commands, rest = [], []
    for command in _commands():
        purpose = command.purpose.replace(":", "\\:")
        commands.append("            " + _zsh_quoted(f"{command.name}:{purpose}"))
        specs = " \\\n                ".join(_zsh_specs(command.options))
        rest.append(f"        {command.name})\n            _arguments {specs}\n            ;;")
    script = _ZSH_SCRIPT.format(
        options=" ".join(_zsh_specs(options_of(program_parser()))),
        commands="\n".join(commands),
        rest="\n".join(rest),
        names=_NAMES,
    )
    return _headed(f"#compdef {_NAMES}\n", script)


def _zsh_specs(options: List[Option]) -> Iterator[str]:
    """The options as arguments of _arguments, zshcompsys(1)."""
    for option in options:
        meaning = option.meaning
        for special in "\\:[]":
            meaning = meaning.replace(special, "\\" + special)
        value = ""
        if option.value:
            name = option.value.replace("[:PORT]", "").replace("|", " or ")
            words = _words_of(option)
            value = f":{name}:" + (
                f"({' '.join(words)})" if words else _ZSH.get(_kind_of(option), "")
            )
        # The value is the next word, or follows an equals sign.
        equals = "=" if value else ""
        for flag in option.flags:
            star = "*" if option.is_repeatable else ""
            yield _zsh_quoted(f"{star}{flag}{equals}[{meaning}]{value}")
        if not option.flags:
            yield _zsh_quoted(f"1{value}")


def _fish() -> str:
    lines = ["for name in " + _NAMES, "complete -c $name -f"]
    no_command = "__fish_use_subcommand"
    lines += _fish_lines(no_command, options_of(program_parser()))
    for command in _commands():
        purpose = _fish_quoted(command.purpose)
        lines.append(f"complete -c $name -n {no_command} -a {command.name} -d {purpose}")
        this_command = f"'__fish_seen_subcommand_from {command.name}'"
        lines += _fish_lines(this_command, command.options)
    return _headed("", "\n".join([*lines, "end", ""]))


def _fish_lines(condition: str, options: List[Option]) -> Iterator[str]:
    for option in options:
        words = ["complete -c $name -n", condition]
        words += [f"-l {flag[2:]}" if flag[1] == "-" else f"-s {flag[1]}" for flag in option.flags]
        # Each value with its meaning. fish splits the list as it splits a command line.
        meanings = _meanings_of(option).items()
        allowed = " ".join(f"{word}\\t{_fish_quoted(meaning)}" for word, meaning in meanings)
        allowed = allowed or " ".join(option.choices)
        if allowed:
            words.append(f"{'-x ' if option.flags else ''}-a {_fish_quoted(allowed)}")
        elif option.value and option.flags:
            words.append(_FISH.get(_kind_of(option), "-x"))
        elif not option.flags:
            continue
        yield " ".join([*words, "-d", _fish_quoted(option.meaning)])


def _headed(first: str, script: str) -> str:
    return f"{first}# Printed by `{PROGRAM} completion`, azprov {__version__}.\n{script}"


def _zsh_quoted(text: str) -> str:
    """The text in single quotes, for zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_SHELLS: Dict[str, Callable[[], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
