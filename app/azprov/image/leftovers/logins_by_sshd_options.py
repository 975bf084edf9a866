"""Logins that options of sshd allow, where a service or a file of a distribution starts it.

Source: sshd(8) of OpenSSH 10, systemd.service(5) and systemd.exec(5), read 2026-11-27.
"""

import re
from typing import Iterator, Tuple

from ...system.root import Root
from ...system.sshd.passwords import OPTIONS_FILES
from ...system.sshd.server import CONFIGS, SSH_FOLDER
from .logins_by_console import unit_files
from .matching import matching_paths
from .open_login import OpenLogin
from .setting_lines import setting_lines

# The program, also under another name, and none of its helpers and files.
_SSHD = re.compile(
    r"(?:^|[\s/'\"=@:+!|-])sshd(?:[-_.](?!auth|check|config|gen|keygen|pid|service|session|socket"
    r"|target|unix|vsock)\w{1,255})?(?![\w.@/-])"
)
# One in another folder has settings and host keys in another place. Nix and Guix name the file.
_OTHER_SSHD = re.compile(
    r"(?:^|[\s'\"=@:+!|-])(?!/(?:(?:nix|gnu)/store|(?:var/)?run|etc|dev|proc)/|/(?:usr/)?s?bin/sshd|/usr/lib(?:exec)?/(?:open)?ssh/)"
    r"/\S{0,255}/sshd(?![\w.@/-])"
)
_UNITS_OF_SSHD = re.compile(r"sshd?@?\.service")
_COMMAND = re.compile(r"Exec\w+\s*=\s*(.*)", re.DOTALL)
_ENVIRONMENT = re.compile(r"Environment\s*=\s*(.*)", re.DOTALL)
_ENVIRONMENT_FILE = re.compile(r"EnvironmentFile\s*=\s*[\"']?-?([^\s\"']+)")
_VARIABLE = re.compile(r"(?:export\s+)?(\w+)=(.*)", re.DOTALL)
# Variables with the path of other settings: OpenRC's, and those of Kerberos.
_NAMES_FILE = re.compile(r"cfgfile|\w*_CONF(?:IG|DIR)|KRB5_\w+", re.IGNORECASE)
_ARGUMENTS = re.compile(
    r"command_args\w*|server_args|\w{0,255}opt(?:ion)?s\w{0,255}", re.IGNORECASE
)
# systemd gives sshd the keys of a credential, which deprovision removes.
_BY_SYSTEMD = re.compile(
    r"-o\s*[\"']?AuthorizedKeysFile \$\{CREDENTIALS_DIRECTORY\}/ssh\.[\w.-]+ \.ssh/authorized_keys"
    r"[\"']?"
)
_WITH_VALUE = "CEbcfghkopu"
_RISKY = re.compile(
    r"authorized|trusteduserca|hostbased|ignorerhosts|gssapiauth|kerberosauth|include|match"
    r"|pamservicename|pubkeyauth|dsaauth",
    re.IGNORECASE,
)
# Files with the command of sshd, of other init systems and superservers: folders and names.
_OTHER_STARTERS = ("/etc/inittab", "/etc/inetd.conf")
# Scripts and jobs, in which only the lines with sshd matter.
_SCRIPTS = (
    ("/etc", "rc.local"),
    ("/etc/rc.d", "rc.local"),
    ("/etc/local.d", "*.start"),
    ("/etc/init.d", "*"),
    ("/etc", "crontab"),
    ("/etc/cron.d", "*"),
    ("/var/spool/cron", "root"),
    ("/var/spool/cron/crontabs", "root"),
    ("/var/spool/cron/tabs", "root"),
    ("/etc/crontabs", "root"),
)
# The init script of Debian asks sshd for its usage.
_ASKS_USAGE = re.compile(r"\s-\\\?(?=\s)")
_STARTER_FOLDERS = (
    ("/etc/xinetd.d", ""),
    ("/etc/dinit.d", ""),
    ("/etc/sv", "/run"),
    ("/etc/service", "/run"),
    ("/etc/runit/sv", "/run"),
    ("/etc/s6/sv", "/run"),
)


def find_in_options(root: Root) -> Iterator[OpenLogin]:
    """The lines that may start sshd with settings of another file. Raises HostError."""
    files = dict.fromkeys(OPTIONS_FILES)
    for path, number, line, is_usual in _lines_of_units(root):
        file = _ENVIRONMENT_FILE.match(line)
        if file is not None:
            files.setdefault(file.group(1))
        if not is_usual:
            yield _other_settings(root, path, number)
    for path in files:
        for number, line in setting_lines(root, path):
            if not _is_usual_variable(line):
                yield _other_settings(root, path, number)
    for path in (*_OTHER_STARTERS, *_starters(root)):
        lines = list(setting_lines(root, path))
        if any(_SSHD.search(line) for _, line in lines):
            numbers = [number for number, line in lines if not _is_usual_command(line)]
            yield from (_other_settings(root, path, number) for number in numbers)
    yield from _in_scripts(root)


