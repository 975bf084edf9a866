"""Which distribution a tree is of, by its os-release(5)."""

from typing import Dict

from .config_syntax import parse_assignments


def parse_os_release(content: bytes) -> Dict[str, str]:
    """The values by name, without quotes; no error, since a tree need not have one."""
    return parse_assignments(content.decode("utf-8", "replace"))
