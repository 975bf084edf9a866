"""Who may log in: the keys of users, and whether sshd takes passwords."""

import fnmatch
import logging
import re
import stat
from typing import Iterator, List, Optional, Sequence, Set, Tuple

from ...errors import HostError
from ...formats.host.passwd import Account
from ...formats.host.ssh_keys import SshKey, merge_authorized_keys
from ...formats.host.sshd_config import (
    Setting,
    authorized_keys_path,
    common_keys_paths,
    first_values,
    for_every_connection,
    own_keys_paths,
    parse_sshd_config,
    says,
)
from ..commands import Commands
from ..root import Root
from ..root.entry import Owner
from ..selinux import relabel
from .host_keys import CONFIGS, SSH_FOLDER, restart_sshd

#: First by its name, since the first value of a setting counts.
DROP_IN = "/etc/ssh/sshd_config.d/00-azprov.conf"
_DROP_IN_FOLDER = "/etc/ssh/sshd_config.d"

_MOST_INCLUDES = 16
# The last two are one to OpenSSH since 8.7, and both count for those before it.
_KEYBOARD = ("KbdInteractiveAuthentication", "ChallengeResponseAuthentication")
_NO_PASSWORDS = "".join(f"{name} no\n" for name in ("PasswordAuthentication", *_KEYBOARD))
_MARK = "# azprov: the platform asked for a VM without password logins.\n"
_BLOCK = (_MARK + _NO_PASSWORDS).encode("ascii")
_OWN_LINES = re.compile(rb"^" + re.escape(_BLOCK), re.MULTILINE)

log = logging.getLogger(__name__)


def add_keys(root: Root, account: Account, keys: Sequence[SshKey], commands: Commands) -> None:
    """Let keys log in as that user; what the file holds already stays. Idempotent.

    In the user's home all is done with that user's rights. Raises HostError.
    """
    path = authorized_keys_path(sshd_settings(root), account)
    if path is None:
        raise HostError(
            f"{root.outside(CONFIGS[0])} says AuthorizedKeysFile none, so no key logs in",
            "take that line out of the image",
        )
    folder = path.rpartition("/")[0]
    if _is_in_home(root, path, account):
        owner = (account.uid, account.gid)
        with root.as_user(owner):
            root.make_folders(folder, mode=0o700)
            _merge(root, path, keys, mode=0o600, owner=owner)
    else:
        root.make_folders(folder)
        _merge(root, path, keys, mode=0o644)  # sshd reads it with the user's rights
    # Each time, for the power may have gone before it was done.
    relabel(root, folder, commands)
    log.info("SSH keys that may log in as %s: %d", account.name, len(keys))


def keys_paths(
    root: Root, accounts: Sequence[Account]
) -> Iterator[Tuple[Optional[Account], List[str]]]:
    """Each account with the paths at which sshd might look for its keys, by whatever setting.

    At last, without an account, those for the keys of whoever logs in. A path comes
    once: root's home is the one of Fedora's operator too. Raises HostError.
    """
    settings = sshd_settings(root, matches=True)
    seen: Set[str] = set()
    for account in (*accounts, None):
        paths = (
            common_keys_paths(settings) if account is None else own_keys_paths(settings, account)
        )
        yield account, [path for path in paths if path not in seen]
        seen.update(paths)


def holds_keys(root: Root, path: str) -> bool:
    """Whether there is a file, or a link: some settings name /dev/null, to have no keys."""
    status = root.status(path, follow=False)
    return status is not None and stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFLNK)


def remove_keys(root: Root, account: Optional[Account], path: str) -> None:
    """Take such a file away, with its user's rights where that is in the home. Raises HostError."""
    if account is not None and _is_in_home(root, path, account):
        with root.as_user((account.uid, account.gid)):
            root.remove(path)
    else:
        root.remove(path)


def _is_in_home(root: Root, path: str, account: Account) -> bool:
    """Whether a path leads through the home, by its name or by another one, as with links.

    None does through /, the home of some users of systems: that is nobody's own.
    """
    home = account.home.rstrip("/")
    if not home:
        return False
    if path.startswith(home + "/"):
        return True
    return root.status(home) is not None and any(
        f"{root.real_path(folder)}/".startswith(f"{root.real_path(home)}/")
        for folder in folders_above(path)
        if root.status(folder) is not None
    )


def folders_above(path: str) -> Iterator[str]:
    """Those on the way to a path, but for the root."""
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(2, len(parts)))


def forbid_passwords(root: Root, commands: Commands) -> None:
    """Have sshd take no password, from now on. Idempotent. Raises HostError."""
    main = next((path for path in CONFIGS if root.status(path) is not None), None)
    if main is None or _refuses_passwords(root):
        return
    if root.status(_DROP_IN_FOLDER) is not None:
        root.write(DROP_IN, _BLOCK, mode=0o600)
    if not _refuses_passwords(root):
        # Not included, as by an sshd before 8.2, or set before that: what comes first counts.
        # Removed before that is written: when it is, there is nothing left to do.
        root.remove(DROP_IN)
        root.write(main, _BLOCK + (root.read(main) or b""))
    restart_sshd(root, commands, "reload-or-restart")


def without_own_lines(content: bytes) -> bytes:
    """sshd's own file without what `forbid_passwords` wrote there, unless it was altered since."""
    return _OWN_LINES.sub(b"", content)


def sshd_settings(root: Root, *, matches: bool = False) -> List[Setting]:
    """What counts for every connection, included files in their place.

    With `matches` also what counts for some, by a Match.
    """
    for path in CONFIGS:
        if root.status(path) is not None:
            settings = list(_with_includes(root, path, (), _MOST_INCLUDES))
            return settings if matches else for_every_connection(settings)
    return []


def _with_includes(root: Root, path: str, match: Tuple[str, ...], depth: int) -> Iterator[Setting]:
    for setting in parse_sshd_config(root.read(path) or b""):
        within = match + setting.match
        if setting.keyword != "include":
            yield setting._replace(match=within, path=path)
        elif depth:
            for pattern in setting.values:
                for included in _matching(root, pattern):
                    yield from _with_includes(root, included, within, depth - 1)


def _matching(root: Root, pattern: str) -> List[str]:
    path = pattern if pattern.startswith("/") else f"{SSH_FOLDER}/{pattern}"
    folder, _, name = path.rpartition("/")
    return [f"{folder}/{held}" for held in root.names(folder) if fnmatch.fnmatchcase(held, name)]


def _refuses_passwords(root: Root) -> bool:
    settings = sshd_settings(root)
    keyboard = [name for name in _KEYBOARD if first_values(settings, name)]
    return bool(keyboard) and all(
        says(settings, name, "no") for name in ("PasswordAuthentication", *keyboard)
    )


def _merge(
    root: Root, path: str, keys: Sequence[SshKey], *, mode: int, owner: Optional[Owner] = None
) -> None:
    content = root.read(path)
    merged = merge_authorized_keys(content or b"", keys)
    status = root.status(path)
    if content != merged or status is None or status.st_mode & 0o7777 & ~mode:
        root.write(path, merged, mode=mode, owner=owner)
