"""Renders the figures as Markdown tables."""

import math
import statistics
from typing import Callable, List, Sequence

from benchmarks.costs import Cost, Sample
from benchmarks.first_boot import Service
from benchmarks.late import Late, percentile

_WAYS = {"port": "port closed, then open", "address": "address and route come late"}


def render_costs(costs: Sequence[Cost], *, reference: str) -> str:
    """Render a row for each subject, with ratios of instructions to the reference.

    The figures are medians; times also have their quartiles.
    """
    base = next(cost for cost in costs if cost.name == reference).instructions_m
    rows = []
    for cost in costs:
        count, ratio = "", ""
        if cost.instructions_m is not None and base is not None:
            count, ratio = f"{cost.instructions_m:.0f}", f"{cost.instructions_m / base:.2f}"
        left = median_of(cost, lambda sample: sample.bytes_left)
        rows.append(
            [
                cost.name,
                count,
                ratio,
                _spread([sample.cpu_ms for sample in cost.samples]),
                _spread([sample.wall_ms for sample in cost.samples]),
                f"{median_of(cost, lambda sample: sample.peak_mib):.1f}",
                f"{(cost.program_bytes + left) / 1024:.0f}",
                f"{median_of(cost, lambda sample: sample.files_written):.0f}",
            ]
        )
    head = ["", "M instructions", "ratio", "CPU ms", "wall ms"]
    table = _table([*head, "peak MiB", "KiB on disk", "files written"], rows)
    return f"{table}\nMedians of {len(costs[0].samples)} alternating runs, quartiles in brackets.\n"


def render_late(lates: Sequence[Late]) -> str:
    """Render a row for each subject and kind of network: milliseconds to Ready, and CPU share."""
    rows = []
    for late in lates:
        shares = [wait.cpu_share for wait in late.waits if wait.cpu_share is not None]
        rows.append(
            [
                late.name,
                _WAYS[late.way],
                str(len(late.waits)),
                *(_or_never(percentile(late.waits, share)) for share in (0.5, 0.95, 1.0)),
                f"{statistics.mean(shares):.2%}" if shares else "",
            ]
        )
    head = ["", "network", "runs", "median ms", "95 % ms", "worst ms", "CPU while waiting"]
    return _table(head, rows)


def render_boots(services: Sequence[Service], *, idle: Service) -> str:
    """Render a row for each service. The ratio compares its CPU sum with that of the first.

    The times of PID 1 and of the helpers are those above the median of the `idle` boots,
    which have no service.
    """
    helpers = statistics.median(boot.helpers_ms for boot in idle.boots)
    pid1 = statistics.median(boot.pid1_ms for boot in idle.boots)
    sums = [
        [boot.cpu_ms + boot.helpers_ms - helpers + boot.pid1_ms - pid1 for boot in service.boots]
        for service in services
    ]
    rows = [
        [
            service.name,
            str(len(service.boots)),
            _spread([boot.cpu_ms for boot in service.boots]),
            _spread([boot.helpers_ms - helpers for boot in service.boots]),
            _spread([boot.pid1_ms - pid1 for boot in service.boots]),
            _spread(all_cpu),
            f"{statistics.median(all_cpu) / statistics.median(sums[0]):.2f}",
            _spread([boot.wall_ms for boot in service.boots]),
            _spread([boot.after_lease_ms for boot in service.boots]),
        ]
        for service, all_cpu in zip(services, sums)
    ]
    head = ["", "boots", "CPU ms", "hostnamed's and dbus's", "PID 1's", "sum", "ratio"]
    return _table([*head, "wall ms", "done, ms after the lease"], rows)


def median_of(cost: Cost, value: Callable[[Sample], float]) -> float:
    return statistics.median(value(sample) for sample in cost.samples)


def _spread(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.0f}"
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median:.0f} ({low:.0f} to {high:.0f})"


def _or_never(milliseconds: float) -> str:
    return "never" if math.isinf(milliseconds) else f"{milliseconds:.0f}"


def _table(head: List[str], rows: List[List[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
