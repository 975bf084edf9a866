"""The mounts in /proc/self/mountinfo, proc_pid_mountinfo(5)."""

import re
from typing import Dict, List, Tuple

_ESCAPED = re.compile(r"\\([0-7]{3})")
_SERVED_BY = re.compile(r",user_id=([0-9]{1,10}),")
# The numbers of the fields.
_DEVICE, _SOURCE, _MOUNT_POINT = 2, 3, 4


def parse_mount_points(content: bytes) -> List[str]:
    """The mount points, in the order of the mounts; lines of another form are ignored."""
    return [point for _, _, point in parse_mounts(content)]


def parse_mounts(content: bytes) -> List[Tuple[str, str, str]]:
    """The device, the path inside its file system, and the mount point of each mount."""
    lines = (line.split(" ") for line in content.decode("utf-8", "surrogateescape").split("\n"))
    return [
        (fields[_DEVICE], _unescaped(fields[_SOURCE]), _unescaped(fields[_MOUNT_POINT]))
        for fields in lines
        if len(fields) > _MOUNT_POINT
    ]


def parse_file_systems(content: bytes) -> Dict[int, str]:
    """The type of the file system of each mount, by the kernel's number of the mount."""
    types = {}
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        number, _, rest = line.partition(" ")
        if number.isdigit():
            types[int(number)] = rest.partition(" - ")[2].partition(" ")[0]
    return types


def parse_served_mounts(content: bytes) -> List[Tuple[str, int]]:
    """The mount points of FUSE that are for all users, with the UID of the program behind each."""
    found = []
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        mount, _, rest = line.partition(" - ")
        fields = mount.split(" ")
        kind, _, options = [*rest.split(" "), "", ""][:3]
        uid = _SERVED_BY.search(f",{options},")
        is_for_all = ",allow_other," in f",{options},"
        if kind.startswith("fuse") and uid and is_for_all and len(fields) > _MOUNT_POINT:
            found.append((_unescaped(fields[_MOUNT_POINT]), int(uid.group(1))))
    return found


def _unescaped(text: str) -> str:
    # Blanks, tabs, line ends and backslashes are octal numbers.
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), text)
