"""Turning off password logins in sshd's settings, and finding the lines that did so."""

import logging
import re
from typing import Iterable, Iterator, List, Sequence

from ...formats.host.sshd_config import (
    Setting,
    first_values,
    is_for_user,
    parse_sshd_config,
    says,
)
from ...formats.text import printable
from ..commands import Commands
from ..root import Root
from .server import config_file, restart_sshd
from .settings import ask_sshd, read_settings

_DROP_IN_FOLDER = "/etc/ssh/sshd_config.d"
#: Its name sorts first, because the first value of a setting is in effect.
DROP_IN = f"{_DROP_IN_FOLDER}/00-azprov.conf"

_PASSWORDS = "PasswordAuthentication"
# Since OpenSSH 8.7 the second name is an alias of the first; before that, they are two settings.
_KEYBOARD = ("KbdInteractiveAuthentication", "ChallengeResponseAuthentication")
_MARK = "# azprov: the platform asked for a VM without password logins.\n"
_BLOCK = (_MARK + "".join(f"{name} no\n" for name in (_PASSWORDS, *_KEYBOARD))).encode("ascii")
# Comes before the Match blocks of others, because the first one that applies is in effect.
# sshd before 8.7 refuses to start with ChallengeResponseAuthentication in a Match block.
_MATCH_BLOCK = f"{_MARK}Match all\n    {_PASSWORDS} no\n    {_KEYBOARD[0]} no\n".encode("ascii")
_INCLUDE = f"{_MARK}Include {DROP_IN}\n".encode("ascii")
_KEYWORDS = [name.lower() for name in (_PASSWORDS, *_KEYBOARD)]
_OWN_LINES = re.compile(
    b"^(?:" + b"|".join(map(re.escape, (_BLOCK, _MATCH_BLOCK, _INCLUDE))) + b")", re.MULTILINE
)
_FIRST_MATCH = re.compile(rb"^[ \t\r]*match[ \t=]", re.MULTILINE | re.IGNORECASE)
#: Debian, Fedora, SUSE, Alpine and Gentoo read the options of sshd from these files.
OPTIONS_FILES = (
    "/etc/default/ssh",
    "/etc/sysconfig/sshd",
    "/etc/sysconfig/ssh",
    "/etc/conf.d/sshd",
)
_OPTION = re.compile(
    rb"[^#]*-o[ \"']*(%s)[ =\"']+yes" % "|".join(_KEYWORDS).encode("ascii"), re.IGNORECASE
)
# A login with these methods needs no key.
_METHODS = {"any", "password", "keyboard-interactive"}

log = logging.getLogger(__name__)


def forbid_passwords(root: Root, commands: Commands, *, user: str = "root") -> None:
    """Make sshd refuse passwords, from now on. Idempotent. Raises HostError.

    A line that still allows passwords is logged. On a live machine sshd itself is asked
    about logins of root and of that user.
    """
    main = config_file(root)
    if main is None:
        return
    users = dict.fromkeys(("root", user))
    if _lines_allowing_passwords(root, main) or _users_with_passwords(root, users, commands):
        _write(root, main)
        # Not a reload: sshd would close the socket that ssh.socket has opened for it, and end
        # because it cannot open the port itself. Sessions survive a restart.
        restart_sshd(root, commands, "try-restart")
        _log_remaining_lines(root, main)
        for name in _users_with_passwords(root, users, commands):
            log.warning(
                "sshd may still accept passwords: sshd -T allows them for the user %s", name
            )
    _log_options(root)


def without_own_lines(content: bytes) -> bytes:
    """sshd's main file without the lines of `forbid_passwords`, unless those were edited."""
    return _OWN_LINES.sub(b"", content)


