"""The authorized_keys file: adding keys to its content.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT, read 2026-11-27.
"""

from typing import Iterator, Sequence, Tuple

from .authorized_keys_options import names_authority
from .ssh_keys import SshKey, parse_line


def merge_authorized_keys(content: bytes, keys: Sequence[SshKey]) -> bytes:
    """The content with the missing keys appended; every other byte is kept.

    A key without options counts as present if any line of the file lets it log in, so that
    restrictions in the file stay in effect. A key with options counts as present only with
    the same options.
    """
    held = set(_keys_in(content))
    usable = {blob for options, blob in held if not names_authority(options)}
    new = []
    for key in keys:
        wanted = (key.options, key.blob)
        if wanted not in held and (key.options or key.blob not in usable):
            held.add(wanted)
            new.append(key.line.encode("utf-8") + b"\n")
    if new and content and not content.endswith(b"\n"):
        new.insert(0, b"\n")
    return content + b"".join(new)


def _keys_in(content: bytes) -> Iterator[Tuple[str, str]]:
    """The options and the blob of each line that sshd would accept."""
    lines = content.decode("utf-8", "replace").split("\n")
    for line in (line.strip(" \t\r") for line in lines):
        if line and not line.startswith("#"):
            try:
                key = parse_line(line)
            except ValueError:
                continue
            yield key.options, key.blob
