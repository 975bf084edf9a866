"""SSH keys: what may log in, and the file that says so."""

import base64
import struct
import subprocess
from pathlib import Path
from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.host.authorized_keys import merge_authorized_keys
from azprov.formats.host.authorized_keys_options import split_options
from azprov.formats.host.ssh_keys import BadLine, SshKey, parse_ssh_keys
from sample_files import sample

NAMES = ["rsa-2048", "rsa-1024", "ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521"]


def text_of(name: str) -> str:
    return sample(f"ssh_key/{name}.pub").decode()


def keys_in(text: str) -> List[SshKey]:
    """The keys of a text in which no line is bad."""
    keys, bad_lines = parse_ssh_keys(text)
    assert bad_lines == []
    return keys


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
    (key,) = keys_in(text_of(name))

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
    assert keys_in(broken) == keys_in(RSA)


def test_a_text_can_have_one_key_per_line() -> None:
    """Several keys in one text are all read."""
    keys = keys_in(f"{RSA}\r\n{ED25519}\n")

    assert [key.type for key in keys] == ["ssh-rsa", "ssh-ed25519"]


def with_blob(kind: str, *fields: bytes, rest: bytes = b"") -> str:
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields) + rest
    return f"{kind} {base64.b64encode(blob).decode()}"


POINT = b"\4" + bytes(64)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("a b", ("a", "b")),
        ("a \t b c", ("a", "b c")),
        ("a\tb", ("a", "b")),
        ('a="b c",d e', ('a="b c",d', "e")),
        (r'a="\"" b', (r'a="\""', "b")),
        (r'a="\" c" b', (r'a="\" c"', "b")),
        ('a="b c', None),
        (r'a="b\" c', None),
        ("a", ("a", "")),
    ],
)
def test_options_end_at_the_first_blank_that_is_not_quoted(
    line: str, parts: Optional[Tuple[str, str]]
) -> None:
    """A backslash before a quote makes the quote part of the value."""
    assert split_options(line) == parts


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
        (f"ssh-dss {BLOB}", "it is a key of the type ssh-dss, which sshd does not accept"),
        (f"ssh-ed25519-cert-v01@openssh.com {BLOB}", "it is a certificate, which sshd does not"),
        (f"restrict ssh-dss {BLOB}", "a key of the type ssh-dss, which sshd does not accept"),
        (f"restrict ssh-ed25519 {BLOB[:-4]}", "not a complete key of the type ssh-ed25519"),
        (f"# {ED25519}", "it is empty"),
        (f'command="\0" {ED25519}', "it contains a zero byte"),
        (f'command="\x1b[2J" {ED25519}', "its options contain a character that cannot be printed"),
        (f'from="a\u202eb" {ED25519}', "its options contain a character that cannot be printed"),
        (f'command="a\rb" {ED25519}', "its options contain a character that cannot be printed"),
        (f'command="\ud800" {ED25519}', "it is not valid Unicode"),
        (f'command="id {ED25519}', "a quote in its options is not closed"),
        (f"command=id {ED25519}", "sshd does not know the option command in this form"),
        (f'froom="::1" {ED25519}', "sshd does not know the option froom with this value"),
        (
            f'environment="A" {ED25519}',
            "sshd does not know the option environment with this value",
        ),
        (f'from="a",from="b" {ED25519}', "it has the option from twice"),
        (f'command="a",command="b" {ED25519}', "it has the option command twice"),
        (f'principals="a",principals="b" {ED25519}', "it has the option principals twice"),
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
    keys, (bad,) = parse_ssh_keys(text)

    assert keys == []
    assert bad.number is None
    assert complaint in bad.reason
    assert "MIIE" not in bad.reason


FROM = f'from="10.0.0.0/8,!10.9.*" {ED25519}'
QUOTED = f'restrict,command="echo \\"a  b\\", c # d" {RSA}'


