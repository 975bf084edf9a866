"""Where commands are disturbed: several side by side, each with a machine of its own."""

import os
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence

from crash.answering import Azure, answering
from crash.held import Tree, look
from crash.machines import Command
from crash.nursery import Nursery
from crash.tracing import Call, trace


class Baseline(NamedTuple):
    """An undisturbed run: its calls, and what it made of what."""

    command: Command
    before: Tree
    after: Tree
    reports: int
    calls: List[Call]


class Verdict(NamedTuple):
    """What became of a disturbed run, in a word or two, and what is wrong with it."""

    outcome: str
    shortcomings: List[str]


class Bench:
    """A machine, and a nursery to run commands on it one after the other."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.nursery = Nursery(folder)
        self.root = folder / "root"

    def lay(self, command: Command) -> None:
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir()
        command.lay(self.root)

    def argv(self, command: Command, azure: Azure) -> List[str]:
        return [*command.argv, "--root", str(self.root), *command.platform(azure)]


class Benches:
    """As many as there are processors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = threading.local()
        self._all: List[Bench] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(os.cpu_count(), initializer=self._add)

    def _add(self) -> None:
        with self._lock:
            self._own.bench = Bench(self._folder / str(len(self._all)))
            self._all.append(self._own.bench)

    def close(self) -> None:
        self._pool.shutdown()
        for bench in self._all:
            bench.nursery.close()

    def undisturbed(self, command: Command) -> Baseline:
        return self._pool.submit(self._run, command).result()

    def _run(self, command: Command) -> Baseline:
        bench: Bench = self._own.bench
        bench.lay(command)
        before = look(bench.root)
        with answering(command.keys) as azure:
            ended, calls = trace(bench.nursery, bench.argv(command, azure), bench.root)
            reports = azure.reports
        assert ended.exit_code == command.exit_code, ended.said
        return Baseline(command, before, look(bench.root), reports, calls)

    def each(self, tasks: Sequence[Callable[[Bench], Verdict]]) -> List[str]:
        """What is wrong with any; how many came out how is printed."""
        verdicts = list(self._pool.map(lambda task: task(self._own.bench), tasks))
        outcomes = Counter(verdict.outcome for verdict in verdicts)
        print(f"{len(verdicts)} runs: {dict(sorted(outcomes.items()))}")
        return [wrong for verdict in verdicts for wrong in verdict.shortcomings]
