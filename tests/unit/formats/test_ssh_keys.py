"""SSH keys: what may log in, and the file that says so."""

import base64
import struct
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.authorized_keys import merge_authorized_keys
from azprov.formats.host.ssh_keys import SshKey, parse_ssh_keys
from sample_files import sample

NAMES = ["rsa-2048", "rsa-1024", "ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521"]


def text_of(name: str) -> str:
    return sample(f"ssh_key/{name}.pub").decode()


RSA = text_of("rsa-2048").strip()
ED25519 = text_of("ed25519").strip()
BLOB = ED25519.split()[1]


@pytest.mark.parametrize(
    ("name", "kind", "comment"),
    [
        ("rsa-2048", "ssh-rsa", "azureuser@web 01"),
        ("rsa-1024", "ssh-rsa", "r"),
        ("ed25519", "ssh-ed25519", "azureuser"),
        ("ecdsa-256", "ecdsa-sha2-nistp256", "e256"),
        ("ecdsa-384", "ecdsa-sha2-nistp384", "e384"),
        ("ecdsa-521", "ecdsa-sha2-nistp521", "e521"),
    ],
)
def test_keys_of_ssh_keygen_are_read(name: str, kind: str, comment: str) -> None:
    """Each type, with and without a comment, is read back as it was written."""
    (key,) = parse_ssh_keys(text_of(name))

    assert (key.type, key.comment) == (kind, comment)
    assert key.line == text_of(name).strip()


@pytest.mark.parametrize(
    "broken",
    [
        RSA + "\r\n",
        "\r\n\r\n" + RSA,
        RSA[:70] + "\r\n" + RSA[70:140] + "\n" + RSA[140:],
        RSA.replace(" ", "\r\n", 1),
        RSA.replace(" ", "\n", 2),
        RSA.replace(" ", "   ", 2),
    ],
)
def test_line_ends_inside_a_key_are_removed(broken: str) -> None:
    """Portals and templates break keys into lines."""
    assert parse_ssh_keys(broken) == parse_ssh_keys(RSA)


def test_a_text_can_have_one_key_per_line() -> None:
    """Several keys in one text are all read."""
    keys = parse_ssh_keys(f"{RSA}\r\n{ED25519}\n")

    assert [key.type for key in keys] == ["ssh-rsa", "ssh-ed25519"]


def with_blob(kind: str, *fields: bytes, rest: bytes = b"") -> str:
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields) + rest
    return f"{kind} {base64.b64encode(blob).decode()}"


POINT = b"\4" + bytes(64)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it is empty"),
        (" \r\n ", "it is empty"),
        (sample("ssh_key/x509.pem").decode(), "it is an X.509 certificate"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "not an OpenSSH key but BEGIN SSH2 PUBLIC KEY"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "not an OpenSSH key but BEGIN RSA PRIVATE KEY"),
        ("junk", "it is not an OpenSSH key"),
        ("ssh-ed25519", "it is not an OpenSSH key"),
        (f"ssh-ed25519 {BLOB[:-1]}", "it is not an OpenSSH key"),
        (f"ssh-ed25519 {BLOB}AAAA", "not a complete key of the type ssh-ed25519"),
        (f"ssh-ed25519 {BLOB}====", "it is not an OpenSSH key"),
        (f"ssh-ed25519 {BLOB[:-4]}", "not a complete key of the type ssh-ed25519"),
        (f"ssh-rsa {BLOB}", "not a complete key of the type ssh-rsa"),
        (f"ssh-dss {BLOB}", "sshd accepts no key of the type ssh-dss"),
        (f'command="id" {ED25519}', "it is not an OpenSSH key"),
        (f"no-pty {ED25519}", "it is not an OpenSSH key"),
        (f"# {ED25519}", "it is not an OpenSSH key"),
        (f"{ED25519} {'c' * 8200}", "longer than 8192 bytes"),
        (f"ssh-ed25519 {BLOB[:-2]}é=", "it is not an OpenSSH key"),
        (with_blob("ssh-ed25519", b"ssh-ed25519", bytes(31)), "not a complete key"),
        (with_blob("ssh-ed25519", b"ssh-ed25519", bytes(32), b""), "not a complete key"),
        (with_blob("ssh-ed25519", b"ssh-ed25519", bytes(32), rest=b"\0\0"), "not a complete key"),
        (with_blob("ssh-rsa", b"ssh-rsa", b"\1\0\1", b"\x7f" + bytes(126)), "not a complete key"),
        (with_blob("ssh-rsa", b"ssh-rsa", b"\1\0\0", b"\x7f" + bytes(255)), "not a complete key"),
        (with_blob("ssh-rsa", b"ssh-rsa", b"", b"\x7f" + bytes(255)), "not a complete key"),
        (
            with_blob("ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256", b"nistp384", POINT),
            "not a complete key",
        ),
        (
            with_blob("ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256", b"nistp256", b"\2" + POINT),
            "not a complete key",
        ),
        (
            with_blob("ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp256", b"nistp256", b"\2" * 65),
            "not a complete key",
        ),
    ],
)
def test_other_texts_are_refused(text: str, complaint: str) -> None:
    """The message names the reason and shows nothing of a private key."""
    with pytest.raises(ValueError, match=complaint):
        parse_ssh_keys(text)


