"""Paths and commands for the hint of a message, as they are typed on this machine.

Rule of this file: what is typed acts inside the root. A link in an image that leads to an
absolute path would lead to a file of the machine on which the image is made, and a name in an
image may contain any character, such as the ones that end a command.
"""

from ..errors import HostError
from ..formats.text import shell_word
from .root import Root


def edited(root: Root, path: str, *, follow: bool = True) -> str:
    """A path that leads to the same file outside the root as inside, printable, for a sentence.

    Links are resolved inside the root. Without `follow` a link in the last component stays, to
    remove or replace it. Raises HostError.
    """
    return root.outside(_resolved(root, path, follow=follow))


def typed(root: Root, path: str, *, follow: bool = True) -> str:
    """A path as `edited`, as one word of a shell command. Raises HostError."""
    real = _resolved(root, path, follow=follow)
    try:
        return shell_word(real if root.is_live else root.path.rstrip("/") + real)
    except ValueError as error:
        raise HostError(
            f"the name of {root.outside(path)} ends in a line end", "rename that file"
        ) from error


def run(root: Root, command: str, path: str) -> str:
    """The hint to run a command on what a path leads to; another one if none can name that."""
    try:
        return f"run {command} {typed(root, path)}"
    except HostError as error:
        return error.hint


def inside(root: Root, command: str) -> str:
    """A command that runs in the root, as it is typed on this machine."""
    return command if root.is_live else f"chroot {shell_word(root.path)} {command}"


def _resolved(root: Root, path: str, *, follow: bool) -> str:
    return path if root.is_live else root.real_path(path, follow=follow, allow_missing=True)
