"""Administrator rights: the rule of sudo or doas that lets a user do everything as root."""

import logging
import os

from ..errors import HostError
from ..formats.host.sudo_rules import render_doas_rule, render_sudo_rule
from .commands import Commands
from .root import Root

SUDOERS_FOLDER, DOAS_FOLDER = "/etc/sudoers.d", "/etc/doas.d"
#: The files in these folders that give a user administrator rights.
SUDOERS_FILE, DOAS_FILE = f"{SUDOERS_FOLDER}/90-azprov", f"{DOAS_FOLDER}/90-azprov.conf"

# doas reads only files whose names end in .conf.
_DOAS_DRAFT = f"{DOAS_FOLDER}/.90-azprov.new"
_DOAS_PROGRAMS = ("/usr/bin/doas", "/usr/local/bin/doas", "/bin/doas")
_SUDO_PROGRAMS = ("/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo")
#: The folder of rules of each tool that gives administrator rights, and its programs.
TOOLS = {
    "sudo": (SUDOERS_FOLDER, _SUDO_PROGRAMS),
    "doas": (DOAS_FOLDER, _DOAS_PROGRAMS),
}
_COMMAND_S = 30.0

log = logging.getLogger(__name__)


def make_administrator(root: Root, name: str, commands: Commands) -> None:
    """Let a user do everything as root without a password, with sudo or doas. Idempotent.

    Of the two, the one that is installed is used. Without either, there is a rule for the one
    whose folder exists, for the case that it is installed later.
    """
    tools = [tool for tool, (folder, _) in TOOLS.items() if root.status(folder) is not None]
    installed = [tool for tool in tools if has_tool(root, tool)]
    if not installed:
        log.warning(
            "%s has no administrator rights, because %s has neither sudo with %s nor doas with "
            "%s; install sudo",
            name,
            root,
            SUDOERS_FOLDER,
            DOAS_FOLDER,
        )
    if not tools:
        return
    path, rule, mode = SUDOERS_FILE, render_sudo_rule(name), 0o440
    if [*installed, *tools][0] == "doas":
        path, rule, mode = DOAS_FILE, render_doas_rule(name), 0o600
    if root.read(path) != rule:
        if path == DOAS_FILE:
            _require_doas_accepts(root, rule, commands)
        root.write(path, rule, mode=mode, owner=(os.geteuid(), os.getegid()))


def has_tool(root: Root, tool: str) -> bool:
    """Whether sudo or doas is installed."""
    return any(root.status(path) is not None for path in TOOLS[tool][1])


def _require_doas_accepts(root: Root, rule: bytes, commands: Commands) -> None:
    """Raises HostError for a rule that doas cannot parse: it would then refuse every user."""
    doas = next((path for path in _DOAS_PROGRAMS if root.status(path) is not None), None)
    if doas is None or not root.is_live:
        return
    root.write(_DOAS_DRAFT, rule, mode=0o600, owner=(os.geteuid(), os.getegid()))
    try:
        is_accepted = commands.run([doas, "-C", _DOAS_DRAFT], limit_s=_COMMAND_S)
    finally:
        root.remove(_DOAS_DRAFT)
    if not is_accepted:
        raise HostError(
            f"doas -C does not accept the rule {rule.decode('ascii').strip()!a}",
            "add a rule for the user to /etc/doas.conf",
        )