@pytest.mark.parametrize(
    "line",
    [
        with_blob("sk-ssh-ed25519@openssh.com", b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
        with_blob(
            "sk-ecdsa-sha2-nistp256@openssh.com",
            b"sk-ecdsa-sha2-nistp256@openssh.com",
            b"nistp256",
            POINT,
            b"ssh:",
        ),
    ],
)
def test_keys_of_hardware_tokens_are_read(line: str) -> None:
    """Both types that OpenSSH has for hardware tokens are read."""
    (key,) = parse_ssh_keys(line)

    assert key.line == line


@given(st.text() | st.text(st.sampled_from("ssh-rsa AAAAB3\r\n=-#")))
def test_any_text_gives_keys_or_a_value_error(text: str) -> None:
    """Any text raises ValueError or gives keys that fit on a line each."""
    try:
        keys = parse_ssh_keys(text)
    except ValueError:
        return
    assert all(len(key.line.splitlines()) == 1 for key in keys)


@given(st.text())
def test_a_comment_stays_on_the_line_of_its_key(comment: str) -> None:
    """Whatever a comment contains, its line is read back as the same key."""
    try:
        (key,) = parse_ssh_keys(f"ssh-ed25519 {BLOB} {comment}")
    except ValueError:
        return  # line ends in it, and another key than this one is not made of them

    assert key.blob.startswith(BLOB[:-2])
    assert parse_ssh_keys(key.line) == [key]
    assert len(key.line.splitlines()) == 1


KEYS = [
    SshKey("ssh-ed25519", BLOB, "a"),
    *parse_ssh_keys(RSA),
    *parse_ssh_keys(text_of("ecdsa-256")),
]
KEY_LISTS = st.lists(st.sampled_from(KEYS))
LINES = st.binary(max_size=20) | st.sampled_from(
    [b"", b"# comment", RSA.encode(), b"# " + ED25519.encode(), b"no-pty " + ED25519.encode()]
)
FILES = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(LINES, max_size=5),
    st.sampled_from([b"", b"\n"]),
)


@given(FILES, KEY_LISTS)
def test_merging_keeps_the_old_content(content: bytes, keys: List[SshKey]) -> None:
    """All old bytes are kept, every key is in the result, and merging again changes nothing."""
    merged = merge_authorized_keys(content, keys)

    assert merged.startswith(content)
    for key in keys:
        assert any(key.blob.encode() in line.split() for line in merged.splitlines())
    assert merge_authorized_keys(merged, keys) == merged


@pytest.mark.parametrize(
    ("content", "merged"),
    [
        (b"", f"{ED25519}\n"),
        (b"x", f"x\n{ED25519}\n"),
        (b"x\r\n", f"x\r\n{ED25519}\n"),
        (f"# {ED25519}\n".encode(), f"# {ED25519}\n{ED25519}\n"),
        (f"# a\r{ED25519}\n".encode(), f"# a\r{ED25519}\n{ED25519}\n"),
        (f'from="10.*" {ED25519} other'.encode(), f'from="10.*" {ED25519} other'),
    ],
)
def test_a_key_is_appended_on_its_own_line(content: bytes, merged: str) -> None:
    """A key that is in the file with options is not appended again."""
    assert merge_authorized_keys(content, parse_ssh_keys(ED25519)) == merged.encode()


def test_a_repeated_key_is_appended_once() -> None:
    """Keys with different comments are the same key."""
    keys = parse_ssh_keys(f"{ED25519}\nssh-ed25519 {BLOB} other")

    assert merge_authorized_keys(b"", keys) == f"{ED25519}\n".encode()


def test_control_characters_are_removed_from_comments() -> None:
    """A terminal that shows the file later is not controlled by it."""
    (key,) = parse_ssh_keys(f"ssh-ed25519 {BLOB} a\x1b[2Jb\tc")

    assert key.comment == "a[2Jbc"


def test_a_comment_is_read_back_as_it_was_written() -> None:
    """White space after a removed character is removed as well."""
    (key,) = parse_ssh_keys(f"ssh-ed25519 {BLOB} \x00 a")

    assert parse_ssh_keys(key.line) == [key]
