"""Consoles and services that give a shell without asking for a password.

Azure's serial console reaches every console of a VM. One judgement serves all init systems: a
getty is trusted only if all its arguments are known to ask for a password, and a command that
ends in a shell gives that shell to someone. So an unusual spelling is reported, too.

Sources: agetty(8), getty of busybox and mingetty(8), systemd.unit(5), systemd.service(5),
systemd-debug-generator(8), inittab(5) of sysvinit and busybox; read 2026-11-27.
"""

import re
from typing import Callable, Iterator, List, Optional, Set, Tuple

from ...formats.patterns import matches
from ...formats.text import printable
from ...system.init import SYSTEMD
from ...system.root import Root
from .matching import matching_paths
from .open_login import OpenLogin, text_of
from .setting_lines import setting_lines, without_password

# systemctl uses system.control for `set-property`, and system.attached for portable services.
_UNIT_FOLDERS = (
    "/etc/systemd/system.control",
    SYSTEMD.folder,
    "/etc/systemd/system.attached",
    *SYSTEMD.package_folders,
)
_WANTED = (".wants", ".requires", ".upholds")
_STARTS = re.compile(
    r"(?:Wants|Requires|Requisite|BindsTo|Upholds|OnFailure|OnSuccess|Unit|Service|Also)\s*=(.*)",
    re.DOTALL,
)
# The names of systemd-getty-generator's units, and the drop-ins for their prefixes.
_OF_GETTY = re.compile(r".*getty|(?:serial|console|container)-\.|service\Z")
_COMMAND = re.compile(r"(Exec\w+)\s*=\s*(.*)", re.DOTALL)
# Debian's getty-static.service uses systemctl.
_USUAL = re.compile(r"\S*(?:getty|kmscon)\s|-?(?:/usr)?(?:/bin/)?systemctl\s")
_ENVIRONMENT = re.compile(r"Environment(File)?\s*=\s*(.*)", re.DOTALL)
# getty's unit has $TERM, which is split at blanks, so it could become an option.
_SETS_TERM = re.compile(r"TERM|\\")
_SAFE_ENVIRONMENT = re.compile(r"(?:[\"']?\w+=(?:[\w./:+@%,][\w./:+@%,-]*)?[\"']?(?:\s+|\Z))*")
# sulogin then opens a shell if root has no password: systemd's docs/ENVIRONMENT.md.
_FORCED = re.compile(r"SYSTEMD_SULOGIN_FORCE=[\"']?(?:1|y|t|on)", re.IGNORECASE)
_MANAGER_SETTINGS = ("/etc/systemd", "system.conf"), ("/etc/systemd/system.conf.d", "*")

# A credential with a value, or from a file; every image of systemd has such names without one.
_CREDENTIAL = re.compile(
    r"(?:Set|Load)Credential(?:Encrypted)?\s*=(?:[^:]*agetty\.autologin|[^:]*login\.noauth"
    r"|\s*[\"']?(?:passwd|ssh|home|userdb|sysusers|tmpfiles)\.[^:]*):"
)

_GETTY = re.compile(r"(?:^|[\s/'\"=@])\w*getty(?![\w@.-])")
# These options neither name a user nor replace login or its options. A value may follow.
_SAFE_OPTIONS = (
    "8bits|delay|detect-case|erase-chars|extract-baud|flow-control|hangup|host|init-string"
    "|issue-file|keep-baud|kill-chars|local-line|login-pause|long-hostname|nice|noclear|nohangup"
    "|nohints|nohostname|noissue|nonewline|noreset|remote|skip-login|timeout|wait-cr"
)
_SAFE_VALUE = r"[^\s$'\"\\;&|<>()`]*"
_SAFE_GETTY = re.compile(
    r"(?:/usr/bin/kmscon\s[^;&|]*--login\s+--\s+)?[-+!:|]*[\w/]*getty(?:\s+(?:-|-[8cEhiJLmnNpRsUw]+|-[8cEhiJLmnNpRsUw]*[dfHIPt]"
    rf"{_SAFE_VALUE}|--(?:{_SAFE_OPTIONS})(?:={_SAFE_VALUE})?|[A-Za-z0-9%/]{_SAFE_VALUE}"
    r"|\$TERM|\$\{TERM\}|-o\s+(?P<quote>['\"])(?:-p )?-- \\{1,2}u(?P=quote)))*\s*"
)
#: The names of shells, for a regular expression.
SHELLS = "(?:a|ba|c|da|fi|hu|k|lk|mk|pdk|rba|tc|ya|z)?sh|cttyhack"
_SHELL = re.compile(rf"(?:{SHELLS})(?:[-.]static)?")
# Programs that are a shell with the option -i.
_INTERPRETER = re.compile(rf"(?:{SHELLS}|python[0-9.]*|perl)(?:[-.]static)?")
_INTERACTIVE = re.compile(r"-[a-zA-Z]*[is]\Z|--interactive|--rcfile|--init-file")
# After one of these, -s asks for the size of a file.
_ASKING = ("[", "[[", "test", "!")
# The program of telnetd -l, nc -e, script -c and socat.
_RUN_BY_OPTION = re.compile(
    rf"\s-[a-zA-Z]*[cel]\s*[\"']?(?:/\S{{0,255}}/)?(?:{SHELLS})(?:[\s\"']|\Z)"
    rf"|(?:EXEC|SYSTEM|exec|system):[\"']?(?:/[^\s,]{{0,255}}/)?(?:{SHELLS})\b"
)
# cloud-init's services read commands from a socket that only root can write to.
_OF_CLOUD_INIT = "/run/cloud-init/share/"
# A program of the image's own on a terminal may be a shell.
_ON_TERMINAL = re.compile(r"StandardInput\s*=\s*tty")
_REDIRECTION = re.compile(r"(?<![0-9<>])[0-9]*[<>]+&?\s*[^\s;&|()]+")
_PREFIXES = "-@:+!|"

