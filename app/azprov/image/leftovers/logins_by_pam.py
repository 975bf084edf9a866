"""Logins that PAM accepts without a password of /etc/shadow.

Sources: pam.conf(5), and pam_handlers.c of Linux-PAM 1.7; krb5.conf(5), pam_krb5(5), and Debian's
krb5-config 2.7; smb.conf(5) of Samba 4.17; read 2026-11-27.
"""

import re
from typing import Callable, Dict, Iterator, List, Optional

from ...errors import HostError
from ...formats.host.pam import PamLine, PamModule, find_acceptance, parse_pam
from ...formats.text import printable
from ...system.root import Root
from ...system.sshd.settings import read_settings
from ...system.user_database import SSS, has_sssd_settings
from .open_login import OpenLogin, text_of
from .setting_lines import setting_lines

# SUSE has had the last one.
_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d")
_CONF = "/etc/pam.conf"
# PAM uses the last one for a service without a file of its own.
_SERVICES = (
    "cockpit",
    "login",
    "remote",
    "rexec",
    "rlogin",
    "rsh",
    "sshd",
    "su",
    "su-l",
    "xrdp-sesman",
    "other",
)
_MODULE_FOLDERS = re.compile(r"(?:/usr)?/lib(?:32|64|/[\w-]+)?/security/")
# Modules that accept no one without a password in shadow, or that ask a server or a device which
# a new VM does not have.
_FAILING = {
    "deny",
    "fprintd",
    "pwdb",
    "rootok",
    "systemd_home",
    "unix",
    "unix2",
    "unix_acct",
    "unix_auth",
}
_KRB5_CONFS, _KEYTAB = ("/etc/krb5.conf", "/usr/etc/krb5.conf"), "/etc/krb5.keytab"
# Debian's krb5.conf has MIT's realm until the administrator names another one.
_REALM = re.compile(
    r"(?:default_realm|realm|alt_auth_map|search_k5login)\s*=(?!\s*ATHENA\.MIT\.EDU\s*$)"
    r"|dns_lookup_realm\s*=(?!\s*(?:false|no|off|0)\s*$)|include|module"
)
_REALM_OF_PAM = re.compile("realm|alt_auth_map|search_k5login")
_SMB_CONF, _SAMBA_USERS = "/etc/samba/smb.conf", "/var/lib/samba/private/passdb.tdb"
# Without blanks and in lower case, as Samba compares the names of settings.
_DOMAIN = re.compile(
    "security=(?!user|auto)|serverrole=(?!standalone|auto)|realm=|include=|config|passdbbackend="
)
_SAMBA_BYTES = 64 << 20
# libpam's own limit, and several times the lines of all services together.
_DEEPEST_INCLUDE = 16
_MOST_MODULES = 2000


def find_in_pam(root: Root) -> Iterator[OpenLogin]:
    """The stacks of services that may accept a login although no user has a password."""
    settings = read_settings(root, matches=True)
    named = [one.values[0] for one in settings if one.keyword == "pamservicename" and one.values]
    services = dict.fromkeys([*_SERVICES, *(name.rpartition("/")[2] for name in named)])
    reader = _Reader(root)
    for service in services:
        for folder in _FOLDERS:
            yield from _judge(root, reader.stack(f"{folder}/{service}"))
        yield from _judge(root, reader.stack(_CONF, service=service))


def _judge(root: Root, stack: List[PamModule]) -> Iterator[OpenLogin]:
    unclear = next((module for module in stack if module.line.is_unclear), None)
    if unclear is not None:
        yield OpenLogin(
            f"users without a password may be able to log in: line {unclear.line.number} of "
            f"{root.outside(unclear.path)} can be read in several ways",
            "write that line as TYPE CONTROL MODULE, or remove it",
        )
        return
    module = find_acceptance(stack, lambda module: _fails(root, module))
    if module is not None:
        name = module.line.target.rpartition("/")[2]
        yield OpenLogin(
            f"users that {printable(name[:-3] if name.endswith('.so') else name)} accepts can log "
            f"in, because line {module.line.number} of {root.outside(module.path)} makes that "
            "sufficient",
            "if they should not, remove that line",
        )


def _fails(root: Root, module: PamModule) -> bool:
    """Whether a module accepts no one, because no user has a password."""
    name = _MODULE_FOLDERS.sub("", module.line.target, count=1)
    if not name.startswith("pam_") or not name.endswith(".so"):
        return not name
    name = name[len("pam_") : -len(".so")]
    if name == "krb5" and _REALM_OF_PAM.search(text_of(root, module.path)):
        return False
    return name in _FAILING or (name in _HAS_SETTINGS and not _HAS_SETTINGS[name](root))


def _has_realm(root: Root) -> bool:
    """Whether Kerberos has a realm, without which it knows no user."""
    # Unlike Samba, Kerberos joins no lines.
    lines = (line for path in _KRB5_CONFS for line in text_of(root, path).split("\n"))
    return root.status(_KEYTAB) is not None or any(_REALM.match(line.strip()) for line in lines)


def _has_domain(root: Root) -> bool:
    """Whether Samba has joined a domain, or has users of its own."""
    users = root.read(_SAMBA_USERS, limit_bytes=_SAMBA_BYTES) or b""
    lines = (re.sub(r"\s", "", line).lower() for _, line in setting_lines(root, _SMB_CONF))
    return b"USER_" in users or any(map(_DOMAIN.match, lines))


# Modules that are installed before their directory is set up.
_HAS_SETTINGS: Dict[str, Callable[[Root], bool]] = {
    SSS: has_sssd_settings,
    "krb5": _has_realm,
    "winbind": _has_domain,
}


class _Reader:
    """Reads the stacks of services, up to a bound."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._lines: Dict[str, List[PamLine]] = {}
        self._left = _MOST_MODULES

    def stack(self, path: str, *, service: Optional[str] = None) -> List[PamModule]:
        """The modules that decide for a service, in order. Raises HostError above the bound."""
        return list(self._modules(path, service, 0, 0))

    def _modules(
        self, path: str, service: Optional[str], level: int, depth: int
    ) -> Iterator[PamModule]:
        for line in self._parsed(path, service):
            self._left -= 1
            if self._left < 0:
                raise HostError(
                    f"the PAM settings in {self._root} have more than {_MOST_MODULES} lines, with "
                    "all included files",
                    "shorten that file",
                )
            if line.actions is not None or line.is_unclear:
                yield PamModule(path, line, level)
                continue
            if line.is_substack:
                yield PamModule(path, line, level)
            included = self._included(line.target) if depth < _DEEPEST_INCLUDE else None
            if included is None:
                # libpam refuses every login then.
                yield PamModule(path, PamLine(line.number, actions={"default": "bad"}), level)
            else:
                yield from self._modules(included, None, level + line.is_substack, depth + 1)

    def _parsed(self, path: str, service: Optional[str]) -> List[PamLine]:
        if service is None and path in self._lines:
            return self._lines[path]
        content = self._root.read(path) or b""
        lines = list(parse_pam(content.decode("utf-8", "replace"), service))
        if service is None:
            self._lines[path] = lines
        return lines

    def _included(self, name: str) -> Optional[str]:
        paths = [name] if name.startswith("/") else [f"{folder}/{name}" for folder in _FOLDERS]
        return next((path for path in paths if self._root.status(path) is not None), None)
