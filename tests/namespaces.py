"""Network namespaces of the tests' own, in which any address can be had."""

import os
from typing import List

import needs

UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def skip_without_namespaces() -> List[str]:
    """Skip the test where no network namespace can be made, or nothing can set one up."""
    needs.program("ip")
    return needs.unshare("-n")
