"""The machine's own SSH keys: which files they are, whether they are usable, making them.

Several distributions have a unit that makes host keys. azprov does not rely on it: on
Debian 13 it has ConditionFirstBoot=yes, and an empty /etc/machine-id is no first boot
for systemd. azprov's service runs before these units, and they keep existing keys.
"""

import logging
from typing import TYPE_CHECKING, List, Optional

from ...errors import HostError
from ..commands import Commands
from ..root import Root
from .server import SSH_FOLDER, config_file, restart_sshd

if TYPE_CHECKING:
    from ...formats.host.ssh_keys import SshKey

_KEYGEN = "ssh-keygen"
_PROGRAMS = ("/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin")
# 4096-bit RSA on a small VM takes seconds.
_KEYGEN_S = 120.0
#: Keys are made in this folder of /etc/ssh, so that no file in use is ever half written.
#: It stays if the power fails; is_host_key is true for its name, so deprovision removes it.
NEW_KEYS = "ssh_host_new_keys"
_NEW_KEYS = f"{SSH_FOLDER}/{NEW_KEYS}"
# A private key of 4096-bit RSA is smaller.
_KEY_BYTES = 4096
# sshd's own list, if no HostKey line names others: sshd_config(5).
_USUAL = tuple(f"{SSH_FOLDER}/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519"))

log = logging.getLogger(__name__)


def is_host_key(name: str) -> bool:
    """Whether a file name in /etc/ssh is that of a host key, private or public."""
    prefix = "ssh_host_"
    return name.startswith(prefix) and "_key" in name[len(prefix) :]


def has_sshd(root: Root) -> bool:
    """Whether there is an sshd. True if that cannot be found out."""
    try:
        return config_file(root) is not None
    except HostError:
        return True


def lacks_host_keys(root: Root) -> bool:
    """Whether a host key of sshd is missing or damaged. True if that cannot be found out."""
    try:
        return any(not _is_usable(root, path) for path in host_key_files(root))
    except HostError:
        return True


def has_usable_host_key(root: Root) -> bool:
    """Whether sshd can start: one host key is enough. Raises HostError."""
    paths = host_key_files(root)
    return not paths or any(_is_usable(root, path) for path in paths)


def host_key_files(root: Root) -> List[str]:
    """The private keys that sshd loads: those of its HostKey lines, or its own list.

    Empty if an agent has the keys. Raises HostError.
    """
    from ...formats.host.sshd_config import first_values
    from .settings import read_settings

    settings = read_settings(root)
    if first_values(settings, "HostKeyAgent"):
        return []
    named = [one.values[0] for one in settings if one.keyword == "hostkey" and one.values]
    # OpenSSH 10 no longer has DSA keys, and 7.0 and later do not use them by default.
    used = [path for path in named if path.startswith("/") and _kind_of(path) != "dsa"]
    return list(dict.fromkeys(used)) or list(_USUAL)


def set_up_host_keys(root: Root, commands: Commands, *, replace_all: bool) -> None:
    """Make the missing or damaged host keys, and log the fingerprints of all of them.

    With `replace_all` every key is replaced. All keys are durable afterwards, also those
    of another program. sshd is restarted if a key is new: it may have failed to start
    without keys. Raises HostError if sshd has no usable host key, or if an old key could
    not be replaced.
    """
    paths = host_key_files(root)
    old = [] if replace_all else [path for path in paths if _is_usable(root, path)]
    missing = [path for path in paths if path not in old]
    failed = _make(root, commands, missing) if missing else []
    if len(failed) < len(missing):
        if replace_all:
            _remove_unused(root, paths)
        log.info("Made new SSH host keys")
        restart_sshd(root, commands, "restart")
    is_old = replace_all and any(root.status(path) is not None for path in failed)
    if failed and (is_old or len(failed) == len(paths)):
        keys = ", ".join(map(root.outside, failed))
        if not any(root.status(f"{folder}/{_KEYGEN}") for folder in _PROGRAMS):
            raise HostError(
                f"could not make {keys}, because there is no ssh-keygen", "install ssh-keygen"
            )
        raise HostError(
            f"ssh-keygen could not make {keys}",
            "run ssh-keygen -t ed25519 -f /run/key and read its error",
        )
    for path in failed:
        log.warning("could not make %s; sshd uses its other host keys", root.outside(path))
    _finish(root, [path for path in paths if path not in failed])


