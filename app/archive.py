"""Writes the archive: an executable zip file, with every field fixed.

The build runs this module; it is not shipped. The fields are those of PKWARE's APPNOTE.TXT, 4.3.
"""

import struct
import zlib
from typing import Dict

# These files run first and are not compressed, so that a Python without zlib can report the lack.
STORED = ("__main__.py", "azprov/__init__.py", "azprov/__main__.py")
# -I: `su` may keep a user's HOME and PYTHONPATH, and root would run the code there.
# A minimal image may have no python3, but RHEL's platform-python, or only python3.X.
# Of a copy that was cut off, Python reads the beginning as a program; the name of its encoding then
# is the error message. Python does not read it in a whole archive.
HEAD = rb"""#!/bin/sh
# coding: incomplete-copy-of-azprov.pyz-copy-it-again
for python in python3 /usr/libexec/platform-python \
    /usr/bin/python3.[1-9][0-9] /usr/bin/python3.[6-9] /usr/local/bin/python3
do
    command -v "$python" >/dev/null 2>&1 && exec "$python" -I "$0" "$@"
done
echo "azprov: cannot run: there is no Python 3.6 or newer; install python3" >&2
exit 70
"""


def zip_of(entries: Dict[str, bytes]) -> bytes:
    """An executable zip file of the entries, with every field fixed.

    zipfile would compress with this machine's zlib, and zlib and zlib-ng give different
    bytes; the pinned libdeflate gives the same bytes everywhere.
    """
    import deflate

    body, directory = HEAD, b""
    for name, data in sorted(entries.items()):
        content = bytes(deflate.deflate_compress(data, 12))
        is_stored = name in STORED or len(content) >= len(data)
        if is_stored:
            content = data
        encoded = name.encode("ascii")
        # Version 2.0, no flags, method, 1980-01-01 00:00, sizes; PKWARE APPNOTE 4.3.7.
        fields = struct.pack(
            "<5H3I2H",
            20,
            0,
            0 if is_stored else 8,
            0,
            0x21,
            zlib.crc32(data),
            len(content),
            len(data),
            len(encoded),
            0,
        )
        # Made on Unix: a regular file with mode 0644; 4.3.12.
        directory += b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + fields
        directory += struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, len(body)) + encoded
        body += b"PK\3\4" + fields + encoded + content
    count = len(entries)
    return (
        body
        + directory
        + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    )
