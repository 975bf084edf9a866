"""Removes azprov from an image or from this machine."""

import argparse
from typing import List, Optional

from ...errors import HostError
from ...image.uninstall import uninstall
from ..options import add_root_option
from ..output import Answer
from ..parser import Parser

SUMMARY = "remove azprov and its boot service from an image or this VM"
EXAMPLE = ("clean an image", "uninstall --root image")


def configure(parser: Parser) -> None:
    add_root_option(parser)
    parser.option_of_words = "--root"


def run(options: argparse.Namespace) -> Answer:
    removed: List[str] = []
    failure: Optional[HostError] = None
    try:
        uninstall(options.root, removed)
    except HostError as error:
        failure = error
    text = "\n".join(f"removed {options.root.outside(path)}" for path in removed)
    data = {"error": None, "removed": removed}
    if failure is not None:
        return Answer(text, data, exit_code=failure.exit_code, failure=failure)
    return Answer(text or "azprov is not installed", data)
