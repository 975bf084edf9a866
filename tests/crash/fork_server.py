"""Runs commands of the archive in forked processes, which can be traced from their start.

    python fork_server.py

The server imports every module, and then forks a process for each command. Starting an
interpreter for each of a thousand runs would take a second each, and would be traced too. The
server reads a line of JSON for each command, and answers with two lines: the process id, and
the exit code.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, List, NamedTuple, Tuple

TESTS = Path(__file__).resolve().parent.parent
ARCHIVE = str(TESTS.parent / "dist" / "azprov.pyz")
# No disturbed command takes longer than this.
_LIMIT_S = 60.0
_POLL_S = 0.001


class Completed(NamedTuple):
    """The exit code (negative for a signal), and everything that the command printed."""

    exit_code: int
    output: str


class ForkServer:
    """Runs one command at a time; its own files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"
        self._log = folder / "log"
        # The platform's real addresses are never used, and every run has the same order of sets.
        environment = {
            "PYTHONHASHSEED": "0",
            "AZPROV_WIRESERVER": "127.0.0.1:9",
            "AZPROV_IMDS": "127.0.0.1:9",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate()

    def run(self, argv: List[str]) -> Completed:
        self._start(argv, is_traced=False)
        return self._end()

    def run_traced(self, argv: List[str], options: List[str]) -> Tuple[Completed, List[str]]:
        """Run a command under strace with these options; returns the lines of its log too."""
        process = self._start(argv, is_traced=True)
        command = ["strace", "-qq", "-p", str(process), "-o", str(self._log), *options]
        guard = threading.Timer(_LIMIT_S, os.kill, [process, signal.SIGKILL])
        guard.start()
        try:
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
                while not _is_traced(process):
                    if strace.poll() is not None:
                        os.kill(process, signal.SIGKILL)
                        raise RuntimeError(strace.communicate()[1])
                    time.sleep(_POLL_S)
                os.kill(process, signal.SIGCONT)
                strace.communicate()
        finally:
            # The process has ended, and its id may soon belong to another one.
            guard.cancel()
        return self._end(), self._log.read_text("utf-8").splitlines()

    def _start(self, argv: List[str], *, is_traced: bool) -> int:
        self._send({"argv": argv, "output": str(self._output), "is_traced": is_traced})
        return int(self._receive())

    def _end(self) -> Completed:
        exit_code = int(self._receive())
        return Completed(exit_code, self._output.read_text("utf-8"))

    def _send(self, request: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def _is_traced(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
    return "TracerPid:\t0\n" not in status


def main() -> None:
    sys.path[:1] = [ARCHIVE, f"{ARCHIVE}/urllib3-2"]
    sys.argv = [ARCHIVE]
    sys.dont_write_bytecode = True
    cli = importlib.import_module("azprov.cli")
    for name in importlib.import_module("azprov.cli.commands").COMMANDS:
        importlib.import_module("azprov.cli.registry").load_command(name)
    replies = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if not process:
            _set_up_process(request)
            sys.exit(cli.main(request["argv"]))
        if request["is_traced"]:
            os.waitpid(process, os.WUNTRACED)
        print(process, file=replies, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), file=replies, flush=True)


def _set_up_process(request: Any) -> None:
    """Set up the process of a command: redirect its output, and stop it until it is traced."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, old in enumerate((nothing, output, output)):
        os.dup2(old, number)
    if request["is_traced"]:
        os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
