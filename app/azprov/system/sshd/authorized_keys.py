"""Adding and removing the SSH keys that may log in, and finding the files that hold them."""

import logging
import stat
from typing import Iterator, List, Optional, Sequence, Set, Tuple

from ...errors import HostError, LoginBlocked
from ...formats.bounds import COMPARED
from ...formats.host.authorized_keys import find_other_line, has_key, merge_authorized_keys
from ...formats.host.passwd import Account
from ...formats.host.ssh_keys import SshKey
from ...formats.host.sshd_config import (
    authorized_keys_path,
    common_keys_paths,
    own_keys_paths,
    settings_of_keys,
)
from ..commands import Commands
from ..planting import planter_or_owner, root_of
from ..root import Root
from ..root.entry import Owner
from ..selinux import relabel
from .server import CONFIGS
from .settings import read_settings, settings_of_logins

# sshd's own names, in any home.
_USUAL_NAMES = ("/.ssh/authorized_keys", "/.ssh/authorized_keys2")

log = logging.getLogger(__name__)


def add_keys(root: Root, account: Account, keys: Sequence[SshKey], commands: Commands) -> None:
    """Let keys log in as that user; keys already in the file are kept. Idempotent.

    The file is written with the rights of the user who could plant a link on the way to it.
    Raises HostError.
    """
    path = authorized_keys_path(settings_of_logins(root, account.name, commands), account)
    if path is None:
        raise HostError(
            f"{root.outside(CONFIGS[0])} sets AuthorizedKeysFile none, so sshd accepts no key",
            "remove that line from the image",
        )
    folder = path.rpartition("/")[0]
    planter = planter_or_owner(root, path, account)
    owner = None if planter is None else planter.user
    is_own = owner == (account.uid, account.gid)
    with root_of(root, planter) as user_root:
        user_root.make_folders(folder, mode=0o700 if is_own else 0o755)
        # sshd reads the file with the user's rights.
        _merge(user_root, path, keys, mode=0o600 if is_own else 0o644, owner=owner)
    # Every time: the power may have failed after the file was written and before this.
    relabel(root, folder, commands)
    _require_readable(root, path, account)
    log.info("SSH keys authorized for %s: %d", account.name, len(keys))


def keys_paths(
    root: Root, accounts: Sequence[Account]
) -> Iterator[Tuple[Optional[Account], List[str]]]:
    """Each account with every path at which sshd might look for its keys.

    The last item has no account: its paths hold the keys of every user. A path is listed
    once, although accounts can share a home, as root and Fedora's operator do. Raises
    HostError.
    """
    settings = settings_of_keys(read_settings(root, matches=True))
    if sum(len(setting.values) for setting in settings) > COMPARED:
        raise HostError(
            f"the AuthorizedKeysFile lines of sshd's settings in {root} name more than {COMPARED} "
            "files",
            "shorten that file",
        )
    seen: Set[str] = set()
    for account in (*accounts, None):
        paths = (
            common_keys_paths(settings) if account is None else own_keys_paths(settings, account)
        )
        yield account, [path for path in paths if path not in seen]
        seen.update(paths)


def own_keys_files(root: Root, account: Account) -> List[str]:
    """Every path at which sshd might look for the keys of that account alone. Raises HostError."""
    return own_keys_paths(settings_of_keys(read_settings(root, matches=True)), account)


def holds_keys(root: Root, path: str, *, only_keys: bool = True) -> bool:
    """Whether a file or link is to be removed because of the keys in it. Raises HostError.

    AuthorizedKeysFile may name any file, such as /etc/fstab. So a file that has not the usual
    name is removed only if it has keys and, with `only_keys`, nothing else except comments.
    """
    if path.endswith(_USUAL_NAMES):
        status = root.status(path, follow=False)
        return status is not None and stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFLNK)
    content = _content(root, path)
    return has_key(content) and not (only_keys and find_other_line(content))


def line_without_key(root: Root, path: str) -> int:
    """The first line by which a file is not one of keys; 0 without one. Raises HostError."""
    return 0 if path.endswith(_USUAL_NAMES) else find_other_line(_content(root, path))


def _content(root: Root, path: str) -> bytes:
    """The content of a regular file; empty for anything else, such as /dev/null."""
    return (root.read(path) or b"") if root.is_file(path) else b""


def _merge(
    root: Root, path: str, keys: Sequence[SshKey], *, mode: int, owner: Optional[Owner]
) -> None:
    """Add keys to a file, which never gets more rights than it has; a new one gets the mode."""
    content = root.read(path)
    merged = merge_authorized_keys(content or b"", keys)
    status = root.status(path)
    old_mode = mode if status is None else stat.S_IMODE(status.st_mode)
    if content != merged or old_mode & ~mode:
        root.write(path, merged, mode=mode & old_mode, owner=owner)


def _require_readable(root: Root, path: str, account: Account) -> None:
    """Raises LoginBlocked if only another user may read the keys: sshd reads them as the user."""
    status = root.status(path)
    if status is not None and not (
        account.uid in (0, status.st_uid) or status.st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ):
        from ..typed_paths import run

        raise LoginBlocked(
            f"{account.name} cannot log in with the keys in {root.outside(path)}, because this "
            "user may not read that file",
            run(root, "chmod a+r", path),
        )