#: Of sysvinit and busybox.
INITTAB = "/etc/inittab"
_NO_COMMAND = ("off", "initdefault")
# inetd and xinetd start a program for a connection.
_INETD = ("/etc", "inetd.conf"), ("/etc/inetd.d", "*"), ("/etc/xinetd.d", "*")
# udev starts a unit for a device.
_UDEV = ("/etc/udev/rules.d", "*.rules"), ("/usr/lib/udev/rules.d", "*.rules")
# Of OpenRC, dinit, runit and s6: folders, patterns of names, and files in a folder of that name.
_SCRIPTS = (
    ("/etc", "rc.local", ("",)),
    ("/etc/rc.d", "rc.local", ("",)),
    ("/etc/local.d", "*.start", ("",)),
    ("/etc/conf.d", "*getty*", ("",)),
    ("/etc/init.d", "*getty*", ("",)),
    ("/etc/dinit.d", "*tty*", ("",)),
    ("/etc/sv", "*tty*", ("/run", "/conf")),
    ("/etc/runit/sv", "*tty*", ("/run", "/conf")),
    ("/etc/service", "*tty*", ("/run", "/conf")),
    ("/etc/s6/sv", "*tty*", ("/run", "/conf")),
)
# A getty's command, or the variable for its arguments.
_ARGUMENTS = re.compile(r"getty|args|options", re.IGNORECASE)
_SCRIPT_OPTION = re.compile(
    r"[\s\"'=](?:--a\w*|--login-[op]\w*|-[A-Za-z0-9]*[al](?![\w-])|-o\s*[\"'][^\"']*-\w*f)"
)

_BY_GETTY = "starts a getty with arguments that may skip the password"
_BY_SHELL = "starts a shell"
_BY_OTHER = "starts another program than a getty"
_BY_CREDENTIAL = "sets a credential for logins"
_BY_SULOGIN = "lets sulogin open a shell"


def find_on_consoles(root: Root) -> Iterator[OpenLogin]:
    """The lines of units, inittab and scripts that may give a shell. Raises HostError."""
    yield from _units(root)
    for folders, gives_login, reason in (
        (_MANAGER_SETTINGS, _FORCED.search, _BY_SULOGIN),
        (_INETD, _gives_shell, _BY_SHELL),
        (_UDEV, _wants_shell, _BY_SHELL),
    ):
        for folder, pattern in folders:
            yield from _settings(root, matching_paths(root, folder, pattern), gives_login, reason)
    yield from _inittab(root)
    for folder, pattern, files in _SCRIPTS:
        for path in matching_paths(root, folder, pattern):
            for file in files:
                yield from _script(root, path + file)


def _settings(
    root: Root, paths: List[str], gives_login: Callable[[str], object], reason: str
) -> Iterator[OpenLogin]:
    for path in paths:
        for number, line in setting_lines(root, path):
            if gives_login(line):
                yield without_password(root, path, number, reason)


def _wants_shell(rule: str) -> bool:
    return "shell" in rule.partition("SYSTEMD_WANTS")[2]


def _units(root: Root) -> Iterator[OpenLogin]:
    started: Optional[Set[str]] = None
    for unit, path in unit_files(root):
        # autovt@.service in /etc is a link to a file of systemd.
        file = root.real_path(path, allow_missing=True)
        is_own = not file.startswith(SYSTEMD.package_folders)
        for number, line in setting_lines(root, path):
            reason = _reason(unit, line)
            fix = ""
            if not reason and is_own and _ON_TERMINAL.match(line) and not _OF_GETTY.match(unit):
                reason = _BY_OTHER
            if reason == _BY_SHELL and not is_own:
                # systemd has debug-shell.service and others in every image.
                started = _started_units(root) if started is None else started
                reason = reason if unit in started else ""
                fix = f"mask {printable(unit)}"
            if reason:
                yield without_password(root, path, number, reason, fix)


