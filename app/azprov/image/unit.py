"""The text of the boot service: what is shipped, with its command filled in."""

import pkgutil
import re
from typing import List, Sequence

from ..errors import HostError

PYZ = "/usr/local/lib/azprov/azprov.pyz"

_COMMAND = re.compile(r"^ExecStart=.*$", re.MULTILINE)
# Sections whose names begin with "X-" are for others to keep notes in, systemd.unit(5).
_NOTE = "\n[X-azprov]\n# Folders that `install` made and `uninstall` takes away.\nMadeFolders="


def render_unit(python: str, arguments: Sequence[str]) -> str:
    """The service file that runs `provision` with these arguments.

    Raises HostError if systemd would read a word of the command as something else.
    """
    words = [python, "-I", PYZ, "provision", *arguments]
    for word in words:
        if not re.match(r"[A-Za-z0-9/._,:@+=-]+\Z", word):
            raise HostError(
                f"{word!a} cannot stand in a service file", "use a plainer path or name"
            )
    shipped = pkgutil.get_data(__name__, "azure-provisioning.service") or b""
    return _COMMAND.sub("ExecStart=" + " ".join(words), shipped.decode("utf-8"), count=1)


def with_made_folders(unit: str, folders: Sequence[str]) -> str:
    return unit + _NOTE + " ".join(folders) + "\n" if folders else unit


def made_folders(unit: str) -> List[str]:
    """The folders noted in a service file, in the order they were made."""
    return unit.partition(_NOTE)[2].split()


def without_made_folders(unit: str) -> str:
    return unit.partition(_NOTE)[0]
