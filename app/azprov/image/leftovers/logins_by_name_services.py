"""Logins of users that are in another name service than the files.

Source: nsswitch.conf(5), read 2026-11-27.
"""

from typing import Iterator

from ...formats.text import printable
from ...system.root import Root
from ...system.user_database import PASSWD, SWITCH, directories, read_user_file
from .open_login import OpenLogin


def find_in_name_services(root: Root) -> Iterator[OpenLogin]:
    for name in directories(root):
        yield OpenLogin(
            f"users of the name service {printable(name)} can log in, because "
            f"{root.outside(SWITCH)} lists it for passwd",
            "if they should not, remove that name service from the line",
        )
    lines = read_user_file(root, PASSWD).split(b"\n")
    if any(line.lstrip().startswith(b"+") for line in lines):
        yield OpenLogin(
            f"users of NIS can log in, because {root.outside(PASSWD)} includes them with +",
            f"if they should not, remove the lines with + from {root.outside(PASSWD)}",
        )
