"""The command line: find the command, run it, say how it ended.

A command is a module of this package with `configure(parser)` and
`run(options) -> Answer`; only the one that is asked for is imported.
"""

import argparse
import os
import signal
from typing import Callable, List, Optional, Sequence

from .. import __version__
from ..errors import AzprovError, Stopped, UsageError
from .commands import COMMANDS
from .options import HelpRequested
from .output import Answer, Console, occupy_streams
from .registry import command_parser, load_command, program_parser

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
        except HelpRequested:
            from .help import help_text

            text = help_text(console.command)
            answer = Answer(text, {"help": text})
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
    options = command_parser(name).parse(argv)
    run: Callable[[argparse.Namespace], Answer] = load_command(name).run
    return _run_alone(run, options) if name in _ONE_AT_A_TIME else run(options)


def _run_alone(run: Callable[[argparse.Namespace], Answer], options: argparse.Namespace) -> Answer:
    from ..system.lock import alone

    # The first boot has a deadline, and the one before it may wait for the network.
    with alone(options.root, wait_s=getattr(options, "timeout", _WAIT_S)):
        return run(options)


def _run_without_command(argv: List[str]) -> Answer:
    if program_parser().parse(argv).version:
        from .version import about

        return Answer("azprov " + __version__, about())
    raise UsageError("no command was given", "azprov.pyz --help lists the commands")
