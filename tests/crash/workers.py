"""Runs disturbed commands in parallel, each worker on a root of its own."""

import os
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence

from crash.fork_server import ForkServer
from crash.machines import Command
from crash.simulated_azure import Azure, running_azure
from crash.tracing import Call, trace
from crash.trees import Tree, read_tree


class Baseline(NamedTuple):
    """An undisturbed run: its system calls, and the root before and after it."""

    command: Command
    before: Tree
    after: Tree
    reports: int
    calls: List[Call]


class Result(NamedTuple):
    """The outcome of a disturbed run in a few words, and a sentence for each problem."""

    outcome: str
    problems: List[str]


class Worker:
    """A root, and a server that runs commands on it one after the other."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.server = ForkServer(folder)
        self.root = folder / "root"

    def prepare(self, command: Command) -> None:
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir()
        command.prepare(self.root)

    def argv(self, command: Command, azure: Azure) -> List[str]:
        return [*command.argv, "--root", str(self.root), *command.platform(azure)]


class Workers:
    """A pool with one worker for each processor."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = threading.local()
        self._all: List[Worker] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(os.cpu_count(), initializer=self._add)

    def _add(self) -> None:
        with self._lock:
            self._own.worker = Worker(self._folder / str(len(self._all)))
            self._all.append(self._own.worker)

    def close(self) -> None:
        self._pool.shutdown()
        for worker in self._all:
            worker.server.close()

    def run_undisturbed(self, command: Command) -> Baseline:
        return self._pool.submit(self._run, command).result()

    def _run(self, command: Command) -> Baseline:
        worker: Worker = self._own.worker
        worker.prepare(command)
        before = read_tree(worker.root)
        with running_azure(command.keys) as azure:
            ended, calls = trace(worker.server, worker.argv(command, azure), worker.root)
            reports = azure.reports
        assert ended.exit_code == command.exit_code, ended.output
        return Baseline(command, before, read_tree(worker.root), reports, calls)

    def each(self, tasks: Sequence[Callable[[Worker], Result]]) -> List[str]:
        """Run the tasks and return all problems; prints how many runs had each outcome."""
        results = list(self._pool.map(lambda task: task(self._own.worker), tasks))
        outcomes = Counter(result.outcome for result in results)
        print(f"{len(results)} runs: {dict(sorted(outcomes.items()))}")
        return [problem for result in results for problem in result.problems]
