"""SSH public keys in the forms in which the platform sends them.

Source of the forms of a key's blob: RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4;
OpenSSH's PROTOCOL.u2f. Read 2026-11-22.
"""

import base64
import binascii
import hashlib
import struct
from typing import Callable, Dict, List, NamedTuple, Tuple

from ..text import printable

_ED25519_BYTES = 32
# sshd refuses shorter ones, RequiredRSASize.
_SHORTEST_RSA_BITS = 1024
# The longest line of authorized_keys that sshd reads; a 16384-bit RSA key takes 3 kB.
_LIMIT_BYTES = 8192
_UNCOMPRESSED_POINT = 4

# Whether a field of a key's blob is valid.
_Fits = Callable[[bytes], bool]


class SshKey(NamedTuple):
    """A public key with a valid blob for its type."""

    type: str
    #: In base64.
    blob: str
    comment: str

    @property
    def line(self) -> str:
        return " ".join(part for part in self if part)

    @property
    def fingerprint(self) -> str:
        """The fingerprint in the form of `ssh-keygen -l`."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def parse_ssh_keys(text: str) -> List[SshKey]:
    """The OpenSSH keys in a text: one per line, or a single key broken over several lines.

    Raises ValueError with a sentence that names the error, if there is anything else.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("it is empty")
    try:
        return [_parse_key(line) for line in lines]
    except ValueError:
        if len(lines) == 1:
            raise
    if lines[0].startswith("-----BEGIN CERTIFICATE"):
        raise ValueError("it is an X.509 certificate")
    if lines[0].startswith("----"):
        raise ValueError(f"it is not an OpenSSH key but {printable(lines[0].strip('- '), 40)}")
    # A key is broken either inside the base64 text or at the spaces.
    try:
        return [_parse_key("".join(lines))]
    except ValueError:
        return [_parse_key(" ".join(lines))]


def _parse_key(line: str) -> SshKey:
    if len(line.encode("utf-8", "replace")) > _LIMIT_BYTES:
        raise ValueError(f"it is longer than {_LIMIT_BYTES} bytes")
    kind, _, rest = line.partition(" ")
    text, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("it is not an OpenSSH key") from error
    # Decoding ignores bytes after the padding, and spare bits.
    if not text or base64.b64encode(blob) != text.encode("ascii"):
        raise ValueError("it is not an OpenSSH key")
    _require_form(kind, blob)
    comment = "".join(c for c in comment if c.isprintable())
    return SshKey(kind, text, comment.strip())


def _require_form(kind: str, blob: bytes) -> None:
    """Raises ValueError if a blob is not a complete key of that type."""
    form = _FORMS.get(kind)
    if form is None:
        raise ValueError(f"sshd accepts no key of the type {printable(kind, 40)}")
    fields = _fields(blob)
    if len(fields) != len(form) or not all(fits(field) for fits, field in zip(form, fields)):
        raise ValueError(f"it is not a complete key of the type {kind}")


def _fields(blob: bytes) -> List[bytes]:
    """The fields, each after its length in four bytes; none if the last field is cut off."""
    fields = []
    while blob:
        (length,) = struct.unpack(">I", blob[:4].ljust(4, b"\xff"))
        fields.append(blob[4 : 4 + length])
        if len(fields[-1]) != length:
            return []
        blob = blob[4 + length :]
    return fields


def _is(text: str) -> _Fits:
    return lambda field: field == text.encode("ascii")


def _is_point(size: int) -> _Fits:
    return lambda field: len(field) == size and field[0] == _UNCOMPRESSED_POINT


def _is_ed25519(field: bytes) -> bool:
    return len(field) == _ED25519_BYTES


def _is_exponent(field: bytes) -> bool:
    return bool(field) and field[-1] % 2 == 1


def _is_modulus(field: bytes) -> bool:
    return int.from_bytes(field, "big").bit_length() >= _SHORTEST_RSA_BITS


def _is_application(field: bytes) -> bool:
    return bool(field)


def _ecdsa(curve: str, size: int) -> Tuple[_Fits, ...]:
    return (_is(f"ecdsa-sha2-{curve}"), _is(curve), _is_point(size))


# The fields of a blob, by the type of the key: the types that sshd accepts by default.
# ssh-dss is not among them since OpenSSH 7.0.
_FORMS: Dict[str, Tuple[_Fits, ...]] = {
    "ssh-rsa": (_is("ssh-rsa"), _is_exponent, _is_modulus),
    "ssh-ed25519": (_is("ssh-ed25519"), _is_ed25519),
    "ecdsa-sha2-nistp256": _ecdsa("nistp256", 65),
    "ecdsa-sha2-nistp384": _ecdsa("nistp384", 97),
    "ecdsa-sha2-nistp521": _ecdsa("nistp521", 133),
    "sk-ssh-ed25519@openssh.com": (
        _is("sk-ssh-ed25519@openssh.com"),
        _is_ed25519,
        _is_application,
    ),
    "sk-ecdsa-sha2-nistp256@openssh.com": (
        _is("sk-ecdsa-sha2-nistp256@openssh.com"),
        _is("nistp256"),
        _is_point(65),
        _is_application,
    ),
}
