"""Logins that stay possible after deprovision, because a setting of the image allows them.

deprovision removes passwords and keys. It only names these logins: such a setting may be
intended, and no file says who has the key of a CA, or a password in a directory.

Sources: sshd_config(5) of OpenSSH 10, nsswitch.conf(5), nss-systemd(8), agetty(8), pam.conf(5),
and inittab(5) of sysvinit and busybox; read 2026-11-27.
"""

import re
from typing import Callable, Iterator, List, NamedTuple, Tuple

from ...errors import HostError
from ...formats.host.sshd_config import Setting
from ...formats.patterns import matches
from ...formats.text import printable
from ...system.init import SYSTEMD
from ...system.root import Root
from ...system.sshd.passwords import OPTIONS_FILES
from ...system.sshd.server import CONFIGS
from ...system.sshd.settings import read_settings
from ...system.user_database import PASSWD, SWITCH, directories, read_user_file


class OpenLogin(NamedTuple):
    """A login that deprovision does not prevent."""

    #: Who can log in, and how.
    what: str
    fix: str
    #: Whether a file could not be read that may allow a login.
    is_unread: bool = False


# A drop-in of systemd lets sshd ask this program, even in images without any user record.
_OF_SYSTEMD = "/userdbctl"
_RECORD_FOLDERS = (
    "/etc/userdb",
    "/usr/local/lib/userdb",
    "/usr/lib/userdb",
    "/var/lib/systemd/home",
)
_RECORDS = ("*.user", "*.user-privileged", "*.identity")
_KEYTAB = "/etc/krb5.keytab"
# Options of sshd that name another file of settings, or a setting of this file.
_SSHD_OPTION = re.compile(
    # systemd gives sshd the keys of a credential, which the catalogue has.
    r"[ \"'=]-(?:f *([^ \"']+)|o *[\"']?(?!AuthorizedKeysFile \$\{CREDENTIALS_DIRECTORY\}/ssh\.)"
    r"(?:AuthorizedKeys|AuthorizedPrincipals|TrustedUserCA|HostbasedAuth|Include)\w*)",
    re.IGNORECASE,
)
# agetty, mingetty and busybox's getty: a user's name, or a program in place of login.
_GETTY = re.compile(r"getty\b")
_AUTOLOGIN = re.compile(r"\s(--autologin|-[A-Za-z]*a|--login-program|-[A-Za-z]*l)\b")
_SHELL = re.compile(r"-?(?:/\S*/)?(?:a|ba|da|z|k)?sh(?:\s.*)?|\S*login\s(?:.*\s)?-f\b.*")
_INITTAB = "/etc/inittab"
_DEBUG_SHELL = "debug-shell.service"
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


def find_open_logins(root: Root) -> List[OpenLogin]:
    """The logins that stay possible; a file that cannot be read may allow one."""
    found: List[OpenLogin] = []
    searches: Tuple[Callable[[Root], Iterator[OpenLogin]], ...] = (
        _sshd_settings,
        _sshd_options,
        _name_services,
        _user_records,
        _consoles,
        _pam,
    )
    for search in searches:
        try:
            found += search(root)
        except HostError as error:
            what = f"{error.summary}, so it is unknown who else can log in"
            hint = error.hint or "check the file and its file system"
            found.append(OpenLogin(what, hint, is_unread=True))
    return list(dict.fromkeys(found))


def _sshd_settings(root: Root) -> Iterator[OpenLogin]:
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


def _sshd_options(root: Root) -> Iterator[OpenLogin]:
    """Options in services and in the files of distributions that replace sshd's settings."""
    services = [path for path in _unit_files(root, "*ssh*") if "sshd" in _text(root, path)]
    for path in (*OPTIONS_FILES, *services):
        for number, line in enumerate(_text(root, path).split("\n"), start=1):
            for option in _SSHD_OPTION.finditer(line) if not line.startswith("#") else ():
                if option.group(1) not in CONFIGS:
                    yield OpenLogin(
                        f"keys that deprovision does not find may log in, because line {number} of "
                        f"{root.outside(path)} starts sshd with other settings",
                        "check these settings, or remove the option",
                    )


