"""Network namespaces for tests that use addresses of the platform or of other networks."""

import os
from typing import List

import needs

UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def skip_without_namespaces() -> List[str]:
    """Skip the test if a network namespace cannot be created, or if iproute2 is missing."""
    needs.program("ip")
    return needs.unshare("-n")
