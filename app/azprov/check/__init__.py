"""Whether an image will provision on Azure: every rule, asked of its files.

Rule of this room: nothing is changed, run or asked of the network, and nothing
that an image holds can stop the check.
"""

from typing import Callable, Iterator, List, Sequence, Tuple

from ..errors import HostError
from ..formats.text import printable
from .facts.image import Image
from .finding import NOTE, SEVERITIES, Finding
from .rules import (
    agents,
    boot,
    boot_files,
    clock,
    firewall,
    kernel,
    leftovers,
    live,
    logins,
    network,
    owners,
    ssh,
)
from .rules import azprov_service as service
from .rules import init_system as first_program
from .rules.live import Probe, ask

Rule = Callable[[Image], Iterator[Finding]]

#: In the order in which they are reported, below their severity.
FAMILIES: Tuple[Tuple[Rule, ...], ...] = (
    service.RULES,
    first_program.RULES,
    owners.RULES,
    agents.RULES,
    network.RULES,
    kernel.RULES,
    boot_files.RULES,
    boot.RULES,
    firewall.RULES,
    ssh.RULES,
    logins.RULES,
    clock.RULES,
    leftovers.RULES,
    live.RULES,
)

_LONGEST_SENTENCE = 1000


def check(image: Image, probes: Sequence[Probe] = ()) -> List[Finding]:
    """All that was found, the errors first; `probes` are questions to the platform."""
    found = [finding for family in FAMILIES for rule in family for finding in apply(rule, image)]
    found += [*ask(probes), *image.notes]
    return sorted(map(_fit, found), key=lambda finding: SEVERITIES.index(finding.severity))


def apply(rule: Rule, image: Image) -> Iterator[Finding]:
    """What a rule finds, and a note where it could not be finished."""
    try:
        yield from rule(image)
    except HostError as error:
        yield Finding(
            "unread",
            NOTE,
            f"{error.summary}, so {rule.__name__.replace('_', ' ')} was not finished",
            error.hint or "look at what is there",
        )


def _fit(finding: Finding) -> Finding:
    """Without what an image's own names and texts could do to a terminal."""
    return finding._replace(
        what=printable(finding.what, _LONGEST_SENTENCE),
        mend=printable(finding.mend, _LONGEST_SENTENCE),
    )