def _in_scripts(root: Root) -> Iterator[OpenLogin]:
    for folder, pattern in _SCRIPTS:
        for path in matching_paths(root, folder, pattern):
            for number, line in setting_lines(root, path):
                if _SSHD.search(line) and not _is_usual_command(_ASKS_USAGE.sub("", line)):
                    yield _other_settings(root, path, number)


def _lines_of_units(root: Root) -> Iterator[Tuple[str, int, str, bool]]:
    """The lines of the units that start sshd: path, number, line, and whether it is usual."""
    for unit, path in unit_files(root):
        lines = list(setting_lines(root, path))
        if _UNITS_OF_SSHD.fullmatch(unit) or any(_starts_sshd(line) for _, line in lines):
            for number, line in lines:
                yield path, number, line, _is_usual(unit, line)


def _starts_sshd(line: str) -> bool:
    command = _COMMAND.match(line)
    return command is not None and _SSHD.search(command.group(1)) is not None


def _is_usual(unit: str, line: str) -> bool:
    """Whether a line of a unit gives sshd no other settings."""
    command, environment = _COMMAND.match(line), _ENVIRONMENT.match(line)
    file = _ENVIRONMENT_FILE.match(line)
    if file is not None:
        # Other files are read, and those in /run are made at boot.
        return not file.group(1).startswith(("/run/", "/var/run/", "%t"))
    if environment is not None:
        words = re.sub("[\"']", "", environment.group(1)).split()
        return _are_usual(" ".join(word.partition("=")[2] or word for word in words)) and not any(
            word.startswith("KRB5_") for word in words
        )
    if command is None:
        return True
    if _OTHER_SSHD.search(command.group(1)):
        return False
    if not line.startswith("ExecStart") or _SSHD.search(command.group(1)):
        return _are_usual(_arguments(command.group(1)))
    # A main process that is not sshd may start it in any way.
    is_main = re.match(r"ExecStart\s*=", line) is not None
    return not (is_main and command.group(1) and _UNITS_OF_SSHD.fullmatch(unit))


def _is_usual_variable(line: str) -> bool:
    """Whether a line of a file of variables gives sshd no other settings."""
    variable = _VARIABLE.fullmatch(line)
    if variable is None:
        return False
    name, value = variable.group(1), variable.group(2).strip("\"'")
    if _NAMES_FILE.fullmatch(name):
        return value in ("", SSH_FOLDER, *CONFIGS)
    return _are_usual(value)


def _is_usual_command(line: str) -> bool:
    """Whether a line of a script, or a setting with arguments, gives sshd no other settings."""
    name, _, value = line.partition("=")
    if _OTHER_SSHD.search(line):
        return False
    return _are_usual(value if _ARGUMENTS.fullmatch(name.strip()) else _arguments(line))


def _arguments(line: str) -> str:
    """The text after the first sshd of a command."""
    program = _SSHD.search(line)
    return "" if program is None else line[program.end() :]


def _are_usual(arguments: str) -> bool:
    """Whether sshd's options name no other file or setting of keys."""
    text = re.sub("[\"']", "", _BY_SYSTEMD.sub(" ", arguments))
    if re.search(r"[\\`]|\$\(", text):
        return False
    words = iter(text.split())
    return all(_is_usual_option(word, words) for word in words)


def _is_usual_option(word: str, following: Iterator[str]) -> bool:
    if not word.startswith("-") or word.startswith("--"):
        return True
    for position, letter in enumerate(word[1:], start=2):
        if letter == "$":
            return False
        if letter in _WITH_VALUE:
            value = word[position:] or next(following, "")
            if letter == "f":
                return value in CONFIGS
            return letter != "o" or not (_RISKY.match(value.lstrip("=")) or "$" in value)
    return True


def _starters(root: Root) -> Iterator[str]:
    for folder, file in _STARTER_FOLDERS:
        for name in root.names(folder):
            yield f"{folder}/{name}{file}"


def _other_settings(root: Root, path: str, number: int) -> OpenLogin:
    return OpenLogin(
        f"keys that deprovision does not find may allow logins, because line {number} of "
        f"{root.outside(path)} starts sshd with other settings",
        "check these settings, or remove the option",
    )
