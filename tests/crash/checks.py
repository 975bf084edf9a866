"""Disturbs a command by a kill or an error, and checks the root then and after the next run."""

from typing import Iterator

from azprov.errors import EXIT_CODES
from crash.simulated_azure import Azure, running_azure
from crash.tracing import Point, fail_at, kill_after
from crash.trees import STATE, Tree, completed_steps, is_temporary, read_tree, unexpected_entries
from crash.workers import Baseline, Result, Worker

# In the log: a full disk may have room a moment later, so the step runs a second time.
_REPEATED = "Trying the step "


def kill_and_check(baseline: Baseline, point: Point, worker: Worker) -> Result:
    """Kill a command, check that every file is whole, and that the next run completes.

    One report is sent in all, or two if the command was killed before it recorded the first.
    """
    worker.prepare(baseline.command)
    with running_azure(baseline.command.keys) as azure:
        argv = worker.argv(baseline.command, azure)
        kill_after(worker.server, argv, worker.root, point)
        now = read_tree(worker.root)
        outcome = "partly done"
        if now in (baseline.before, baseline.after):
            outcome = "not begun" if now == baseline.before else "done"
        is_unrecorded = _is_report_unrecorded(worker, azure)
        problems = [*_unexpected(baseline, now), *_unacknowledged_steps(baseline, worker, azure)]
        problems += _next_run(baseline, worker, azure)
        problems += _wrong_reports(baseline, azure, is_unrecorded=is_unrecorded)
    if is_unrecorded:
        outcome = "report not recorded"
    return Result(outcome, [f"killed after {point.call.text}: {problem}" for problem in problems])


def fail_and_check(baseline: Baseline, point: Point, error: str, worker: Worker) -> Result:
    """Make a call fail, and check the files, the next run and the error that is printed.

    No temporary file may be left, and the exit code may be 0 only if everything was done.
    """
    worker.prepare(baseline.command)
    with running_azure(baseline.command.keys) as azure:
        argv = worker.argv(baseline.command, azure)
        ended = fail_at(worker.server, argv, worker.root, point, error)
        now = read_tree(worker.root)
        is_unrecorded = _is_report_unrecorded(worker, azure)
        # The state file does not list a step that failed, so it may be neither old nor new.
        known = {**now, STATE: baseline.after.get(STATE, now[STATE])} if STATE in now else now
        problems = [*_unexpected(baseline, known), *_unacknowledged_steps(baseline, worker, azure)]
        # An incomplete home is left, and the next run creates it again.
        problems += [
            f"{name} is left" for name in now if is_temporary(name) and "home/" not in name
        ]
        if ended.exit_code not in EXIT_CODES:
            problems.append(f"the exit code is {ended.exit_code}")
        if ended.exit_code:
            problems += _unclear_message(ended.output)
        elif now != baseline.after or (point.call.is_sync and _REPEATED not in ended.output):
            problems.append("the exit code is 0")
        problems += _next_run(baseline, worker, azure)
        problems += _wrong_reports(baseline, azure, is_unrecorded=is_unrecorded)
    return Result(
        f"exit code {ended.exit_code}",
        [
            f"{error} from {point.call.text}: {problem}; {ended.output[-300:]}"
            for problem in problems
        ],
    )


def _unexpected(baseline: Baseline, now: Tree) -> Iterator[str]:
    return unexpected_entries(baseline.before, baseline.after, now, baseline.command)


def _is_report_unrecorded(worker: Worker, azure: Azure) -> bool:
    """Return whether a report was acknowledged, but the state file does not list it."""
    return azure.reports > 0 and not completed_steps(worker.root) & {"ready", "failure"}


def _unacknowledged_steps(baseline: Baseline, worker: Worker, azure: Azure) -> Iterator[str]:
    done = completed_steps(worker.root) if baseline.reports else set()
    if ("ready" in done) > azure.ready_reports or ("failure" in done) > azure.failure_reports:
        yield f"the state file lists {done}, but no report was acknowledged"


def _unclear_message(output: str) -> Iterator[str]:
    if "Traceback" in output or "a bug in azprov" in output:
        yield "the output is that of a bug"
    if not output.splitlines()[-1:] or not output.splitlines()[-1].startswith("azprov: "):
        yield "the last line does not begin with 'azprov: '"


def _next_run(baseline: Baseline, worker: Worker, azure: Azure) -> Iterator[str]:
    """Run the command undisturbed, and yield a sentence for each difference to the baseline."""
    command = baseline.command
    is_done = read_tree(worker.root) == baseline.after
    expected = command.exit_code_when_done if is_done else None
    ended = worker.server.run(worker.argv(command, azure))
    if ended.exit_code != (command.exit_code if expected is None else expected):
        yield f"the next run ends with {ended.exit_code}: {ended.output}"
    now = read_tree(worker.root)
    for name in sorted({*baseline.after, *now}):
        if now.get(name) != baseline.after.get(name):
            yield f"after the next run {name} is {now.get(name)}, not {baseline.after.get(name)}"


def _wrong_reports(baseline: Baseline, azure: Azure, *, is_unrecorded: bool) -> Iterator[str]:
    """Yield a sentence unless the platform got one report, or two if the first is unrecorded."""
    wanted = baseline.reports + is_unrecorded
    if azure.reports != wanted or (azure.ready_reports and azure.failure_reports):
        yield (
            f"{azure.ready_reports} Ready and {azure.failure_reports} failure reports were "
            f"acknowledged, not {wanted}"
        )
