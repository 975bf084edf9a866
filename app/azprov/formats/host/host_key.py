"""A private host key of sshd as a file: whether it is complete, and its public key.

Source of the form that begins with openssh-key-v1: OpenSSH's PROTOCOL.key, read 2026-11-27.
The other forms (PKCS#1, PKCS#8 and SEC1 in PEM) do not contain the public key in clear.
"""

import base64
import binascii
import struct
from typing import List, Optional, Tuple

from .ssh_keys import SshKey

_BEGIN, _END, _DASHES = "-----BEGIN ", "-----END ", "-----"
_PRIVATE = "PRIVATE KEY"
_OPENSSH = "OPENSSH PRIVATE KEY"
_MAGIC = b"openssh-key-v1\0"
# Before the public key: the cipher, the key derivation function and its options.
_STRINGS_BEFORE = 3
_NAMES = {"ssh-rsa": "RSA", "ssh-ed25519": "ED25519"}


def is_complete(content: bytes) -> bool:
    """Whether a private key file has its first and last line and all bytes between them.

    A power cut can leave a file that is empty, cut off or filled with zeros.
    """
    armoured = _armoured(content)
    if armoured is None:
        return False
    label, blob = armoured
    return label != _OPENSSH or _public_blob(blob) is not None


def public_key_of(content: bytes) -> Optional[SshKey]:
    """The public key in a private key file; None if the file is incomplete or in a PEM form."""
    label, blob = _armoured(content) or ("", b"")
    public = _public_blob(blob) if label == _OPENSSH else None
    if public is None:
        return None
    kind = _string(public, 0)[0] or b""
    return SshKey(kind.decode("ascii", "replace"), base64.b64encode(public).decode("ascii"), "")


def describe(key: SshKey) -> str:
    """A line in the form of `ssh-keygen -l`: bits, fingerprint, comment and type."""
    name = "ECDSA" if key.type.startswith("ecdsa-") else _NAMES.get(key.type, key.type)
    return f"{_bits(key)} {key.fingerprint} {key.comment or 'no comment'} ({name})"


def _armoured(content: bytes) -> Optional[Tuple[str, bytes]]:
    """The label of a PEM file and the decoded bytes; None if the file is incomplete."""
    lines = content.decode("ascii", "replace").strip().splitlines()
    if len(lines) < 3 or not lines[0].startswith(_BEGIN):
        return None
    label = lines[0].strip()[len(_BEGIN) : -len(_DASHES)]
    if not label.endswith(_PRIVATE) or lines[-1].strip() != f"{_END}{label}{_DASHES}":
        return None
    # An encrypted PEM file has headers before its bytes.
    body = "".join(line.strip() for line in lines[1:-1] if ":" not in line)
    try:
        return label, base64.b64decode(body.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def _public_blob(blob: bytes) -> Optional[bytes]:
    """The public key of a blob with all its fields; None for anything else."""
    if not blob.startswith(_MAGIC):
        return None
    position = len(_MAGIC)
    for _ in range(_STRINGS_BEFORE):
        field, position = _string(blob, position)
        if field is None:
            return None
    public, position = _string(blob, position + 4)  # after the number of keys, always 1
    private, _ = _string(blob, position)
    return public if public and private else None


def _string(blob: bytes, position: int) -> Tuple[Optional[bytes], int]:
    """A field after its length in four bytes, and the position behind it; None if cut off."""
    start = position + 4
    if start > len(blob):
        return None, start
    (length,) = struct.unpack(">I", blob[position:start])
    field = blob[start : start + length]
    return (field if len(field) == length else None), start + length


def _bits(key: SshKey) -> int:
    """The size of a key, as `ssh-keygen -l` counts it."""
    if key.type != "ssh-rsa":
        digits = "".join(c for c in key.type.rpartition("-")[2] if c.isdigit())
        return int(digits) if key.type.startswith("ecdsa-") and digits else 256
    blob = base64.b64decode(key.blob)
    fields: List[Optional[bytes]] = []
    position = 0
    for _ in range(3):  # the type, the exponent, the modulus
        field, position = _string(blob, position)
        fields.append(field)
    return int.from_bytes(fields[-1] or b"", "big").bit_length()
