"""The numbers of users who were removed from an image, and may still own files in it.

deprovision writes them down, and a new admin user gets another number. Otherwise that user could
read and change the files of the former user.
"""

from typing import Collection, Set

from ..formats.host.passwd import is_id
from .root import Root
from .state import STATE_FOLDER, make_state_folder

#: One number in each line, of users and of groups.
FORMER_IDS = f"{STATE_FOLDER}/former-ids"


def read_former_ids(root: Root) -> Set[int]:
    """The numbers that no new user or group may get. Raises HostError."""
    words = (root.read(FORMER_IDS) or b"").decode("ascii", "replace").split()
    return {int(word) for word in words if is_id(word)}


def write_former_ids(root: Root, numbers: Collection[int]) -> None:
    """Replace the list of numbers, durably. Raises HostError."""
    make_state_folder(root)
    lines = "".join(f"{number}\n" for number in sorted(numbers))
    root.write(FORMER_IDS, lines.encode("ascii"), mode=0o600)