def _make(root: Root, commands: Commands, paths: List[str]) -> List[str]:
    """Make keys at these paths, durably and each in one step. Returns the paths that failed.

    Raises HostError if nothing can be written.
    """
    from ...formats.host.host_key import is_complete

    failed = []
    root.remove_tree(_NEW_KEYS)
    root.make_folders(_NEW_KEYS, mode=0o700)
    try:
        for number, path in enumerate(paths):
            new = f"{_NEW_KEYS}/{number}"
            command = [_KEYGEN, "-q", "-t", _kind_of(path), "-N", "", "-f", new]
            is_made = commands.run(command, limit_s=_KEYGEN_S)
            private = root.read(new) if is_made else None
            if private is None or not is_complete(private):
                failed.append(path)
                continue
            # The certificate of an old key does not fit the new one.
            root.remove(f"{path}-cert.pub")
            root.write(path, private, mode=0o600)
            root.write(f"{path}.pub", root.read(f"{new}.pub") or b"", mode=0o644)
            _relabel(root, path, commands)
        if len(failed) == len(paths):
            # ssh-keygen does not say that the disk is full; this raises DiskError then.
            root.write(f"{_NEW_KEYS}/{len(paths)}", bytes(_KEY_BYTES))
    finally:
        root.remove_tree(_NEW_KEYS)
    return failed


def _remove_unused(root: Root, paths: List[str]) -> None:
    """Remove the other VM's keys that sshd does not load at present."""
    for name in root.names(SSH_FOLDER):
        path = f"{SSH_FOLDER}/{name}"
        if is_host_key(name) and not path.startswith(tuple(paths)):
            root.remove(path)


def _relabel(root: Root, path: str, commands: Commands) -> None:
    from ..selinux import relabel

    relabel(root, path, commands)
    relabel(root, f"{path}.pub", commands)


def _finish(root: Root, paths: List[str]) -> None:
    """Complete the public keys, make all keys durable, and log their fingerprints."""
    from ...formats.host.host_key import describe, public_key_of

    lines = []
    for path in paths:
        key = public_key_of(root.read(path) or b"")
        public = _read_public(root, path)
        if key is not None and (public is None or public[:2] != key[:2]):
            root.write(f"{path}.pub", f"{key.line}\n".encode("ascii"), mode=0o644)
            public = key
        root.sync(path)
        if public is not None:
            root.sync(f"{path}.pub")
            lines.append(describe(public))
    if lines:
        # cloud-init's form, which programs look for on the serial console.
        for line in (
            "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
            *lines,
            "-----END SSH HOST KEY FINGERPRINTS-----",
        ):
            log.info("%s", line)


def _read_public(root: Root, path: str) -> "Optional[SshKey]":
    """The public key beside a private key; None if it is missing or damaged."""
    from ...formats.host.ssh_keys import parse_line

    content = root.read(f"{path}.pub")
    try:
        return parse_line((content or b"").decode("utf-8", "replace").strip())
    except ValueError:
        return None


def _is_usable(root: Root, path: str) -> bool:
    from ...formats.host.host_key import is_complete

    return is_complete(root.read(path) or b"")


def _kind_of(path: str) -> str:
    """The type of key that a file name says; ed25519 if it says none."""
    name = path.rpartition("/")[2]
    return next((kind for kind in ("ecdsa", "ed25519", "rsa", "dsa") if kind in name), "ed25519")