@pytest.mark.parametrize(
    ("text", "lines", "bad"),
    [
        (f"# work\r\n{ED25519}\r\n\r\n  # home\r\n{RSA}\r\n", [ED25519, RSA], []),
        (f"{ED25519}\njunk", [ED25519], [BadLine(2, "it is not an OpenSSH key")]),
        (f"junk\n\n{ED25519}", [ED25519], [BadLine(1, "it is not an OpenSSH key")]),
        (
            f"ssh-ed25519 AAAA\n{ED25519}\nssh-rsa AAAA\n",
            [ED25519],
            [
                BadLine(1, "it is not a complete key of the type ssh-ed25519"),
                BadLine(3, "it is not a complete key of the type ssh-rsa"),
            ],
        ),
        (f"{FROM}\r\n{QUOTED}\r\n", [FROM, QUOTED], []),
        (f"\ufeff{ED25519}\n", [ED25519], []),
        (f"\t{FROM.replace(' ', '  ')}", [FROM], []),
        (
            f"{sample('ssh_key/x509.pem').decode()}{ED25519}",
            [ED25519],
            [BadLine(1, "it is an X.509 certificate")],
        ),
        # Two broken keys, which must not become one.
        (
            f"ssh-ed25519\n{BLOB}\nssh-ed25519\n{BLOB}",
            [],
            [BadLine(number, "it is not an OpenSSH key") for number in (1, 2, 3, 4)],
        ),
    ],
)
def test_each_line_is_read_by_itself(text: str, lines: List[str], bad: List[BadLine]) -> None:
    """Comments are skipped, options are kept unchanged, and each bad line is named."""
    keys, bad_lines = parse_ssh_keys(text)

    assert [key.line for key in keys] == lines
    assert bad_lines == bad


@pytest.mark.needs("ssh-keygen")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options", ["", FROM.split(maxsplit=1)[0] + " ", QUOTED.partition(" ssh")[0] + " "]
)
def test_ssh_keygen_shows_the_same_fingerprint(name: str, options: str, tmp_path: Path) -> None:
    """`ssh-keygen -l` finds the key behind the same options."""
    file = tmp_path / "keys"
    file.write_text(f"{options}{text_of(name)}\r\n")
    (key,) = keys_in(file.read_text())

    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(file)], capture_output=True, text=True, check=True
    )

    assert shown.stdout.split()[1] == key.fingerprint


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
    (key,) = keys_in(line)

    assert key.line == line
    assert keys_in(f"no-touch-required {line}")[0].line == f"no-touch-required {line}"


@given(st.text() | st.text(st.sampled_from("ssh-rsa AAAAB3\r\n=-#")))
def test_any_text_gives_keys_or_bad_lines(text: str) -> None:
    """Any text gives keys that fit on a line each, or reasons that can be printed."""
    keys, bad_lines = parse_ssh_keys(text)

    assert keys or bad_lines
    assert all("\n" not in key.line for key in keys)
    assert all(bad.reason.isprintable() for bad in bad_lines)


@given(st.text())
def test_a_comment_stays_on_the_line_of_its_key(comment: str) -> None:
    """Whatever a comment contains, its line is read back as the same key."""
    comment = comment.replace("\n", " ").replace("\0", "")
    (key,) = keys_in(f"ssh-ed25519 {BLOB} {comment}")

    assert key.blob == BLOB
    assert keys_in(key.line) == [key]
    assert len(key.line.splitlines()) == 1


KEYS = [
    SshKey("ssh-ed25519", BLOB, "a"),
    *keys_in(RSA),
    *keys_in(text_of("ecdsa-256")),
    *keys_in(FROM),
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
        (f"cert-authority {ED25519}\n".encode(), f"cert-authority {ED25519}\n{ED25519}\n"),
        (f"pttty {ED25519}\n".encode(), f"pttty {ED25519}\n{ED25519}\n"),
        (f"{ED25519}\r\n".encode(), f"{ED25519}\r\n"),
    ],
)
def test_a_key_is_appended_on_its_own_line(content: bytes, merged: str) -> None:
    """A key that can log in already, even if restricted by options, is not appended again."""
    assert merge_authorized_keys(content, keys_in(ED25519)) == merged.encode()


def test_a_key_with_other_options_is_appended() -> None:
    """sshd tries every line of a key, so each line keeps its own options."""
    office, home = f'from="10.0.0.1" {ED25519}', f'from="10.0.0.2" {ED25519}'

    merged = merge_authorized_keys(f"{office}\n".encode(), keys_in(f"{home}\n{office}"))

    assert merged == f"{office}\n{home}\n".encode()


def test_a_repeated_key_is_appended_once() -> None:
    """Keys with different comments are the same key."""
    keys = keys_in(f"{ED25519}\nssh-ed25519 {BLOB} other")

    assert merge_authorized_keys(b"", keys) == f"{ED25519}\n".encode()


def test_control_characters_are_removed_from_comments() -> None:
    """A terminal that shows the file later is not controlled by it."""
    (key,) = keys_in(f"ssh-ed25519 {BLOB} a\x1b[2Jb\tc")

    assert key.comment == "a[2Jbc"


def test_a_comment_is_read_back_as_it_was_written() -> None:
    """White space after a removed character is removed as well."""
    (key,) = keys_in(f"ssh-ed25519 {BLOB} \x00 a")

    assert keys_in(key.line) == [key]
