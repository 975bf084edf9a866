"""The command line: runs the command that it names and reports how that ended."""

import argparse
import os
from typing import Callable, List, Sequence

from .. import __version__
from ..errors import AzprovError, Stopped, UsageError, bug
from .commands import COMMANDS
from .log import set_up_log
from .output import Answer, Output
from .parser import HelpRequested
from .registry import command_parser, load_command, program_parser
from .signals import SignalHandlers, failure_of_stop
from .streams import occupy_closed_streams

# These commands read a machine or an image and then change it: two at once could undo each
# other's changes.
_ONE_AT_A_TIME = frozenset(
    ["set-hostname", "ssh-keys", "admin-user", "provision", "install", "uninstall", "deprovision"]
)
# How long a command waits for another one. Only a first boot takes longer than this.
_LOCK_TIMEOUT_S = 10.0

# Every file gets its mode explicitly; this mask is for the moment before, and for the
# programs that azprov runs.
_UMASK = 0o022


def main(argv: Sequence[str]) -> int:
    """Run one command. Returns one of errors.EXIT_CODES, or 128 + the number of a signal."""
    occupy_closed_streams()
    os.umask(_UMASK)
    signals = SignalHandlers()
    set_up_log(argv)
    output = Output(argv)
    try:
        signals.unblock()
        exit_code = _run_and_report(list(argv), output)
        signals.ignore()
    except Stopped as stop:
        exit_code = output.write_failure(stop.exit_code, failure_of_stop(stop))
    signals.ignore()  # again, because a signal may have ended the block before it was called
    return exit_code


def _run_and_report(argv: List[str], output: Output) -> int:
    """Run a command, and write its answer or its failure. Returns the exit code."""
    try:
        try:
            answer = _run(argv, output)
        except HelpRequested:
            from .help import help_text

            text = help_text(output.command)
            answer = Answer(text, {"help": text})
        return output.write_answer(answer)
    except AzprovError as error:
        return output.write_failure(error.exit_code, error)
    except ImportError:
        raise  # __main__ names the module that this Python lacks
    except Exception as error:  # noqa: BLE001 - the one place that reports unforeseen errors
        failure = bug(error)
        return output.write_failure(failure.exit_code, failure, trace=error)


def _run(argv: List[str], output: Output) -> Answer:
    name = next((word for word in argv if not word.startswith("-")), None)
    if name is None:
        return _run_without_command(argv)
    if name not in COMMANDS:
        from .suggestions import suggest_command

        suggestion = suggest_command(name, argv, COMMANDS)
        raise UsageError(
            f"there is no command {name!a}", f"{suggestion}azprov.pyz --help lists the commands"
        )
    output.command = name
    argv.remove(name)
    options = command_parser(name).parse(argv)
    run: Callable[[argparse.Namespace], Answer] = load_command(name).run
    return _run_locked(run, options) if name in _ONE_AT_A_TIME else run(options)


def _run_locked(run: Callable[[argparse.Namespace], Answer], options: argparse.Namespace) -> Answer:
    from ..boot.connect import real_ports
    from ..system.lock import lock_root

    if os.geteuid() != 0:
        from ..system.root.linux_root import require_rights

        require_rights(options.root)
    # A first boot may have to wait for another one that is still waiting for the network.
    wait_s = getattr(options, "timeout", _LOCK_TIMEOUT_S)
    with lock_root(options.root, real_ports().clock, wait_s=wait_s):
        return run(options)


def _run_without_command(argv: List[str]) -> Answer:
    if program_parser().parse(argv).version:
        from .version import about

        return Answer("azprov " + __version__, about())
    raise UsageError("no command was given", "azprov.pyz --help lists the commands")
