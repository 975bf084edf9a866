"""The authorized_keys file: adding keys to its content.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT, read 2026-11-22.
"""

from typing import Sequence

from .ssh_keys import SshKey


def merge_authorized_keys(content: bytes, keys: Sequence[SshKey]) -> bytes:
    """The content with the missing keys appended; every other byte is kept.

    A key whose blob is on a line counts as present, whatever its options and comment.
    """
    lines = content.split(b"\n")
    held = {word for line in lines if not line.lstrip().startswith(b"#") for word in line.split()}
    new = []
    for key in keys:
        blob = key.blob.encode("ascii")
        if blob not in held:
            held.add(blob)
            new.append(key.line.encode("utf-8") + b"\n")
    if new and content and not content.endswith(b"\n"):
        new.insert(0, b"\n")
    return content + b"".join(new)
