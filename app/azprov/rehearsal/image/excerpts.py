"""The lines of the evidence that show a cause."""

from typing import Sequence, Tuple

from ...formats.text import printable
from .evidence import BootSeen, Line, Request
from .signs import failed_units

_NUMBERS = ("never", "once", "twice")
_LAST_LINES = 5
_MOST_LINES = 12
#: The agents whose lines on the console explain why no report came.
_AGENTS = ("azprov", "azure-prov", "waagent", "walinuxagent", "cloud-init", "azure-init")


def agent_name(request: Request) -> str:
    """The name that a client gives itself; that of azprov without its version."""
    name = printable(request.exchange.agent, 80)
    return name.partition("/")[0] if name.startswith("azprov/") else name or "an unnamed program"


def is_of_agent(line: Line) -> bool:
    """Whether a line of the console is from an agent, or about its service."""
    return any(name in line.text.lower() for name in _AGENTS)


def shown(line: Line) -> str:
    """A line of the console with its time."""
    return f"{line.at_s:.2f} s  {printable(line.text.strip())}"


def last_lines(boot: BootSeen) -> Tuple[str, ...]:
    return tuple(shown(line) for line in boot.console[-_LAST_LINES:])


def agent_lines(boot: BootSeen) -> Tuple[str, ...]:
    """The lines of agents and failed units on the console; without one, its last lines."""
    units = failed_units(boot.console)
    chosen = [line for line in boot.console if line in units or is_of_agent(line)]
    return tuple(shown(line) for line in chosen[-_MOST_LINES:]) or last_lines(boot)


def request_lines(boot: BootSeen) -> Tuple[str, ...]:
    return tuple(
        f"{at_s:.2f} s  {one.service} answered {printable(one.method, 20)} "
        f"{printable(one.target)} with {one.status}"
        for at_s, one in boot.requests[-_LAST_LINES:]
    )


def lines_around(console: Sequence[Line], line: Line, units: Sequence[Line]) -> Tuple[str, ...]:
    """The failed units, and the line with those before and after it."""
    place = next((i for i, one in enumerate(console) if one is line), 0)
    near = console[max(0, place - _LAST_LINES) : place + 3]
    chosen = [one for one in console if one in units or one in near]
    return tuple(shown(one) for one in chosen[:_MOST_LINES])


def times(number: int) -> str:
    """How often something was seen, in words up to twice."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number} times"
