"""The scenarios in which an image has something to do."""

from typing import NamedTuple, Optional, Tuple

from ..scenario import Scenario
from ..scenarios import SCENARIOS

# A container needs a second until its agent runs, a virtual machine half a minute.
_LATE_S = 30.0
_REFUSED_REPORTS = 3


class ImageBoot(NamedTuple):
    #: No request may be sent in this boot.
    is_silent: bool = False
    #: The power is cut when the platform has acknowledged Ready, before the reply is sent.
    loses_power: bool = False
    #: This boot ends when this number of reports was refused; later reports are judged.
    refused_reports: int = 0


class ImageScenario(NamedTuple):
    #: How the platform behaves.
    platform: Scenario
    story: str
    boots: Tuple[ImageBoot, ...] = (ImageBoot(), ImageBoot(is_silent=True))
    ready_reports: int = 1

    @property
    def name(self) -> str:
        return self.platform.name

    def with_boots(self, number: int) -> "ImageScenario":
        """With this number of boots, but not fewer than the scenario needs."""
        needed = [boot for boot in self.boots if not boot.is_silent]
        added = [ImageBoot(is_silent=True)] * (number - len(needed))
        return self._replace(boots=(*needed, *added))


def _of(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


_TWICE = (ImageBoot(loses_power=True), ImageBoot())

IMAGE_SCENARIOS = (
    ImageScenario(_of("healthy"), "the platform answers from the start"),
    ImageScenario(
        _of("network-late")._replace(closed_s=_LATE_S, imds_closed_s=_LATE_S),
        f"there is no lease, and nothing answers, for the first {_LATE_S:g} seconds",
    ),
    *[
        ImageScenario(_of(name), _of(name).story)
        for name in ("busy", "web-page", "half-document", "no-ids", "ids-change")
    ],
    ImageScenario(
        _of("refused"),
        f"the first {_REFUSED_REPORTS} reports are refused; then the VM is restarted",
        boots=(ImageBoot(refused_reports=_REFUSED_REPORTS), ImageBoot()),
    ),
    # Without any answer, a user cannot be created, and the provisioning of such an image fails.
    ImageScenario(
        _of("imds-late")._replace(imds_closed_s=_LATE_S),
        f"the metadata service does not answer for the first {_LATE_S:g} seconds",
    ),
    ImageScenario(_of("power-cut"), _of("power-cut").story, boots=_TWICE, ready_reports=2),
)


def find_image_scenario(name: str) -> Optional[ImageScenario]:
    return next((one for one in IMAGE_SCENARIOS if one.name == name), None)
