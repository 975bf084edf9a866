"""deprovision removes each password of an image, and check finds it."""

from pathlib import Path
from typing import Optional

import pytest

from azprov.image.deprovision import carry_out, plan
from azprov.image.leftovers.passwords import find_passwords
from azprov.system.root import Root

OF_ROOT = "root:x:0:0:root:/root:/bin/sh\n"


def lay(root: Path, path: str, text: str) -> Path:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode("utf-8" if "ë" in text else "latin-1"))
    return root / path


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("etc/passwd", "root:$6$a$b:0:0::/:\n", "root:*:0:0::/:\n"),
        ("etc/passwd", "root::0:0::/:\n", "root:*:0:0::/:\n"),
        ("etc/passwd", " toor:xyzabcdefghij:+0:00\n", " toor:*:+0:00\n"),
        ("etc/passwd", "a:$6$a$b:0:0::/:\na:$6$c$d:0:0::/:\n", "a:*:0:0::/:\na:*:0:0::/:\n"),
        ("etc/passwd", "zoë:$1$a:7:7::/:\n", "zoë:*:7:7::/:\n"),
        ("etc/shadow", "root:$6$a$b:1::::::\n", "root:*:1::::::\n"),
        ("etc/shadow", "root:!$6$a$b:1::::::\n", "root:!:1::::::\n"),
        ("etc/shadow", "root:!!$6$a$b:1::::::\n", "root:!:1::::::\n"),
        ("etc/shadow", "root:*$6$a$b:1::::::\n", "root:*:1::::::\n"),
        ("etc/shadow", "root::1::::::\n", "root:*:1::::::\n"),
        ("etc/shadow", "root:*LOCKED*$1$a:1::::::\n", "root:*:1::::::\n"),
        ("etc/group", "ops:$6$a$b:7:\n", "ops:*:7:\n"),
        ("etc/gshadow", "ops:$6$a$b::\n", "ops:*::\n"),
        ("var/lib/extrausers/shadow", "ops:$6$a$b:1::::::\n", "ops:*:1::::::\n"),
        ("var/lib/extrausers/passwd", "ops:$6$a$b:7:7::/:\n", "ops:*:7:7::/:\n"),
        ("usr/lib/shadow", "root:$6$a$b:1::::::\n", "root:*:1::::::\n"),
        ("etc/passwd-", "root:$6$a$b:0:0::/:\n", None),
        ("etc/shadow-", "root:!$6$a$b:1::::::\n", None),
        ("etc/shadow.org", "root:$6$a$b:1::::::\n", None),
        ("etc/shadow.rpmsave", "root:$6$a$b:1::::::\n", None),
        ("etc/shadow~", "root:$6$a$b:1::::::\n", None),
        ("etc/gshadow-", "ops:$6$a$b::\n", None),
        ("var/backups/shadow.bak", "root:$6$a$b:1::::::\n", None),
        ("etc/shadow-20240101", "root:$6$a$b:1::::::\n", None),
        ("etc/shadow_bak", "root:$6$a$b:1::::::\n", None),
        ("etc/old-shadow", "root:$6$a$b:1::::::\n", None),
        ("etc/nshadow", "root:$6$a$b:1::::::\n", None),
        ("etc/.shadow.azprov-new", "root:$6$a$b:1::::::\n", None),
        ("etc/.shadow.swp", "b0VIM\0\0x root:x\0root:$6$a$b:1::::::\0", None),
        ("etc/#shadow#", "root:$6$a$b:1::::::\n", None),
        ("etc/passwd-2024", "root:$6$a$b:0:0::/:\n", None),
        ("etc/gshadow+", "root:*::\nops:$6$a$b::\n", None),
        ("var/backups/shadow.bak.1.gz", "\x1f\x8b", None),
        ("var/backups/gshadow.1.bz2", "BZh9", None),
        ("etc/tcb/root/shadow", "root:$6$a$b:1::::::\n", "root:*:1::::::\n"),
        ("etc/tcb/root/shadow-", "root:$6$a$b:1::::::\n", None),
        ("etc/passwd", "#toor:$6$a$b:0:0::/:\n", "#toor:*:0:0::/:\n"),
        ("etc/shadow", "#toor:$6$a$b:1::::::\n", "#toor:*:1::::::\n"),
        ("etc/shadow", "+toor:$6$a$b:1::::::\n", "+toor:*:1::::::\n"),
        ("etc/shadow", "#toor:!$6$a$b:1::::::\n", "#toor:!:1::::::\n"),
        ("etc/shadow-", "#toor:$6$a$b:1::::::\n", None),
        ("etc/security/opasswd", "root:0:1:$6$a$b\n", ""),
        ("etc/security/opasswd.old", "root:0:1:$6$a$b\n", ""),
        ("etc/credstore/passwd.hashed-password.root", "$6$a$b", None),
    ],
)
def test_a_password_is_removed(
    path: str, before: str, after: Optional[str], tmp_path: Path
) -> None:
    """A hash matches nothing afterwards, even once a lock is removed; backups are removed."""
    file = lay(tmp_path, path, before)
    root = Root(str(tmp_path))

    assert carry_out(root, plan(root, "")) == []

    assert (file.read_text() if file.exists() else None) == after
    assert plan(root, "") == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        ("etc/passwd", "+::::::\n+ops::::::\n-bad::::::\n"),
        ("etc/shadow", "a:*:1::::::\nb:!:1::::::\nc:!!:::::::\nd:!*:1::::::\ne:*LK*:1::::::\n"),
        ("etc/shadow", "root:!locked::0:99999:7:::\n"),
        ("etc/shadow", "a:x:1::::::\nb:!x:1::::::\nc:*NP*:1::::::\n"),
        ("etc/group", "root:x:0:\nsudo::27:ops\nusers:!:100:\n"),
        ("etc/gshadow", "root:*::\nsudo:!::ops\nusers:::\n"),
        ("etc/passwd-", "root:x:0:0::/root:/bin/sh\n"),
        ("etc/group-", "sudo::27:ops\n"),
        ("etc/security/opasswd", ""),
        ("etc/passwdqc.conf", "min=disabled,24,11,8,7\n"),
        ("etc/passwd-s3fs", "id:secret\n"),
        ("etc/vsftpd.passwd", "ops:$6$a$b\n"),
        ("etc/passwd.gz.old", "\x1f"),
        ("etc/shadow-2024", "root:*:1::::::\n"),
        ("etc/shadow.lock", "4711"),
        ("etc/passwd", "# root:x:0:0 is the first line\n#ops:x:7:7::/:\n"),
        ("etc/shadow", "# see: shadow(5): the manual: $6$\n"),
        ("usr/lib/not-passwd.so", "\0root:\0"),
    ],
)
def test_a_field_without_a_password_is_kept(path: str, text: str, tmp_path: Path) -> None:
    """An x in passwd means shadow, and locks without a hash let no one in."""
    lay(tmp_path, path, text)

    assert list(find_passwords(Root(str(tmp_path)))) == []


