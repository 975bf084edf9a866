"""Prints README's table of agents in the scenarios of `simulate`: `python3 build.py agents`."""

import argparse
import sys

from agents.verdicts import agents, table, verdicts
from azprov.rehearsal.agent_scenarios import FOR_ANY_AGENT
from benchmarks.agents import fetch, missing


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 build.py agents", description=__doc__)
    parser.add_argument(
        "--fetch",
        action="store_true",
        help="only download Debian's packages of the other agents",
    )
    parser.add_argument(
        "--limit",
        metavar="SECONDS",
        type=float,
        default=150.0,
        help="end an agent after this time (150, longer than the time limits of any agent)",
    )
    options = parser.parse_args()
    if options.fetch:
        fetch()
        return 0
    for peer in missing():
        print(f"{peer} is left out: run `python3 build.py agents --fetch` to download it.")
    found = agents()
    wanted = [(agent, scenario.name) for agent in found for scenario in FOR_ANY_AGENT]
    print(table(found, verdicts(wanted, limit_s=options.limit)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
