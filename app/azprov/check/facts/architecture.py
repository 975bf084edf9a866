"""The architecture of an image, which may be another one than that of this machine.

Source: elf(5).
"""

from .files import read_once
from .image import Image

X86, ARM = "x86_64", "aarch64"
_PROGRAMS = ("/bin/sh", "/usr/bin/env", "/sbin/init", "/bin/busybox", "/usr/lib/systemd/systemd")
_MACHINES = {62: X86, 183: ARM}
# Files of dpkg and apk, of which the first word is the native architecture.
_FILES = ("/var/lib/dpkg/arch", "/etc/apk/arch")
_NAMES = {"amd64": X86, "x86_64": X86, "arm64": ARM, "aarch64": ARM}


@read_once
def architecture(image: Image) -> str:
    """X86 or ARM; empty if it is another one, or not known."""
    for path in _PROGRAMS:
        head = image.head(path, 20)
        if head.startswith(b"\x7fELF"):
            return _MACHINES.get(int.from_bytes(head[18:20], "little"), "")
    words = [word for path in _FILES for word in image.text(path).split()]
    return _NAMES.get(words[0], "") if words else ""
