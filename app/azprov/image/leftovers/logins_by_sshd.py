"""Logins that sshd's settings allow without a password or key that deprovision removes.

Source: sshd_config(5) of OpenSSH 10, read 2026-11-27.
"""

import re
from typing import Iterator, List

from ...formats.host.sshd_config import Setting
from ...system.root import Root
from ...system.sshd.passwords import OPTIONS_FILES
from ...system.sshd.server import CONFIGS
from ...system.sshd.settings import read_settings
from .open_login import OpenLogin, text_of, unit_files

# A drop-in of systemd lets sshd ask this program, even in images without any user record.
_OF_SYSTEMD = "/userdbctl"
_KEYTAB = "/etc/krb5.keytab"
# Options of sshd that name another file of settings, or a setting of this file.
_SSHD_OPTION = re.compile(
    # systemd gives sshd the keys of a credential, which the catalogue has.
    r"[ \"'=]-(?:f *([^ \"']+)|o *[\"']?(?!AuthorizedKeysFile \$\{CREDENTIALS_DIRECTORY\}/ssh\.)"
    r"(?:AuthorizedKeys|AuthorizedPrincipals|TrustedUserCA|HostbasedAuth|Include)\w*)",
    re.IGNORECASE,
)


def find_in_settings(root: Root) -> Iterator[OpenLogin]:
    settings = read_settings(root, matches=True)
    key_logins = _in_effect(settings, "PubkeyAuthentication")
    if not key_logins or any(one.values[0].lower() != "no" for one in key_logins):
        for one in _in_effect(settings, "TrustedUserCAKeys"):
            if root.status(one.values[0]) is not None:
                who = f"anyone with a certificate of the CA in {root.outside(one.values[0])}"
                yield _by_sshd(root, one, who)
        for one in _in_effect(settings, "AuthorizedKeysCommand"):
            program = one.values[0]
            if not program.endswith(_OF_SYSTEMD) and root.status(program) is not None:
                yield _by_sshd(root, one, f"anyone with a key that {root.outside(program)} prints")
    for keyword in ("GSSAPIAuthentication", "KerberosAuthentication"):
        for one in _in_effect(settings, keyword):
            if one.values[0].lower() == "yes" and root.status(_KEYTAB) is not None:
                who = f"users of the Kerberos realm of {root.outside(_KEYTAB)}"
                yield _by_sshd(root, one, who)


def _in_effect(settings: List[Setting], keyword: str) -> List[Setting]:
    """The lines of a keyword that are in effect for some login, except for `none`."""
    lines = [one for one in settings if one.keyword == keyword.lower() and one.values]
    outside = [one for one in lines if not one.match][:1]
    lines = [*filter(lambda one: one.match, lines), *outside]
    return [one for one in lines if one.values[0].lower() != "none"]


def _by_sshd(root: Root, one: Setting, who: str) -> OpenLogin:
    path = root.outside(one.path)
    return OpenLogin(
        f"{who} can log in, because line {one.line} of {path} sets {one.keyword}",
        f"if they should not, remove that line from {path}",
    )


def find_in_options(root: Root) -> Iterator[OpenLogin]:
    """Options in services and in the files of distributions that replace sshd's settings."""
    services = [path for path in unit_files(root, "*ssh*") if "sshd" in text_of(root, path)]
    for path in (*OPTIONS_FILES, *services):
        for number, line in enumerate(text_of(root, path).split("\n"), start=1):
            for option in _SSHD_OPTION.finditer(line) if not line.startswith("#") else ():
                if option.group(1) not in CONFIGS:
                    yield OpenLogin(
                        f"keys that deprovision does not find may log in, because line {number} of "
                        f"{root.outside(path)} starts sshd with other settings",
                        "check these settings, or remove the option",
                    )
