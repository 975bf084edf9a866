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


def split_records(content: bytes) -> List[bytes]:
    """The records of a pool; an incomplete record at its end is ignored."""
    ends = range(RECORD_BYTES, len(content) + 1, RECORD_BYTES)
    return [content[end - RECORD_BYTES : end] for end in ends]


def key_of(record: bytes) -> bytes:
    """The key of a record, in UTF-8."""
    return record[:_KEY_BYTES].partition(b"\0")[0]


def parse_pool(content: bytes) -> List[Tuple[str, str]]:
    """The keys and values of a pool; an incomplete record at its end is ignored."""
    fields = map(_RECORD.unpack, split_records(content))
    return [(_text(key), _text(value)) for key, value in fields]


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
