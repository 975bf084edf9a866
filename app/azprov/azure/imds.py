"""The client of the instance metadata service (IMDS), which describes this VM.

Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service,
read 2026-11-22, and the versions that cloud-init and talos ask for.
"""

import logging
import re

from ..errors import DocumentError, Refused
from ..formats.platform.instance import Instance, parse_instance
from .retry_loop import RetryLoop, excerpt_of, judge
from .transport import Transport

# Newest first. 2021-08-01 is what cloud-init asks for; 2020-10-01 is the first with
# all of osProfile; 2019-06-01 is in the unit of Microsoft's sample. `extended` marks a
# provisioning request; without it the reply can be incomplete (azure-init #134).
_TARGETS = (
    "/metadata/instance?api-version=2021-08-01&extended=true",
    "/metadata/instance?api-version=2020-10-01",
    "/metadata/instance?api-version=2019-06-01",
)
# The replies to an unsupported version: 400 by the documentation, and the others
# have been seen.
_UNKNOWN_VERSION = (400, 404, 410)

# cloud-init allows a request 30 s.
_GET_S = 30.0

log = logging.getLogger(__name__)

_HINT = "check whether a proxy or filter answers instead of the metadata service"


class Imds:
    """A client of one metadata service, within the deadline of one retry loop."""

    def __init__(self, transport: Transport, retry_loop: RetryLoop, *, agent_name: str) -> None:
        self._transport = transport
        self._retry_loop = retry_loop
        self._headers = {"Metadata": "true", "User-Agent": agent_name}

    def fetch_instance(self) -> Instance:
        """The metadata in the newest API version that the service supports.

        Makes one attempt; raises PlatformError or DocumentError.
        """
        for target in _TARGETS[:-1]:
            try:
                return self._fetch(target)
            except Refused as error:
                if error.status not in _UNKNOWN_VERSION:
                    raise
        return self._fetch(_TARGETS[-1])

    def _fetch(self, target: str) -> Instance:
        reply = self._transport.send(
            "GET",
            target,
            headers=self._headers,
            bound_s=min(_GET_S, self._retry_loop.left_s()),
        )
        request = f"metadata request to {self._transport.endpoint}"
        judge(reply, accepted=range(200, 201), request=request, excerpt=_excerpt)
        try:
            return parse_instance(reply.body)
        except DocumentError as error:
            log.debug("< %s", _excerpt(reply.body))
            raise DocumentError(error.summary, _HINT) from error


def _excerpt(body: bytes) -> str:
    """The beginning of a web page, or an error message; any other body may hold custom data."""
    error = re.match(rb'\s*\{\s*"error"\s*:\s*"[^"]*"', body)
    if error is not None:
        return excerpt_of(error.group())
    is_page = body.lstrip().startswith(b"<")
    return excerpt_of(body) if is_page else f"({len(body)} bytes, which may hold secrets)"
