"""What must be so after a kill or an error, and after the next run."""

from typing import Iterator

from azprov.errors import EXIT_CODES
from crash.answering import Azure, answering
from crash.benches import Baseline, Bench, Verdict
from crash.held import STATE, Tree, broken, is_beside, look, marks
from crash.tracing import Point, fail_at, kill_after


def after_a_kill(baseline: Baseline, point: Point, bench: Bench) -> Verdict:
    """Old or new, whole; then done, and one report, or two in the window."""
    bench.lay(baseline.command)
    with answering(baseline.command.keys) as azure:
        argv = bench.argv(baseline.command, azure)
        kill_after(bench.nursery, argv, bench.root, point)
        now = look(bench.root)
        outcome = "half way"
        if now in (baseline.before, baseline.after):
            outcome = "not begun" if now == baseline.before else "done"
        is_in_window = _is_in_window(bench, azure)
        wrong = [*_broken(baseline, now), *_marked_unheard(baseline, bench, azure)]
        wrong += _next_run(baseline, bench, azure)
        wrong += _told_wrongly(baseline, azure, is_in_window=is_in_window)
    if is_in_window:
        outcome = "in the window"
    return Verdict(outcome, [f"killed after {point.call.text}: {what}" for what in wrong])


def after_an_error(baseline: Baseline, point: Point, error: str, bench: Bench) -> Verdict:
    """The same, nothing half done left, and the failure told; no success that is none."""
    bench.lay(baseline.command)
    with answering(baseline.command.keys) as azure:
        argv = bench.argv(baseline.command, azure)
        ended = fail_at(bench.nursery, argv, bench.root, point, error)
        now = look(bench.root)
        is_in_window = _is_in_window(bench, azure)
        # What could not be done is not marked: neither the old state nor the new one.
        known = {**now, STATE: baseline.after.get(STATE, now[STATE])} if STATE in now else now
        wrong = [*_broken(baseline, known), *_marked_unheard(baseline, bench, azure)]
        # A home that could not be made whole stays for the next run, which makes it anew.
        wrong += [f"{name} is left" for name in now if is_beside(name) and "home/" not in name]
        if ended.exit_code not in EXIT_CODES:
            wrong.append(f"the exit code is {ended.exit_code}")
        if ended.exit_code:
            wrong += _badly_told(ended.said)
        elif now != baseline.after or point.call.is_sync:
            wrong.append("the exit code is 0")
        wrong += _next_run(baseline, bench, azure)
        wrong += _told_wrongly(baseline, azure, is_in_window=is_in_window)
    return Verdict(
        f"exit code {ended.exit_code}",
        [f"{error} from {point.call.text}: {what}; {ended.said[-300:]}" for what in wrong],
    )


def _broken(baseline: Baseline, now: Tree) -> Iterator[str]:
    return broken(baseline.before, baseline.after, now, baseline.command)


def _is_in_window(bench: Bench, azure: Azure) -> bool:
    """Whether a report is acknowledged, and the note of it not in its place."""
    return azure.reports > 0 and not marks(bench.root) & {"ready", "failure"}


def _marked_unheard(baseline: Baseline, bench: Bench, azure: Azure) -> Iterator[str]:
    done = marks(bench.root) if baseline.reports else set()
    if ("ready" in done) > azure.ready_reports or ("failure" in done) > azure.failure_reports:
        yield f"{done} is marked, and the report was never acknowledged"


def _badly_told(said: str) -> Iterator[str]:
    if "Traceback" in said or "a bug in azprov" in said:
        yield "it is a bug"
    if not said.splitlines()[-1:] or not said.splitlines()[-1].startswith("azprov: "):
        yield "the last line is no sentence"


def _next_run(baseline: Baseline, bench: Bench, azure: Azure) -> Iterator[str]:
    """An undisturbed one ends as if nothing had been."""
    ended = bench.nursery.run(bench.argv(baseline.command, azure))
    if ended.exit_code != baseline.command.exit_code:
        yield f"the next run ends with {ended.exit_code}: {ended.said}"
    now = look(bench.root)
    for name in sorted({*baseline.after, *now}):
        if now.get(name) != baseline.after.get(name):
            yield f"in the end {name} is {now.get(name)}, not {baseline.after.get(name)}"


def _told_wrongly(baseline: Baseline, azure: Azure, *, is_in_window: bool) -> Iterator[str]:
    """One report, Ready or a failure in its place; the same twice where nobody could know."""
    wanted = baseline.reports + is_in_window
    if azure.reports != wanted or (azure.ready_reports and azure.failure_reports):
        told = f"{azure.ready_reports} times Ready and {azure.failure_reports} times a failure"
        yield f"{told} was acknowledged, not {wanted}"
