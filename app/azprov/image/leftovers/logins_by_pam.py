"""Logins that PAM accepts without a password of /etc/shadow.

Source: pam.conf(5), read 2026-11-27.
"""

import re
from typing import Iterator

from ...formats.patterns import matches
from ...system.root import Root
from .open_login import OpenLogin, text_of

_PAM_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d")
_PAM_SERVICES = ("sshd", "login", "remote", "su", "su-l", "common-*", "system-*", "*-auth")
# Modules that decide without shadow, in a line that is enough for a login.
_PAM_LINE = re.compile(
    r"\s*-?auth\s+(sufficient|\[[^\]]*\])\s+(?:\S*/)?"
    r"(pam_(?:permit|succeed_if|exec|listfile|rhosts|userdb|mysql|pgsql|sqlite3?|radius(?:_auth)?"
    r"|ldap|krb5|winbind|script|python))\.so\b",
    re.IGNORECASE,
)
_PAM_SUCCESS = re.compile(r"sufficient|.*\bsuccess=(?:done|[1-9])", re.IGNORECASE)


def find_in_pam(root: Root) -> Iterator[OpenLogin]:
    for folder in _PAM_FOLDERS:
        for name in root.names(folder):
            path = f"{folder}/{name}"
            if not any(matches(name, service) for service in _PAM_SERVICES):
                continue
            for number, line in enumerate(text_of(root, path).split("\n"), start=1):
                module = _PAM_LINE.match(line)
                if module is not None and _PAM_SUCCESS.match(module.group(1)):
                    yield OpenLogin(
                        f"users that {module.group(2)} accepts can log in, because line {number} "
                        f"of {root.outside(path)} makes that sufficient",
                        "if they should not, remove that line",
                    )
