"""Records of Hyper-V's key-value pool (KVP), which a guest sends to its host.

Source: struct kvp_record of the kernel's tools/hv/hv_kvp_daemon.c, read 2026-11-22.
"""

import struct
from typing import List, Tuple

_KEY_BYTES = 512
_VALUE_BYTES = 2048
RECORD_BYTES = _KEY_BYTES + _VALUE_BYTES
#: The longest value that is safe: the host uses less than 1024 bytes, and azure-init cuts at 1022.
VALUE_LIMIT_BYTES = 1022

_RECORD = struct.Struct(f"{_KEY_BYTES}s{_VALUE_BYTES}s")


def render_record(key: str, value: str) -> bytes:
    """One record: each text ends with a zero byte and is padded with zero bytes.

    Raises ValueError if a text is too long, contains a zero, or is not valid Unicode.
    """
    texts = []
    for text, size in ((key, _KEY_BYTES), (value, _VALUE_BYTES)):
        content = text.encode("utf-8")
        if len(content) >= size or b"\0" in content:
            raise ValueError(f"longer than {size - 1} bytes, or contains a zero byte")
        texts.append(content)
    return _RECORD.pack(*texts)


def parse_pool(content: bytes) -> List[Tuple[str, str]]:
    """The keys and values of a pool; an incomplete record at its end is ignored."""
    whole = len(content) // RECORD_BYTES * RECORD_BYTES
    return [(_text(key), _text(value)) for key, value in _RECORD.iter_unpack(content[:whole])]


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
