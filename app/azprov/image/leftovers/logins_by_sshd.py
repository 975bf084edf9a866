"""Logins that sshd's settings allow without a password or key that deprovision removes.

Source: sshd_config(5) of OpenSSH 10, read 2026-11-27.
"""

import re
from typing import Iterator, List

from ...formats.host.sshd_config import Setting
from ...system.root import Root
from ...system.sshd.authorized_keys import keys_paths, line_without_key
from ...system.sshd.settings import read_settings
from ...system.typed_paths import edited
from ...system.user_database import read_all_accounts
from .open_login import OpenLogin, text_of

# A drop-in of systemd lets sshd ask this program, even in images without any user record.
_OF_SYSTEMD = re.compile(r"(?:/usr)?/bin/userdbctl ssh-authorized-keys %u")
_KEYTAB = "/etc/krb5.keytab"
_KRB5_CONF, _KRB5_FOLDER = "/etc/krb5.conf", "/etc/krb5.conf.d"
_OTHER_KEYTAB = re.compile(r"^[^\S\n]*default_keytab_name[^\S\n]*=", re.MULTILINE)
# Files there are made at each boot, or in use.
_VOLATILE = ("/run/", "/dev/", "/tmp/", "/proc/", "/sys/")  # noqa: S108 - nothing is written
_TOKEN = re.compile("%.*", re.DOTALL)


def find_in_settings(root: Root) -> Iterator[OpenLogin]:
    """The settings that name keys which deprovision cannot remove. Raises HostError."""
    settings = read_settings(root, matches=True)
    if _accepts_keys(settings):
        yield from _other_keys(root, settings)
    for one in _in_effect(settings, "GSSAPIAuthentication"):
        if _says_yes(one) and _has_keytab(root):
            yield _by_sshd(root, one, f"users of the Kerberos realm of {root.outside(_KRB5_CONF)}")
    for one in _in_effect(settings, "KerberosAuthentication"):
        if _says_yes(one):
            yield _by_sshd(root, one, "users of a Kerberos realm")


def _other_keys(root: Root, settings: List[Setting]) -> Iterator[OpenLogin]:
    """Keys of authorities, programs and boots. A missing file may be made at boot."""
    for one in _in_effect(settings, "TrustedUserCAKeys"):
        who = f"anyone with a certificate of the CA in {root.outside(one.values[0])}"
        yield _by_sshd(root, one, who)
    for one in _in_effect(settings, "AuthorizedKeysCommand"):
        if not _OF_SYSTEMD.fullmatch(" ".join(one.values)):
            who = f"anyone with a key that {root.outside(one.values[0])} prints"
            yield _by_sshd(root, one, who)
    for one in _in_effect(settings, "AuthorizedKeysFile"):
        for pattern in one.values:
            if _is_volatile(root, pattern):
                who = f"anyone with a key that is in {root.outside(pattern)} after a boot"
                yield _by_sshd(root, one, who)


def find_in_key_files(root: Root) -> Iterator[OpenLogin]:
    """The files of AuthorizedKeysFile that hold something else than keys. Raises HostError.

    A setting may name any file, so deprovision keeps them.
    """
    for _, paths in keys_paths(root, read_all_accounts(root)):
        for path in paths:
            number = line_without_key(root, path)
            if number:
                yield OpenLogin(
                    f"keys in {root.outside(path)} may allow logins, because AuthorizedKeysFile "
                    f"names it and deprovision keeps it: line {number} is not a key",
                    "remove the keys from that file, or remove that setting",
                )


def _accepts_keys(settings: List[Setting]) -> bool:
    """Whether sshd accepts a key from some login, as it does by default."""
    keyword = "PubkeyAuthentication"
    is_set = any(one.keyword == keyword.lower() and not one.match for one in settings)
    lines = _in_effect(settings, keyword)
    return not is_set or any(one.values[0].lower() != "no" for one in lines)


def _in_effect(settings: List[Setting], keyword: str) -> List[Setting]:
    """The lines of a keyword that are in effect for some login, except for `none`."""
    lines = [one for one in settings if one.keyword == keyword.lower() and one.values]
    outside = [one for one in lines if not one.match][:1]
    lines = [*filter(lambda one: one.match, lines), *outside]
    return [one for one in lines if one.values[0].lower() != "none"]


def _says_yes(one: Setting) -> bool:
    return one.values[0].lower() == "yes"


def _is_volatile(root: Root, pattern: str) -> bool:
    """Whether a path is made again at each boot, so that an image does not have its content."""
    path = _TOKEN.sub("x", pattern)
    if not path.startswith("/") or pattern == "/dev/null":
        return False
    real = root.real_path(path, allow_missing=True)
    return real.startswith(_VOLATILE)


def _has_keytab(root: Root) -> bool:
    """Whether sshd has a key of a Kerberos realm, or may have it in a file of another name."""
    files = (_KRB5_CONF, *(f"{_KRB5_FOLDER}/{name}" for name in root.names(_KRB5_FOLDER)))
    return root.status(_KEYTAB) is not None or any(
        _OTHER_KEYTAB.search(text_of(root, path)) for path in files
    )


def _by_sshd(root: Root, one: Setting, who: str) -> OpenLogin:
    path = root.outside(one.path)
    return OpenLogin(
        f"{who} can log in, because line {one.line} of {path} sets {one.keyword}",
        f"if they should not, remove that line from {edited(root, one.path)}",
    )
