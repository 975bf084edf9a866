"""Removes azprov from an image or from this machine."""

import argparse

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
    removed = uninstall(options.root)
    text = "\n".join(f"removed {options.root.outside(path)}" for path in removed)
    return Answer(text or "azprov is not installed", {"removed": removed})
