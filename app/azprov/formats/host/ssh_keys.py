"""SSH public keys as the platform sends them, and the file of those that may log in.

Source: RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4; OpenSSH's PROTOCOL.u2f, for the
forms of a key's blob; sshd(8), AUTHORIZED_KEYS FILE FORMAT. Read 2026-11-22.
"""

import base64
import binascii
import hashlib
import struct
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

from ..text import printable

_ED25519_BYTES = 32
# sshd refuses shorter ones, RequiredRSASize.
_SHORTEST_RSA_BITS = 1024
# A line of authorized_keys that sshd reads; 16384-bit RSA takes 3 kB.
_LIMIT_BYTES = 8192
_UNCOMPRESSED_POINT = 4

# Whether a field of a key's blob is what it has to be.
_Fits = Callable[[bytes], bool]


class SshKey(NamedTuple):
    """A public key whose blob is what its type promises."""

    type: str
    #: In base64.
    blob: str
    comment: str

    @property
    def line(self) -> str:
        return " ".join(part for part in self if part)

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def parse_ssh_keys(text: str) -> List[SshKey]:
    """The OpenSSH keys in a text: one a line, or one with line ends inside it.

    Raises ValueError, which says what is wrong, if there is anything else.
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
        raise ValueError(f"it is no OpenSSH key but {printable(lines[0].strip('- '), 40)}")
    # Broken within the base64, or at the spaces.
    try:
        return [_parse_key("".join(lines))]
    except ValueError:
        return [_parse_key(" ".join(lines))]


def merge_authorized_keys(content: bytes, keys: Sequence[SshKey]) -> bytes:
    """The file with the keys that it lacks at its end; every other byte stays.

    A key counts as there whatever its options and comment are.
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


def _parse_key(line: str) -> SshKey:
    if len(line.encode("utf-8", "replace")) > _LIMIT_BYTES:
        raise ValueError(f"it is longer than {_LIMIT_BYTES} bytes")
    kind, _, rest = line.partition(" ")
    text, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("it is no OpenSSH key") from error
    # Decoding passes over what follows the padding, and over spare bits.
    if not text or base64.b64encode(blob) != text.encode("ascii"):
        raise ValueError("it is no OpenSSH key")
    _require_form(kind, blob)
    comment = "".join(c for c in comment if c.isprintable())
    return SshKey(kind, text, comment.strip())


def _require_form(kind: str, blob: bytes) -> None:
    """Raises ValueError if a blob is not a whole key of that type."""
    form = _FORMS.get(kind)
    if form is None:
        raise ValueError(f"sshd takes no key of the type {printable(kind, 40)}")
    fields = _fields(blob)
    if len(fields) != len(form) or not all(fits(field) for fits, field in zip(form, fields)):
        raise ValueError(f"it is not a whole key of the type {kind}")


def _fields(blob: bytes) -> List[bytes]:
    """Each is its length in four bytes, and so many more; the last may be cut off."""
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


# What each field of a blob has to be, by the type of the key. What sshd takes by
# default; ssh-dss it does not since OpenSSH 7.0.
_FORMS: Dict[str, Tuple[_Fits, ...]] = {
    "ssh-rsa": (_is("ssh-rsa"), _is_exponent, _is_modulus),
    "ssh-ed25519": (_is("ssh-ed25519"), _is_ed25519),
    "ecdsa-sha2-nistp256": _ecdsa("nistp256", 65),
    "ecdsa-sha2-nistp384": _ecdsa("nistp384", 97),
    "ecdsa-sha2-nistp521": _ecdsa("nistp521", 133),
    "sk-ssh-ed25519@openssh.com": (
        *(_is("sk-ssh-ed25519@openssh.com"), _is_ed25519, _is_application),
    ),
    "sk-ecdsa-sha2-nistp256@openssh.com": (
        *(_is("sk-ecdsa-sha2-nistp256@openssh.com"), _is("nistp256")),
        *(_is_point(65), _is_application),
    ),
}