def _write(root: Root, main: str) -> None:
    """Write the settings into a file of azprov's own, or into the main file."""
    settings = read_settings(root, matches=True)
    has_matches = any(one.match and one.keyword in _KEYWORDS for one in settings)
    own = _BLOCK + (_MATCH_BLOCK if has_matches else b"")
    if root.status(_DROP_IN_FOLDER) is not None:
        root.write(DROP_IN, own, mode=0o600)
        if not _lines_allowing_passwords(root, main):
            return
    # The drop-in has no effect, because an earlier line wins or no Include names it.
    content = without_own_lines(root.read(main) or b"")
    if has_matches and any(one.keyword == "include" for one in parse_sshd_config(content)):
        # A Match block at the top of the main file would contain the settings below it.
        root.make_folders(_DROP_IN_FOLDER)
        root.write(DROP_IN, own, mode=0o600)
        root.write(main, _INCLUDE + content)
        return
    # sshd before 8.2 includes no files. Remove the drop-in first, so that writing the main
    # file is the last change and a power cut before it leaves the step undone.
    root.remove(DROP_IN)
    match = _FIRST_MATCH.search(content) if has_matches else None
    if match is not None:
        content = content[: match.start()] + _MATCH_BLOCK + content[match.start() :]
    root.write(main, _BLOCK + content)


def _log_remaining_lines(root: Root, main: str) -> None:
    for line in _lines_allowing_passwords(root, main):
        log.warning(
            "sshd may still accept passwords: line %d of %s says %s %s",
            line.line,
            root.outside(line.path),
            line.keyword,
            printable(" ".join(line.values)),
        )


def _log_options(root: Root) -> None:
    """Log the options with which services start sshd: they win over every file."""
    for path in OPTIONS_FILES:
        lines = (root.read(path) or b"").split(b"\n")
        for number, line in enumerate(lines, start=1):
            option = _OPTION.match(line)
            if option is not None:
                log.warning(
                    "sshd may still accept passwords: line %d of %s starts sshd with %s yes",
                    number,
                    root.outside(path),
                    option.group(1).decode("ascii"),
                )


def _lines_allowing_passwords(root: Root, main: str) -> List[Setting]:
    """The lines with which sshd accepts a password from some login.

    A default value counts as line 0 of the main file.
    """
    settings = read_settings(root, matches=True)
    keyboard = [name for name in _KEYBOARD if first_values(settings, name)] or _KEYBOARD[:1]
    return [
        line
        for name in (_PASSWORDS, *keyboard)
        for line in _lines_without_no(settings, name.lower(), main)
    ]


def _lines_without_no(settings: Sequence[Setting], keyword: str, main: str) -> Iterator[Setting]:
    """The lines of a keyword that are in effect for some login and have a value other than no."""
    lines = [one for one in settings if one.keyword == keyword and one.values]
    default = Setting(keyword, ["yes"], path=main)
    outside = [one for one in lines if not one.match][:1] or [default]
    for line in [one for one in lines if one.match] + outside:
        if [value.lower() for value in line.values] != ["no"]:
            yield line
        if is_for_user(line.match, ""):
            return


def _users_with_passwords(root: Root, users: Iterable[str], commands: Commands) -> List[str]:
    """The users that sshd lets log in with a password; none if sshd cannot be asked."""
    answers = {user: ask_sshd(root, user, commands) for user in users}
    return [
        user
        for user, settings in answers.items()
        if settings is not None and accepts_passwords(settings, is_root=user == "root")
    ]


def accepts_passwords(settings: Sequence[Setting], *, is_root: bool) -> bool:
    """Whether one password is enough for a login with these settings.

    Without PAM no program asks keyboard-interactive's questions: sshd_config(5), UsePAM.
    """
    if is_root and not says(settings, "PermitRootLogin", "yes"):
        return False
    methods = first_values(settings, "AuthenticationMethods") or ["any"]
    if not any(_needs_no_key(value.lower().split(",")) for value in methods):
        return False
    keyboard = [name for name in _KEYBOARD if first_values(settings, name)] or _KEYBOARD[:1]
    is_asked = any(not says(settings, name, "no") for name in keyboard)
    return not says(settings, _PASSWORDS, "no") or (is_asked and says(settings, "UsePAM", "yes"))


def _needs_no_key(methods: Iterable[str]) -> bool:
    return _METHODS.issuperset(method.partition(":")[0] for method in methods)
