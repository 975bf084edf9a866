"""Commands of the archive as processes that are stopped before they begin, to be traced.

    python nursery.py

A process that has imported all there is, and forks for each command: an interpreter's
own start would be traced as well, and cost a second at each of a thousand points. It
reads a line of JSON for a command, and answers two: the process, and how that ended.
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
# No command here waits longer than that, whatever is done to it.
_LIMIT_S = 60.0
_POLL_S = 0.001


class Ended(NamedTuple):
    """The exit code, that of a signal negative, and all that was said."""

    exit_code: int
    said: str


class Nursery:
    """Runs one command at a time; files of its own go into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "said"
        self._log = folder / "log"
        # No address of the platform, and the same order of every set in each of them.
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

    def run(self, argv: List[str]) -> Ended:
        self._start(argv, is_traced=False)
        return self._end()

    def run_traced(self, argv: List[str], options: List[str]) -> Tuple[Ended, List[str]]:
        """Run it under strace with those options; the lines of its log as well."""
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
            # The process has ended, and its number may soon be another one's.
            guard.cancel()
        return self._end(), self._log.read_text("utf-8").splitlines()

    def _start(self, argv: List[str], *, is_traced: bool) -> int:
        self._say({"argv": argv, "output": str(self._output), "is_traced": is_traced})
        return int(self._hear())

    def _end(self) -> Ended:
        exit_code = int(self._hear())
        return Ended(exit_code, self._output.read_text("utf-8"))

    def _say(self, request: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
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
            _become(request)
            sys.exit(cli.main(request["argv"]))
        if request["is_traced"]:
            os.waitpid(process, os.WUNTRACED)
        print(process, file=replies, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), file=replies, flush=True)


def _become(request: Any) -> None:
    """Be the process of a command: what it says goes into a file; stop, to be traced."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, old in enumerate((nothing, output, output)):
        os.dup2(old, number)
    if request["is_traced"]:
        os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
