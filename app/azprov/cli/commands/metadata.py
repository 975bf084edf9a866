"""Shows the instance metadata of this VM."""

import argparse
import json
from typing import Any

from ...boot.connect import open_imds, real_ports
from ...boot.settings import SHOW_TIMEOUT_S
from ...errors import DocumentError
from ...formats.platform.instance import find
from ..output import Answer
from ..parser import Parser
from ..shared_options import add_imds_options, imds_settings
from ..streams import are_read

SUMMARY = "show instance metadata as JSON, or only the part at PATH"
EXAMPLE = ("show only the VM's name", "metadata compute/name")


def configure(parser: Parser) -> None:
    parser.add_argument(
        "path", nargs="?", metavar="PATH", help="the part to show, for example compute/name"
    )
    add_imds_options(parser, timeout_s=SHOW_TIMEOUT_S, has_timeout=True)


def run(options: argparse.Namespace) -> Answer:
    imds, retry_loop = open_imds(real_ports(), imds_settings(options), is_wanted=are_read)
    instance = retry_loop.run(imds.fetch_instance)
    value: Any = instance.document
    if options.path:
        try:
            value = find(instance, options.path)
        except DocumentError as error:
            raise DocumentError(error.summary, "azprov.pyz metadata shows what there is") from error
    text = value if isinstance(value, str) else json.dumps(value, indent=2)
    return Answer(text or "\n", {"value": value})
