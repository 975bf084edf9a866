"""Shows the goal state of this VM."""

import argparse

from ...boot.connect import open_wireserver, real_ports
from ...boot.settings import SHOW_TIMEOUT_S
from ...formats.text import printable, text_of
from ...system.root import Root
from ..output import Answer
from ..parser import Parser
from ..shared_options import add_wireserver_options, wireserver_settings
from ..streams import are_read

SUMMARY = "show incarnation, container id and instance id, or the document"
EXAMPLE = ("print them as JSON, for a script", "goal-state --json")


def configure(parser: Parser) -> None:
    parser.add_argument("--raw", action="store_true", help="show the received document")
    add_wireserver_options(parser, timeout_s=SHOW_TIMEOUT_S)


def run(options: argparse.Namespace) -> Answer:
    wireserver, retry_loop = open_wireserver(
        real_ports(), Root(), wireserver_settings(options), is_wanted=are_read
    )
    if options.raw:
        document = retry_loop.run(wireserver.fetch_document)
        shown = text_of(document)
        return Answer(shown, {"document": shown})
    goal_state = retry_loop.run(wireserver.fetch_goal_state)
    text = "Incarnation: {}\nContainerId: {}\nInstanceId: {}".format(*map(printable, goal_state))
    return Answer(text, dict(goal_state._asdict()))