def _reason(unit: str, line: str) -> str:
    """Why a line of a unit may make a password unnecessary; empty for a usual line."""
    if _FORCED.search(line):
        return _BY_SULOGIN
    if _CREDENTIAL.match(line):
        return _BY_CREDENTIAL
    is_of_getty = _OF_GETTY.match(unit) is not None
    command = _COMMAND.match(line)
    if command is not None:
        key, text = command.groups()
        is_unknown = is_of_getty and key == "ExecStart" and text and not _USUAL.match(text)
        return _reason_of_command(text) or (_BY_OTHER if is_unknown else "")
    environment = _ENVIRONMENT.match(line) if is_of_getty else None
    if environment is None:
        return ""
    is_file, text = environment.groups()
    is_unknown = _SETS_TERM.search(text) and not _SAFE_ENVIRONMENT.fullmatch(text)
    return "may give a getty other arguments" if is_file or is_unknown else ""


def _reason_of_command(command: str) -> str:
    if _GETTY.search(command):
        return "" if _SAFE_GETTY.fullmatch(command) else _BY_GETTY
    return _BY_SHELL if _gives_shell(command) else ""


def _gives_shell(command: str) -> bool:
    """Whether a part of a command ends in a shell, perhaps of su or sudo, or asks for one.

    login without a password counts as well.
    """
    text = _REDIRECTION.sub(" ", command.lstrip(_PREFIXES))
    if _OF_CLOUD_INIT in text:
        return False
    if _RUN_BY_OPTION.search(text):
        return True
    return any(map(_is_shell, re.split(r"[;&|()]+", text)))


def _is_shell(command: str) -> bool:
    """The same for a simple command."""
    words = [word for word in re.split(r"[\s'\"\\]+", command) if word]
    names = [word.rpartition("/")[2] for word in words if not word.startswith("-")]
    options = [
        word
        for before, word in zip(["", *words], words)
        if word.startswith("-") and before not in _ASKING
    ]
    if names and _SHELL.fullmatch(names[-1]):
        return True
    if any(map(_INTERPRETER.fullmatch, names[:1])) and any(map(_INTERACTIVE.match, options)):
        return True
    if "su" in names[-2:] or "runuser" in names[-2:]:
        return not any(re.match(r"-\w*[cu]|--[cu]", option) for option in options)
    if "sudo" in names[-2:]:
        return any(re.match(r"-\w*[is]|--login|--shell", option) for option in options)
    return "login" in names and any(re.match(r"-\w*f", option) for option in options)


def _started_units(root: Root) -> Set[str]:
    """The units that others start, under the names of their files; templates for instances."""
    found: Set[str] = set()
    for folder in _folders(root):
        for name in root.names(folder):
            path = f"{folder}/{name}"
            if name.endswith(_WANTED):
                for unit in root.names(path):
                    target = root.real_path(f"{path}/{unit}", allow_missing=True)
                    found.update((unit, target.rpartition("/")[2]))
            elif name.endswith((".socket", ".timer", ".path")):
                found.add(f"{name.rpartition('.')[0]}.service")
                found.add(f"{name.rpartition('.')[0]}@.service")
    for _, path in unit_files(root, ".*"):
        for _, line in setting_lines(root, path):
            units = _STARTS.match(line)
            found.update(units.group(1).split() if units else [])
    return {_template(unit) for unit in found}


def _template(unit: str) -> str:
    """The name of a unit's file, which an instance has from its template."""
    prefix, at, rest = unit.partition("@")
    return f"{prefix}@.{rest.rpartition('.')[2]}" if at and "." in rest else unit


def unit_files(root: Root, suffix: str = ".service") -> Iterator[Tuple[str, str]]:
    """The units of a kind and their drop-ins that are in effect: the unit, and the path."""
    seen: Set[str] = set()
    for folder in _folders(root):
        names: List[str] = []
        for name in root.names(folder):
            if matches(name, f"*{suffix}.d") or name == "service.d":
                names += [f"{name}/{drop_in}" for drop_in in root.names(f"{folder}/{name}")]
            elif matches(name, f"*{suffix}") and not name.endswith(_WANTED):
                names.append(name)
        # A file in an earlier folder replaces, or masks, those of the same name.
        for name in names:
            if name not in seen:
                yield re.sub(r"\.d/.*", "", name, flags=re.DOTALL), f"{folder}/{name}"
        seen.update(names)


def _folders(root: Root) -> List[str]:
    there = [folder for folder in _UNIT_FOLDERS if root.status(folder) is not None]
    return list(dict.fromkeys(map(root.real_path, there)))


def _inittab(root: Root) -> Iterator[OpenLogin]:
    # busybox joins lines that end in a backslash, sysvinit does not.
    single = enumerate(text_of(root, INITTAB).split("\n"), start=1)
    for number, line in (*setting_lines(root, INITTAB), *single):
        fields = [] if line.startswith("#") else line.split(":", 3)
        if len(fields) > 3 and fields[2].strip() not in _NO_COMMAND:
            reason = _reason_of_command(re.sub(r"\s#.*", "", fields[3]).strip())
            if reason:
                yield without_password(root, INITTAB, number, reason)


def _script(root: Root, path: str) -> Iterator[OpenLogin]:
    for number, line in setting_lines(root, path):
        arguments = _ARGUMENTS.search(line)
        if arguments is not None and _SCRIPT_OPTION.search(line, arguments.end()):
            yield without_password(root, path, number, _BY_GETTY)
        elif _gives_shell(line) and path.endswith("/run"):
            yield without_password(root, path, number, _BY_SHELL)
