"""The command line: find the command, run it, say how it ended.

A command is a module of this package with `configure(parser)` and
`run(options) -> Answer`; only the one that is asked for is imported.
"""

import signal
from importlib import import_module
from typing import List, Optional, Sequence

from .. import __version__
from ..errors import EXIT_CODES, AzprovError, Stopped, UsageError
from .console import Answer, Console
from .options import Parser, add_common_options

COMMANDS = {
    "report-ready": "fetch the goal state, post Ready, wait for the acknowledgement",
    "report-failure": "post that provisioning failed, with the reason",
    "goal-state": "show what the platform wants to hear about",
    "rehearse": "run the client against a simulated platform on loopback",
}

_INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code is one of errors.EXIT_CODES, or 130 after Ctrl-C."""
    signal.signal(signal.SIGTERM, _stop)
    console = Console(argv)
    try:
        return console.show(_run(list(argv), console))
    except SystemExit:  # argparse has shown a help text
        return 0
    except AzprovError as error:
        return console.fail(error.exit_code, str(error), error)
    except Stopped as stopped:
        return console.fail(stopped.exit_code, "stopped by SIGTERM; run it again to go on", stopped)
    except KeyboardInterrupt as interrupt:
        return console.fail(_INTERRUPTED, "interrupted; run it again to go on", interrupt)
    except BrokenPipeError as error:
        console.forget_stdout()
        return console.fail(73, "whoever read the answer went away", error)
    except ImportError:
        raise  # __main__ says what this Python lacks
    except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a sentence
        sentence = (
            f"a bug in azprov: {type(error).__name__}: {error}; please report it with what -v shows"
        )
        return console.fail(70, sentence, error)


def _run(argv: List[str], console: Console) -> Answer:
    name = next((word for word in argv if not word.startswith("-")), None)
    if name is None:
        return _run_without_command(argv)
    if name not in COMMANDS:
        raise UsageError(f"there is no command {name!a}", "azprov.pyz --help lists the commands")
    argv.remove(name)
    module = import_module(__name__ + "." + name.replace("-", "_"))
    parser = Parser(prog="azprov.pyz " + name, description=str(module.__doc__))
    module.configure(parser)
    add_common_options(parser)
    options = parser.parse_args(argv)
    console.command = name
    answer: Answer = module.run(options)
    return answer


def _run_without_command(argv: List[str]) -> Answer:
    parser = Parser(
        prog="azprov.pyz",
        usage="azprov.pyz COMMAND [OPTIONS]",
        description="Takes a Linux VM on Azure from first boot to Ready without an agent.",
        epilog=_overview(),
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    add_common_options(parser)
    if parser.parse_args(argv).version:
        return Answer("azprov " + __version__, {"version": __version__})
    raise UsageError("no command was given", "azprov.pyz --help lists the commands")


def _overview() -> str:
    commands = ["  {:<16} {}".format(*item) for item in COMMANDS.items()]
    codes = ["  {:<16} {}".format(*item) for item in EXIT_CODES.items()]
    return "\n".join(
        ["commands (COMMAND --help shows a command's options):", *commands]
        + ["", "exit codes:", *codes]
    )


def _stop(_signal: int, _frame: Optional[object]) -> None:
    raise Stopped
