"""Compares the costs of azprov, the sample scripts and other agents: `python3 build.py bench`."""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

from benchmarks import agents, costs, first_boot, late
from benchmarks.subject import BASH_NEEDS, default_python, is_there, reference_of, subjects
from benchmarks.table import render_boots, render_costs, render_late
from namespaces import UNSHARE
from project import ROOT

SCRATCH = ROOT / ".build" / "bench"
NEVER_LATE = ("bare interpreter", "stock shiv, first run", "stock shiv, second run")


def main() -> int:
    options = parse_arguments()
    if not options.is_alone:
        if options.fetch:
            agents.fetch()
        if options.boot:
            first_boot.prepare()
        # The measured programs run in a network namespace that has only a loopback interface.
        return subprocess.call(
            [*UNSHARE, sys.executable, "-m", "benchmarks", "--is-alone", *sys.argv[1:]]
        )
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    agents.compile_for(options.python)
    found, problems = costs.try_each(subjects(options.python), SCRATCH / "scratch")
    result: Dict[str, object] = {"about": about(options)}
    text: List[str] = [about(options) + "\n"]
    text += problems
    text += [
        f"{peer} is left out: run `python3 build.py bench --fetch` to download it.\n"
        for peer in agents.missing()
    ]
    if not is_there(BASH_NEEDS):
        text.append("The sample bash script is left out: install bash and curl.\n")
    if options.rounds:
        measured = costs.measure(found, rounds=options.rounds, scratch=SCRATCH / "scratch")
        result["costs"] = [cost.as_json() for cost in measured]
        text.append(render_costs(measured, reference=reference_of(found).name))
        if measured[0].instructions_m is None:
            text.append("Instructions are left out: install valgrind.\n")
    if options.runs:
        waits = late.measure(
            [subject for subject in found if subject.name not in NEVER_LATE],
            runs=options.runs,
            side_by_side=options.side_by_side,
            seed=options.seed,
            scratch=SCRATCH / "late",
        )
        result["late"] = [one.as_json() for one in waits]
        text.append(render_late(waits))
    if options.boot:
        idle, *services = first_boot.measure(boots=options.boots, scratch=SCRATCH / "boot")
        result["boot"] = [service.as_json() for service in (idle, *services)]
        text.append(render_boots(services, idle=idle))
    print("\n" + "\n".join(text), end="")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 build.py bench", description=__doc__)
    parser.add_argument(
        "--fetch", action="store_true", help="download Debian's packages of the other agents first"
    )
    default = default_python()
    parser.add_argument(
        "--python",
        metavar="PATH",
        default=default,
        help=f"the Python that runs every Python program ({default})",
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=int,
        default=15,
        help="measure the costs of each program N times (15); 0 leaves them out",
    )
    parser.add_argument(
        "--runs",
        metavar="N",
        type=int,
        default=50,
        help="run each program N times with each kind of late network (50); 0 leaves them out",
    )
    parser.add_argument(
        "--side-by-side",
        metavar="N",
        type=int,
        default=8,
        help="run N of the programs with a late network at the same time (8)",
    )
    parser.add_argument("--boot", action="store_true", help="boot real roots as well (needs root)")
    parser.add_argument(
        "--boots", metavar="N", type=int, default=5, help="boot N times with each service (5)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=1, help="the seed of the random delays (1)"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every sample to FILE")
    parser.add_argument("--is-alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.python = shutil.which(options.python)
    if options.python is None:
        parser.error("--python is not the path of an interpreter")
    return options


def about(options: argparse.Namespace) -> str:
    """Say when, and on which machine and Python, the figures were measured."""
    version = subprocess.run(
        [options.python, "-I", "-c", "import platform; print(platform.python_version())"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()
    return (
        f"Measured {datetime.date.today()} on {processor()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}, Python {version}."
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except costs.Failed as failed:
        sys.exit(f"bench: {failed}")
