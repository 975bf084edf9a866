"""How this azprov was started: the command to type, and the file that it runs from."""

import os
import re
import sys

#: The name of the archive, in usage lines and hints.
PROGRAM = "azprov.pyz"


def own_command() -> str:
    """The command that starts this azprov again from the same folder, quoted for a shell."""
    from shlex import quote

    if os.path.basename(sys.argv[0]) == "azprov":
        return "azprov"
    path = quote(sys.argv[0])
    return f"python3 {path}" if path.rstrip("'").endswith(".pyz") else path


def own_path() -> str:
    """The archive that this azprov runs from, or the folder that holds its package."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def with_own_command(text: str) -> str:
    """The text with the command that starts this copy of azprov instead of `azprov.pyz`.

    `azprov.pyz` is replaced only if a word follows, as in a command; paths stay unchanged.
    """
    is_installed = os.path.basename(sys.argv[0]) == "azprov"
    if PROGRAM not in text or not (is_installed or sys.argv[0].endswith(".pyz")):
        return text
    try:
        command = own_command()
    except OSError:  # no file descriptor is free, and own_command imports a module
        return text
    return re.sub(r"(?<![\w/.-])azprov\.pyz(?= [a-z-])", lambda _match: command, text)
