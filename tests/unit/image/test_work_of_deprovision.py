"""The work of deprovision, of the search and of the changes, is linear in what an image has."""

import sys
from pathlib import Path
from typing import Callable, Dict

import pytest

from azprov.errors import HostError
from azprov.image.deprovision import carry_out, plan
from azprov.system.root import Root

#: Twice the input costs twice as much beyond an empty image, or four times if it is quadratic.
MOST = 2.5
SIZE = 200
OPS = "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n"

Files = Dict[str, str]


def _each(line: str, count: int) -> str:
    return "".join(line.format(number) for number in range(count))


IMAGES: Dict[str, Callable[[int], Files]] = {
    "empty passwords": lambda n: {"etc/shadow": _each("u{0}::1::::::\n", n)},
    "passwords": lambda n: {"etc/shadow": _each("u{0}:$6$a$b:1::::::\n", n)},
    "passwords of groups": lambda n: {"etc/gshadow": _each("u{0}:$6$a$b::\n", n)},
    "passwords that musl reads": lambda n: {"etc/passwd": OPS + _each("#u{0}:$6$a$b:1:1::/:\n", n)},
    "passwords of passwd": lambda n: {
        "etc/passwd": OPS + _each("u{0}:$6$a$b:7:7::/:/bin/sh\n", n),
        "etc/shadow": _each("u{0}:*:1::::::\n", n // 2),
    },
    "rules": lambda n: {"etc/sudoers": _each("ops ALL = /x{0}\n", n)},
    "includes of a folder": lambda n: {
        "etc/sudoers": "@includedir /etc/rules\n" * n,
        **{f"etc/rules/{number}": "ops ALL = /x\n" for number in range(n // 4)},
    },
    "includes of a file by other names": lambda n: {
        "etc/sudoers": _each("@include /etc/rules\n@include /etc/{0}/../rules\n", n),
        **{f"etc/{number}/x": "" for number in range(n)},
        "etc/rules": "ops ALL = /x\n" * n,
    },
    "members": lambda n: {"etc/group": _each("g{0}:x:{0}:a,ops\n", n)},
    "entries": lambda n: {"etc/subuid": _each("ops:{0}:1\n", n)},
}


def steps(image: Path, files: Files) -> int:
    """How many functions are called while an image is made generic, without the user ops."""
    for path, text in {"etc/passwd": OPS, **files}.items():
        (image / path).parent.mkdir(parents=True, exist_ok=True)
        (image / path).write_text(text)
    root = Root(str(image))
    count = 0

    def add(*_: object) -> None:
        nonlocal count
        count += 1

    old = sys.getprofile()
    sys.setprofile(add)
    try:
        failures = carry_out(root, plan(root, "ops"))
    finally:
        sys.setprofile(old)
    assert failures == []
    return count


@pytest.mark.parametrize("kind", IMAGES)
def test_twice_the_entries_are_twice_the_work(kind: str, tmp_path: Path) -> None:
    """A file of 1 MB has 100,000 entries: with work for each pair it would take days."""
    steps(tmp_path / "first", IMAGES[kind](1))

    none, once, twice = (
        steps(tmp_path / str(size), IMAGES[kind](size)) for size in (0, SIZE, 2 * SIZE)
    )

    assert twice - none <= (once - none) * MOST


def test_more_includes_than_are_looked_up_are_an_error(tmp_path: Path) -> None:
    """Rules that were not examined could make the removed user's name root again."""
    lines = _each("@include /etc/rules{0}\n", 20_001)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(OPS)
    (tmp_path / "etc/sudoers").write_text(lines)

    with pytest.raises(HostError) as caught:
        plan(Root(str(tmp_path)), "ops")

    assert str(caught.value) == (
        f"{tmp_path}/etc/sudoers and other files with rules of sudo include more than 20000 files; "
        "remove files that the image does not need"
    )
