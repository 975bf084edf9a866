"""The command line: find the command, run it, say how it ended.

A command is a module of this package with `configure(parser)` and
`run(options) -> Answer`; only the one that is asked for is imported.
"""

import argparse
import os
import signal
from importlib import import_module
from types import ModuleType
from typing import Callable, List, Optional, Sequence, Tuple

from .. import __version__
from ..errors import AzprovError, Stopped, UsageError
from .options import HelpAskedFor, Parser, add_common_options
from .output import Answer, Console, occupy_streams

PROGRAM = "azprov.pyz"

COMMANDS = {
    "report-ready": "fetch the goal state, post Ready, wait for the acknowledgement",
    "report-failure": "post that provisioning failed, with the reason",
    "goal-state": "show what the platform wants to hear about",
    "metadata": "show what the platform says of this VM, whole or one leaf",
    "set-hostname": "set the host name: NAME, else the platform's",
    "ssh-keys": "add the platform's public keys to a user's authorized_keys",
    "admin-user": "create the admin user: home, keys, sudo, a locked password",
    "provision": "the first boot: what is asked for, then Ready, once per VM",
    "install": "put this file and its boot service into an image",
    "uninstall": "take them out again",
    "check": "say whether an image will provision: findings, each with a fix",
    "deprovision": "make a used VM or image generic, armed for its first boot",
    "unit": "print the service file that install would write",
    "rehearse": "run the client against a simulated platform on loopback",
    "completion": "print a script that completes all of this in bash, zsh or fish",
}

# What changes a machine or an image, and decides by what it finds there.
_ONE_AT_A_TIME = frozenset(
    ["set-hostname", "ssh-keys", "admin-user", "provision", "install", "uninstall", "deprovision"]
)
# How long one waits for another; none takes longer but a first boot.
_WAIT_S = 10.0

_UMASK = 0o022
_INTERRUPTED = 130
_STOPPED_HINT = "nothing is half done, run it again to go on"


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code is one of errors.EXIT_CODES, or 128 + a signal's."""
    occupy_streams()
    # Modes are set on what is made; until then, and by other programs, this one counts.
    os.umask(_UMASK)
    signals = _Signals()
    console = Console(argv)
    try:
        exit_code = _told(list(argv), console)
        signals.end()
    except Stopped as stopped:
        name = signal.Signals(stopped.exit_code - 128).name
        failure = AzprovError(f"stopped by {name}", _STOPPED_HINT)
        exit_code = console.fail(stopped.exit_code, failure)
    except KeyboardInterrupt:
        exit_code = console.fail(_INTERRUPTED, AzprovError("interrupted", _STOPPED_HINT))
    return exit_code


class _Signals:
    """Turns the first signal into an exception; those after it would only cut the last line."""

    def __init__(self) -> None:
        self._is_over = False
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._stop)

    def end(self) -> None:
        """From here on the outcome is known, and told."""
        self._is_over = True

    def _stop(self, number: int, _frame: Optional[object]) -> None:
        if self._is_over:
            return
        self._is_over = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Stopped(number)


def _told(argv: List[str], console: Console) -> int:
    """Run a command and say how it ended; the exit code."""
    try:
        try:
            answer = _run(argv, console)
        except HelpAskedFor as help_text:
            answer = Answer(str(help_text), {"help": str(help_text)})
        return console.show(answer)
    except AzprovError as error:
        return console.fail(error.exit_code, error)
    except ImportError:
        raise  # __main__ says what this Python lacks
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a sentence
        bug = AzprovError(
            f"a bug in azprov: {type(error).__name__}: {error}",
            "please report it with what -v shows",
        )
        return console.fail(bug.exit_code, bug, trace=error)


def _run(argv: List[str], console: Console) -> Answer:
    name = next((word for word in argv if not word.startswith("-")), None)
    if name is None:
        return _run_without_command(argv)
    if name not in COMMANDS:
        from .suggestions import suggest_command

        raise UsageError(
            f"there is no command {name!a}",
            f"{suggest_command(name, COMMANDS)}azprov.pyz --help lists the commands; "
            "options with a value follow the command",
        )
    console.command = name
    argv.remove(name)
    module, parser = command_of(name)
    options = parser.parse(argv)
    run: Callable[[argparse.Namespace], Answer] = module.run
    return _run_alone(run, options) if name in _ONE_AT_A_TIME else run(options)


def _run_alone(run: Callable[[argparse.Namespace], Answer], options: argparse.Namespace) -> Answer:
    from ..system.lock import alone

    # The first boot has a deadline, and the one before it may wait for the network.
    with alone(options.root, wait_s=getattr(options, "timeout", _WAIT_S)):
        return run(options)


def command_of(name: str) -> Tuple[ModuleType, Parser]:
    """The module of a command, imported, and the parser of what it takes."""
    module = import_module(f"{__name__}.commands.{name.replace('-', '_')}")
    parser = Parser(prog=f"{PROGRAM} {name}", description=str(module.__doc__).rstrip())
    module.configure(parser)
    add_common_options(parser)
    return module, parser


def overview() -> Parser:
    """The parser of what may stand without a command."""
    parser = Parser(
        prog=PROGRAM,
        description="Takes a Linux VM on Azure from first boot to Ready without an agent.",
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    add_common_options(parser)
    return parser


def _run_without_command(argv: List[str]) -> Answer:
    if overview().parse(argv).version:
        from .version import about

        return Answer("azprov " + __version__, about())
    raise UsageError("no command was given", "azprov.pyz --help lists the commands")