def _name_services(root: Root) -> Iterator[OpenLogin]:
    for name in directories(root):
        yield OpenLogin(
            f"users of the name service {printable(name)} can log in, because "
            f"{root.outside(SWITCH)} lists it for passwd",
            "if they should not, remove that name service from the line",
        )
    lines = read_user_file(root, PASSWD).split(b"\n")
    if any(line.lstrip().startswith(b"+") for line in lines):
        yield OpenLogin(
            f"users of NIS can log in, because {root.outside(PASSWD)} includes them with +",
            f"if they should not, remove the lines with + from {root.outside(PASSWD)}",
        )


def _user_records(root: Root) -> Iterator[OpenLogin]:
    for folder in _RECORD_FOLDERS:
        for name in root.names(folder):
            if any(matches(name, pattern) for pattern in _RECORDS):
                path = root.outside(f"{folder}/{name}")
                yield OpenLogin(
                    f"a user may log in with the password or keys in the user record {path}",
                    f"if the user should not, remove {path}",
                )


def _consoles(root: Root) -> Iterator[OpenLogin]:
    """Consoles that need no password. Azure's serial console reaches them, too."""
    for path in _unit_files(root, "*getty*"):
        for line in _text(root, path).split("\n"):
            if line.lstrip().startswith("ExecStart") and _logs_in(line):
                yield _on_console(root, path)
    for line in _text(root, _INITTAB).split("\n"):
        fields = [] if line.startswith("#") else line.split(":", 3)
        is_started = len(fields) > 3 and fields[2] in ("respawn", "askfirst", "ondemand")
        if is_started and (_SHELL.fullmatch(fields[3]) or _logs_in(fields[3])):
            yield _on_console(root, _INITTAB)
    for folder in SYSTEMD.link_folders(root):
        if root.read_link(f"{folder}/{_DEBUG_SHELL}") is not None:
            yield _on_console(root, f"{folder}/{_DEBUG_SHELL}")


def _logs_in(command: str) -> bool:
    """Whether a command is a getty that asks for no name or no password."""
    getty = _GETTY.search(command)
    return getty is not None and _AUTOLOGIN.search(command, getty.end()) is not None


def _on_console(root: Root, path: str) -> OpenLogin:
    return OpenLogin(
        f"anyone at a console can log in without a password, because of {root.outside(path)}",
        f"if that is not intended, remove the setting from {root.outside(path)}",
    )


def _pam(root: Root) -> Iterator[OpenLogin]:
    for folder in _PAM_FOLDERS:
        for name in root.names(folder):
            path = f"{folder}/{name}"
            if not any(matches(name, service) for service in _PAM_SERVICES):
                continue
            for number, line in enumerate(_text(root, path).split("\n"), start=1):
                module = _PAM_LINE.match(line)
                if module is not None and _PAM_SUCCESS.match(module.group(1)):
                    yield OpenLogin(
                        f"users that {module.group(2)} accepts can log in, because line {number} "
                        f"of {root.outside(path)} makes that sufficient",
                        "if they should not, remove that line",
                    )


def _unit_files(root: Root, pattern: str) -> Iterator[str]:
    """The unit files with such a name, and their drop-ins."""
    folders = [folder for folder in SYSTEMD.unit_folders if root.status(folder) is not None]
    for folder in dict.fromkeys(map(root.real_path, folders)):
        for name in root.names(folder):
            if matches(name, f"{pattern}.service"):
                yield f"{folder}/{name}"
            elif matches(name, f"{pattern}.d"):
                for drop_in in root.names(f"{folder}/{name}"):
                    yield f"{folder}/{name}/{drop_in}"


def _text(root: Root, path: str) -> str:
    """The content of a file; empty for a masked unit, which is a link to /dev/null."""
    is_masked = root.read_link(path) == "/dev/null"
    return "" if is_masked else (root.read(path) or b"").decode("utf-8", "replace")
