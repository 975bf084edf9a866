"""Logins of users that are in another name service than the files.

Source: nsswitch.conf(5), read 2026-11-27.
"""

from typing import Iterator

from ...formats.text import printable
from ...system.root import Root
from ...system.typed_paths import edited
from ...system.user_database import (
    PASSWD,
    directories,
    names_service,
    read_user_file,
    switch_file,
)
from .open_login import OpenLogin

# The files of the name service db, which makedb(1) and Makefiles of distributions write.
_DATABASES = tuple(
    f"{folder}/{name}.db"
    for folder in ("/var/db", "/var/lib/misc")
    for name in ("passwd", "shadow")
)


def find_in_name_services(root: Root) -> Iterator[OpenLogin]:
    switch = root.outside(switch_file(root))
    for name in directories(root):
        yield OpenLogin(
            f"users of the name service {printable(name)} can log in, because "
            f"{switch} lists it for passwd or shadow",
            "if they should not, remove that name service from the line",
        )
    for path in _DATABASES if names_service(root, "db") else ():
        if root.status(path) is not None:
            yield OpenLogin(
                f"users of {root.outside(path)} can log in, because {switch} lists "
                "the name service db",
                f"if they should not, remove {edited(root, path, follow=False)}",
            )
    lines = read_user_file(root, PASSWD).split(b"\n")
    if any(line.lstrip().startswith(b"+") for line in lines):
        yield OpenLogin(
            f"users of NIS can log in, because {root.outside(PASSWD)} includes them with +",
            f"if they should not, remove the lines with + from {edited(root, PASSWD)}",
        )