def test_a_hash_in_both_files_is_removed_from_both(tmp_path: Path) -> None:
    """The user's line in passwd then refers to shadow, as it usually does."""
    passwd = lay(tmp_path, "etc/passwd", OF_ROOT.replace(":x:", ":$6$a$b:"))
    shadow = lay(tmp_path, "etc/shadow", "root:$6$c$d:1::::::\n")
    root = Root(str(tmp_path))

    assert carry_out(root, plan(root, "")) == []

    assert passwd.read_text() == OF_ROOT
    assert shadow.read_text() == "root:*:1::::::\n"


def test_a_password_is_described_by_its_state(tmp_path: Path) -> None:
    """The list before the question says if a password is empty, or hidden by a lock."""
    lay(tmp_path, "etc/shadow", "a::1::::::\nb:!$6$a$b:1::::::\nc:$6$a$b:1::::::\n")
    lay(tmp_path, "etc/gshadow", "ops:$6$a$b::\n")

    assert [one.what for one in find_passwords(Root(str(tmp_path)))] == [
        "empty password of a",
        "locked password of b",
        "password of c",
        "password of the group ops",
    ]


def test_passwords_of_many_users_are_one_change(tmp_path: Path) -> None:
    """Each change reads and writes the file. The names are removed in one step, and a few shown."""
    lay(tmp_path, "etc/passwd", OF_ROOT + "ops:x:1000:1000::/home/ops:/bin/sh\n")
    shadow = lay(
        tmp_path,
        "etc/shadow",
        "".join(f"{name}:$6$a$b:1::::::\n" for name in ("ops", *"abcdefg"))
        + "".join(f"{name}::1::::::\n" for name in "hij"),
    )
    lay(tmp_path, "etc/gshadow", "v:$6$a$b::\nw:$6$a$b::\n")
    root = Root(str(tmp_path))

    found = list(find_passwords(root, "ops"))

    assert [(one.what, one.argument, one.user) for one in found] == [
        ("password of ops", "ops", "ops"),
        ("passwords of a, b, c, d, e and 2 others", "a:b:c:d:e:f:g", ""),
        ("empty passwords of h, i and j", "h:i:j", ""),
        ("passwords of the groups v and w", "v:w", ""),
    ]
    assert carry_out(root, found) == []
    assert shadow.read_text() == "".join(f"{name}:*:1::::::\n" for name in ("ops", *"abcdefghij"))
