"""`check` as a user without rights, as README advises for images that others made."""

from pathlib import Path
from typing import List

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.check.finding import Finding
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from sound_image import SYSTEM, change

pytestmark = pytest.mark.needs("root")

NOBODY = 65534


@pytest.fixture
def closed(image: Path) -> Path:
    """An image with faults, and with the folders and files that distributions close."""
    change(
        image,
        {
            "etc/shadow": "root:*:::::::\n",
            "root/.ssh/authorized_keys": "",
            "usr/sbin/waagent": "program",
            f"{SYSTEM}/azure-provisioning.service": None,
        },
    )
    (image / "etc/shadow").chmod(0o640)
    (image / "root").chmod(0o700)
    image.chmod(0o755)
    return image


def found(image: Path) -> List[Finding]:
    return [finding for finding in check(Image(Root(str(image)))) if finding.rule != "unread"]


def test_a_user_without_rights_gets_the_same_findings(closed: Path) -> None:
    """Only the files that root alone may read are listed as not checked."""
    as_root = found(closed)
    # Opened by root, because the folders above it are closed.
    root = Root(str(closed))
    with acting_as(NOBODY, NOBODY):
        findings = check(Image(root))

    others = [finding for finding in findings if finding.rule != "unread"]
    assert others == as_root
    assert {finding.rule for finding in others} >= {"service-missing", "agent-installed"}
    assert {finding.severity for finding in findings if finding.rule == "unread"} == {"note"}
