"""SSH public keys in the forms in which the platform sends them.

Source of the forms of a key's blob: RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4;
OpenSSH's PROTOCOL.u2f. Read 2026-11-22. Source of the lines: sshd(8), AUTHORIZED_KEYS
FILE FORMAT, and auth2-pubkeyfile.c of OpenSSH 10, read 2026-11-27.
"""

import base64
import binascii
import re
import struct
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from ..text import printable
from .authorized_keys_options import find_options_error, split_options

_ED25519_BYTES = 32
# sshd refuses shorter ones, RequiredRSASize.
_SHORTEST_RSA_BITS = 1024
_NO_KEY = "it is not an OpenSSH key"
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
    #: What sshd(8) allows in front of a key, such as `from="10.0.0.0/8"`, unchanged.
    options: str = ""

    @property
    def line(self) -> str:
        return " ".join(filter(None, (self.options, self.type, self.blob, self.comment)))

    @property
    def fingerprint(self) -> str:
        """The fingerprint in the form of `ssh-keygen -l`."""
        import hashlib  # loads the library of OpenSSL, 5 MiB

        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


class BadLine(NamedTuple):
    """A line without a usable key."""

    #: From 1; None if the whole text is meant.
    number: Optional[int]
    #: A clause that names the error and shows nothing of a private key.
    reason: str


def parse_ssh_keys(text: str) -> Tuple[List[SshKey], List[BadLine]]:
    """The keys in a text, read line by line as sshd reads authorized_keys, and the bad lines.

    Comments and empty lines are skipped. A text without a key on any line may be a single
    key without options, broken over several lines by a portal or a template.
    """
    stripped = [line.strip() for line in text.lstrip("\ufeff").split("\n")]
    keys, bad = [], []
    is_in_block = False
    for number, line in enumerate(stripped, start=1):
        if not line or line.startswith("#"):
            continue
        try:
            keys.append(parse_line(line))
        except ValueError as error:
            # The first line of a certificate is enough.
            if not is_in_block:
                bad.append(BadLine(number, str(error)))
        if line.startswith("----"):
            is_in_block = not is_in_block
    if not keys and len(bad) > 1:
        rejoined = _rejoin([line for line in stripped if line and not line.startswith("#")])
        if rejoined is not None:
            return [rejoined], []
    if not keys and not bad:
        bad.append(BadLine(None, "it is empty"))
    if not keys and len(bad) == 1:
        bad = [BadLine(None, bad[0].reason)]
    return keys, bad


def parse_line(line: str) -> SshKey:
    """The key on a line of authorized_keys, with its options.

    Raises ValueError with a clause about the error.
    """
    try:
        size = len(line.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueError("it is not valid Unicode") from error
    if size > _LIMIT_BYTES:
        raise ValueError(f"it is longer than {_LIMIT_BYTES} bytes")
    try:
        return _parse_key(line)
    except ValueError as error:
        if _words(line)[0] in _FORMS:
            raise
        parts = split_options(line)
        if parts is None:
            raise ValueError("a quote in its options is not closed") from error
        options, rest = parts
        try:
            key = _parse_key(rest)
        except ValueError as later:
            raise (later if str(error) == _NO_KEY else error) from None
    # sshd reads a line only to the first zero byte.
    complaint = "it contains a zero byte" if "\0" in options else find_options_error(options)
    # People show this file on terminals.
    if not complaint and not options.replace("\t", " ").isprintable():
        complaint = "its options contain a character that cannot be printed"
    if complaint:
        raise ValueError(complaint)
    return key._replace(options=options)


def _rejoin(lines: List[str]) -> Optional[SshKey]:
    """The key that was broken inside its base64 text, or at the blanks around that text."""
    attempts = ["".join(lines)]
    # Type, blob and comment; a further line could be a second key.
    if len(lines) <= 3:
        attempts.append(" ".join(lines))
    for attempt in attempts:
        try:
            if len(attempt) <= _LIMIT_BYTES:
                return _parse_key(attempt)
        except ValueError:
            pass
    return None


def is_certificate(text: str) -> bool:
    """Whether a text is an X.509 certificate in PEM form, which sshd cannot use."""
    return text.lstrip().startswith("-----BEGIN CERTIFICATE")


def _parse_key(line: str) -> SshKey:
    if line.startswith("-----BEGIN CERTIFICATE"):
        raise ValueError("it is an X.509 certificate")
    if line.startswith("----"):
        kind = printable(line.strip("- ").partition("--")[0].strip(), 40)
        raise ValueError(f"{_NO_KEY} but {kind}")
    kind, text, comment = _words(line)
    try:
        blob = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError(_NO_KEY) from error
    # Decoding ignores bytes after the padding, and spare bits.
    if not text or base64.b64encode(blob) != text.encode("ascii"):
        raise ValueError(_NO_KEY)
    _require_form(kind, blob)
    comment = "".join(c for c in comment if c.isprintable())
    return SshKey(kind, text, comment.strip())


def _words(line: str) -> List[str]:
    """The type, the base64 text and the comment of a line; each can be empty."""
    return [*re.split(r"[ \t]+", line, maxsplit=2), "", ""][:3]


def _require_form(kind: str, blob: bytes) -> None:
    """Raises ValueError if a blob is not a complete key of that type."""
    form = _FORMS.get(kind)
    if form is None:
        what = "a certificate" if "-cert-v0" in kind else f"a key of the type {printable(kind, 40)}"
        raise ValueError(f"it is {what}, which sshd does not accept")
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
