"""Turning off password logins in sshd's settings, and finding the lines that did so."""

import re

from ...formats.host.sshd_config import first_values, says
from ..commands import Commands
from ..root import Root
from .server import config_file, restart_sshd
from .settings import read_settings

_DROP_IN_FOLDER = "/etc/ssh/sshd_config.d"
#: Its name sorts first, because the first value of a setting is in effect.
DROP_IN = f"{_DROP_IN_FOLDER}/00-azprov.conf"

# Since OpenSSH 8.7 the second name is an alias of the first; before that, they are two settings.
_KEYBOARD = ("KbdInteractiveAuthentication", "ChallengeResponseAuthentication")
_NO_PASSWORDS = "".join(f"{name} no\n" for name in ("PasswordAuthentication", *_KEYBOARD))
_MARK = "# azprov: the platform asked for a VM without password logins.\n"
_BLOCK = (_MARK + _NO_PASSWORDS).encode("ascii")
_OWN_LINES = re.compile(rb"^" + re.escape(_BLOCK), re.MULTILINE)


def forbid_passwords(root: Root, commands: Commands) -> None:
    """Make sshd refuse passwords, from now on. Idempotent. Raises HostError."""
    main = config_file(root)
    if main is None or _refuses_passwords(root):
        return
    if root.status(_DROP_IN_FOLDER) is not None:
        root.write(DROP_IN, _BLOCK, mode=0o600)
    if not _refuses_passwords(root):
        # The drop-in has no effect: sshd before 8.2 includes no files, and an earlier line in
        # the main file wins. Remove the drop-in first, so that writing the main file is the
        # last change and a power cut before it leaves the step undone.
        root.remove(DROP_IN)
        root.write(main, _BLOCK + (root.read(main) or b""))
    restart_sshd(root, commands, "reload-or-restart")


def without_own_lines(content: bytes) -> bytes:
    """sshd's main file without the lines of `forbid_passwords`, unless those were edited."""
    return _OWN_LINES.sub(b"", content)


def _refuses_passwords(root: Root) -> bool:
    settings = read_settings(root)
    keyboard = [name for name in _KEYBOARD if first_values(settings, name)]
    return bool(keyboard) and all(
        says(settings, name, "no") for name in ("PasswordAuthentication", *keyboard)
    )
