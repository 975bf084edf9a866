"""Removes azprov from an image or from this machine."""

import argparse
import logging
from typing import List, Optional

from ...errors import HostError
from ...image.uninstall import Kept, find_kept, uninstall
from ..output import Answer
from ..parser import Parser
from ..shared_options import add_root_option

log = logging.getLogger(__name__)

SUMMARY = "remove azprov and its boot service from an image or this VM"
EXAMPLE = ("clean an image", "uninstall --root image")


def configure(parser: Parser) -> None:
    add_root_option(parser)
    parser.option_of_words = "--root"


def run(options: argparse.Namespace) -> Answer:
    removed: List[str] = []
    failure: Optional[HostError] = None
    kept: List[Kept] = []
    try:
        uninstall(options.root, removed)
        kept = find_kept(options.root)
    except HostError as error:
        failure = error
    text = "\n".join(f"removed {options.root.outside(path)}" for path in removed)
    for one in kept:
        log.info("Kept %s, which %s", options.root.outside(one.path), one.what)
    data = {"error": None, "removed": removed, "kept": [one.path for one in kept]}
    if failure is not None:
        return Answer(
            "" if options.quiet else text, data, exit_code=failure.exit_code, failure=failure
        )
    return Answer("" if options.quiet else text or "azprov is not installed", data)
