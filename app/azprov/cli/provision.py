"""The first boot: the host name, then Ready, each once per VM."""

import argparse
import os
from typing import List, Optional

from ..documents import health
from ..documents.instance import Instance
from ..errors import AzprovError, NotPermitted
from ..host.commands import Commands
from ..host.hostname import set_hostname
from ..host.service import UNIT_NAME, disable
from ..provision import HOSTNAME, READY, Step, provision
from ..report import report
from .console import Answer
from .options import (
    Parser,
    add_imds_options,
    add_root_option,
    add_wireserver_options,
    imds_of,
    wireserver_of,
)
from .set_hostname import hostname_of


def configure(parser: Parser) -> None:
    add_step_options(parser)
    parser.add_argument(
        "--unit", metavar="NAME", default=UNIT_NAME, help=f"the service to disable ({UNIT_NAME})"
    )
    add_wireserver_options(parser)
    add_imds_options(parser)
    add_root_option(parser)


def add_step_options(parser: Parser) -> None:
    """What is to be done at a first boot; `install` writes it into the service."""
    parser.add_argument("--no-hostname", action="store_true", help="leave the host name alone")
    parser.add_argument(
        "--keep-enabled", action="store_true", help="do not disable the service after success"
    )


def run(options: argparse.Namespace) -> Answer:
    if options.root.is_live and os.geteuid() != 0:
        raise NotPermitted("the first boot changes this machine", "run it as root")
    wireserver, conversation = wireserver_of(options)
    # Ready is left half of the time, whatever the metadata service does.
    metadata = _Metadata(options, min(options.imds_timeout, options.timeout / 2))
    commands = Commands()

    def set_name() -> None:
        set_hostname(options.root, hostname_of(metadata.instance()), commands)

    def report_ready() -> None:
        report(wireserver, conversation, health.ready, dry_run=False)

    def disable_unit() -> None:
        if not options.keep_enabled:
            disable(options.root, options.unit, commands)

    steps: List[Step] = [Step(READY, report_ready)]
    if not options.no_hostname:
        steps.insert(0, Step(HOSTNAME, set_name))
    provisioned = provision(
        options.root,
        tuple(steps),
        ask_vm_id=lambda: metadata.instance().vm_id,
        disable=disable_unit,
    )
    if provisioned.failure is not None:
        raise provisioned.failure
    return Answer("", {"done_now": list(provisioned.done_now)})


class _Metadata:
    """The platform's answer, asked for once, when it is first needed."""

    def __init__(self, options: argparse.Namespace, timeout_s: float) -> None:
        self._options = options
        self._timeout_s = timeout_s
        self._instance: Optional[Instance] = None
        self._failure: Optional[AzprovError] = None

    def instance(self) -> Instance:
        """Raises AzprovError, the same one at every call."""
        if self._failure is not None:
            raise self._failure
        if self._instance is None:
            imds, conversation = imds_of(self._options, self._timeout_s)
            try:
                self._instance = conversation.hold(imds.fetch_instance)
            except AzprovError as error:
                self._failure = error
                raise
        return self._instance
