"""Private host keys: complete or not, and their public half. The files are ssh-keygen's."""

import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

from azprov.formats.host.host_key import describe, is_complete, public_key_of
from azprov.formats.host.ssh_keys import parse_line

pytestmark = pytest.mark.needs("ssh-keygen")

KINDS: Dict[str, List[str]] = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa": ["-t", "ecdsa"],
    "ecdsa of 521 bits": ["-t", "ecdsa", "-b", "521"],
    "rsa": ["-t", "rsa", "-b", "2048"],
}


def keygen(path: Path, *options: str) -> bytes:
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", path, *options], check=True)
    return path.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_public_key_is_read_from_a_private_key(tmp_path: Path, kind: str) -> None:
    """A private key file contains the same public key as the file beside it."""
    private = keygen(tmp_path / "key", *KINDS[kind])

    key = public_key_of(private)

    assert is_complete(private)
    assert key is not None
    assert (tmp_path / "key.pub").read_text().startswith(f"{key.type} {key.blob} ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_described_as_ssh_keygen_does(tmp_path: Path, kind: str) -> None:
    """The line is that of `ssh-keygen -l`: bits, fingerprint, comment and type."""
    keygen(tmp_path / "key", *KINDS[kind], "-C", "root@image")
    key = parse_line((tmp_path / "key.pub").read_text())
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "key.pub"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert describe(key) == shown.stdout.strip()


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
def test_other_forms_of_a_private_key_are_complete(tmp_path: Path, form: str) -> None:
    """Old releases of ssh-keygen wrote PEM files, which contain no public key in clear."""
    private = keygen(tmp_path / "key", "-t", "rsa", "-b", "2048", "-m", form)

    assert is_complete(private)
    assert public_key_of(private) is None


@pytest.mark.parametrize("form", ["RFC4716", "PEM"])
def test_every_damage_of_a_power_cut_is_noticed(tmp_path: Path, form: str) -> None:
    """A file that is cut off anywhere, or has zeros in place of its end, is incomplete."""
    private = keygen(tmp_path / "key", "-t", "ecdsa", "-m", form)
    end = len(private.rstrip())

    cut_off = [private[:length] for length in range(end)]
    with_zeros = [private[:length].ljust(len(private), b"\0") for length in range(end)]

    assert [one for one in (*cut_off, *with_zeros) if is_complete(one)] == []


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN RSA PRIVATE KEY-----\nAA!AA\n-----END RSA PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\né\n-----END OPENSSH PRIVATE KEY-----\n".encode(),
    ],
)
def test_other_files_are_not_private_keys(content: bytes) -> None:
    """A file with the right lines but without a key between them is incomplete."""
    assert not is_complete(content)
    assert public_key_of(content) is None
