"""The os-release(5) file, which names the distribution."""

from typing import Dict

from .config_syntax import parse_assignments


def parse_os_release(content: bytes) -> Dict[str, str]:
    """The values by name, without their quotes; lines that cannot be read are ignored."""
    return parse_assignments(content.decode("utf-8", "replace"))
