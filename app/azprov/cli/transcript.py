"""How a command shows the events of a rehearsal or a simulation while it runs."""

from ..rehearsal.transcript import Event
from .output import write_line


def show_event(event: Event) -> None:
    write_line("{:6.2f} s  {:<8}  {}".format(*event))


def hide_event(_event: Event) -> None:
    """Show nothing: with --json the events are part of the answer."""
