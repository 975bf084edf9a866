"""Removes azprov from an image or from this machine."""

import argparse

from ...image.install import uninstall
from ..options import add_root_option
from ..output import Answer
from ..parser import Parser

SUMMARY = "take azprov and its boot service out of an image or this VM"
EXAMPLE = ("clean an image", "uninstall --root image")


def configure(parser: Parser) -> None:
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    removed = uninstall(options.root)
    text = "\n".join(f"removed {options.root.outside(path)}" for path in removed)
    return Answer(text or "nothing of azprov is installed", {"removed": removed})
