"""The authorized_keys file: adding keys to its content, and telling it from other files.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT, read 2026-11-27.
"""

import re
from typing import Iterator, Sequence, Tuple

from .authorized_keys_options import find_options_error, names_authority, split_options
from .ssh_keys import SshKey, parse_line

# A key of any release, such as ssh-dss, and a certificate.
_KEY = re.compile(r"(?:ssh|ecdsa|sk|x509|rsa)-[\w.@-]+[ \t]+[A-Za-z0-9+/]+={0,3}(?:[ \t]|\Z)")


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


def has_key(content: bytes) -> bool:
    """Whether a line looks like a key, with or without options."""
    return any(is_key for _, is_key in _judged_lines(content))


def find_other_line(content: bytes) -> int:
    """The number of the first line that is neither a key nor a comment; 0 without one."""
    return next((number for number, is_key in _judged_lines(content) if not is_key), 0)


def _judged_lines(content: bytes) -> Iterator[Tuple[int, bool]]:
    lines = content.decode("utf-8", "replace").split("\n")
    for number, line in enumerate((line.strip(" \t\r") for line in lines), start=1):
        if line and not line.startswith("#"):
            yield number, _is_key(line)


def _is_key(line: str) -> bool:
    if _KEY.match(line):
        return True
    # A line of known_hosts is a key after something that is no option.
    parts = split_options(line)
    return parts is not None and bool(_KEY.match(parts[1])) and not find_options_error(parts[0])


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
