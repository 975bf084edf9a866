"""Logins that a boot creates: by the kernel command line, credentials and tmpfiles.d.

Sources: systemd.system-credentials(7), systemd-stub(7), systemd-debug-generator(8),
kernel-command-line(7), dracut.cmdline(7) and tmpfiles.d(5) of systemd 257; read 2026-11-27.
"""

import re
import stat
from typing import Iterator, List, Tuple

from ...formats.bounds import SEARCHED_NAMES
from ...formats.patterns import matches
from ...system.init.known import init_program
from ...system.root import Root
from .boot_partitions import PARTITIONS, unified_command_lines
from .catalogue import CREDENTIALS
from .logins_by_console import INITTAB, SHELLS
from .matching import matching_paths
from .open_login import OpenLogin
from .setting_lines import setting_lines, without_password

# Boot loaders' menus, and the settings from which they are made: folders, patterns of names.
_COMMAND_LINES: Tuple[Tuple[str, str], ...] = (
    ("/etc/default", "grub"),
    ("/etc/default/grub.d", "*"),
    ("/etc/grub.d", "*"),
    ("/etc/kernel", "cmdline*"),
    ("/etc/kernel", "uki.conf"),
    ("/etc", "dracut.conf"),
    ("/etc/dracut.conf.d", "*.conf"),
    ("/usr/lib/dracut/dracut.conf.d", "*.conf"),
    ("/etc/kernel/cmdline.d", "*"),
    ("/etc/cmdline.d", "*"),
    ("/usr/lib/kernel", "cmdline"),
    ("/usr/lib/kernel/cmdline.d", "*"),
    ("/", "*linux.c*"),
    *(
        (f"{partition}{folder}", pattern)
        for partition in PARTITIONS
        for folder, patterns in (
            ("", ("*.cfg", "*.conf", "cmdline*.txt")),
            ("/grub", ("*.cfg", "grubenv", "*.lst", "*.conf")),
            ("/grub2", ("*.cfg", "grubenv", "*.conf")),
            ("/extlinux", ("*.c*",)),
            ("/limine", ("*.conf", "*.cfg")),
            ("/syslinux", ("*.c*",)),
            ("/loader/entries", ("*.conf",)),
            ("/EFI/*", ("*.cfg", "grubenv", "*.conf")),
        )
        for pattern in patterns
    ),
)
_OPENS_SHELL = re.compile(
    r"(?:^|[\s\"'=])(?:(?:rd\.)?systemd\.(?:debug[-_]shell(?!=(?:0|no?|f|false|off)(?:[\s\"']|$))"
    r"|break|(?:wants|unit)=\S{0,255}shell)|rd\.break|break=\w|SYSTEMD_SULOGIN_FORCE=(?i:1|y|t|on))"
)
# The initramfs of Debian stops at `break` alone, too, which is also a word of shell scripts.
_BREAK = re.compile(r"(?:^|[\s\"'=])break(?=[\s\"']|$)")
_OF_KERNEL = re.compile(
    r"\bro\b|\brw\b|\bquiet\b|root=|console=|CMDLINE|\blinux|\bappend\b|\boptions\b"
)
_SETS_INIT = re.compile(r"(?:^|[\"'=])(?:rd)?init=")
_IS_SHELL = re.compile(
    rf"(?<=[=/])(?:{SHELLS}|busybox|sulogin|login|python3?)(?:[-.]static)?(?=[\"']|$)"
)
_PULLS = re.compile(r"(?:^|[\s\"'])(?:rd\.)?systemd\.pull=")
# Of systemd, cloud-init and Ignition; GRUB needs a backslash before a semicolon.
_RUNS = re.compile(
    r"(?:^|[\s\"'=])(?:(?:rd\.)?systemd\.run=|ds=[^\s;]{0,255};\S{0,255}?s(?:eedfrom)?="
    r"|cloud-config-url=|cc:|(?:ignition|coreos|flatcar)\.config\.(?:url|data)=)"
)
_BY_INIT = "starts a shell in place of init"
_SETS_CREDENTIAL = re.compile(r"(?:^|[\s\"'])systemd\.set[-_]credential(?:[-_]binary)?=")

# With these, systemd's services and login create users, write files or ask for no password.
# A folder of credentials on the ESP may have passwords and keys as well.
_LOGIN_CREDENTIALS = (
    "*agetty.autologin*",
    "*login.noauth*",
    "home.*",
    "import.pull*",
    "passwd.*-password.*",
    "ssh.*authorized_keys*",
    "systemd.extra-unit.*",
    "systemd.unit-dropin.*",
    "sysusers.*",
    "tmpfiles.*",
    "userdb.*",
)

_TMPFILES = ("/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d")
# Lines with a content, a copy or a link; one with ^ takes the content from a credential.
_TMPFILE = re.compile(r"[\"']?[fFwLC][^\s^]*\s+(\S+)")
_OF_LOGINS = re.compile(
    r"authorized_keys|/\.ssh\b|hosts\.equiv|\.[rs]hosts|credstore|userdb|\\"
    r"|/etc/(?:passwd|g?shadow|sudoers|doas|ssh/sshd)"
)
# A source with more levels of folders is not examined.
_DEEPEST_COPY = 20
# systemd links its own settings, which name userdbctl for keys.
_OWN_LINK = re.compile(
    r"L\S*\s+/etc/ssh/sshd_config\.d/\S+\s[\s-]*/usr/lib/systemd/sshd_config\.d/[\w-]+\.conf\Z"
)


def find_in_init(root: Root) -> Iterator[OpenLogin]:
    """A shell that the kernel starts, or busybox without settings. Raises HostError.

    `check` does not call this: it has rules for images without a usable init. They do not
    read the command lines of unified kernels, as `find_at_boot` does.
    """
    for path, number, line in _command_lines(root):
        if _starts_shell(line):
            yield without_password(root, path, number, _BY_INIT)
    if root.status(INITTAB) is None and init_program(root).endswith("/busybox"):
        yield OpenLogin(
            "someone can log in without a password, because busybox starts shells on the "
            f"consoles if {root.outside(INITTAB)} is missing",
            "create that file",
        )


def find_at_boot(root: Root) -> Iterator[OpenLogin]:
    """The settings with which the next boot lets someone in. Raises HostError."""
    for path, number, line in _command_lines(root):
        is_shell = number == 0 and _starts_shell(line)
        reason = _BY_INIT if is_shell else _reason(line)
        if reason:
            yield without_password(root, path, number, reason)
    yield from _credentials(root)
    for folder in _TMPFILES:
        for path in _paths(root, folder, "*.conf"):
            for number, line in setting_lines(root, path):
                file = _TMPFILE.match(line)
                if file is None or _OWN_LINK.match(line):
                    continue
                if _OF_LOGINS.search(file.group(1)) or _has_copied_keys(root, line):
                    yield without_password(root, path, number, "writes keys or users at boot")


def _reason(line: str) -> str:
    """What a kernel command line does at boot that lets someone in; empty for a usual line."""
    if _OPENS_SHELL.search(line) or (_BREAK.search(line) and _OF_KERNEL.search(line)):
        return "opens a shell at boot"
    if _SETS_CREDENTIAL.search(line):
        return "sets a credential of systemd"
    if _PULLS.search(line):
        return "downloads a system at boot"
    return "runs commands at boot" if _RUNS.search(line) else ""


def _has_copied_keys(root: Root, line: str) -> bool:
    """Whether a line of tmpfiles.d copies or links a folder that may have keys, at any depth."""
    fields = [field.strip("\"'") for field in line.split()]
    if not fields[0].startswith(("C", "L")):
        return False
    source = fields[6] if len(fields) > 6 else f"/usr/share/factory{fields[1]}"
    left = SEARCHED_NAMES
    folders = [(source.rstrip("/"), 0)]
    while folders:
        folder, depth = folders.pop()
        names = root.names(folder)
        left -= len(names)
        # What is not examined may have keys.
        if ".ssh" in names or left < 0 or depth > _DEEPEST_COPY:
            return True
        paths = [f"{folder}/{name}" for name in names]
        folders += [(path, depth + 1) for path in paths if _is_folder(root, path)]
    return False


def _is_folder(root: Root, path: str) -> bool:
    status = root.status(path, follow=False)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _command_lines(root: Root) -> Iterator[Tuple[str, int, str]]:
    for folder, pattern in _COMMAND_LINES:
        for path in _paths(root, folder, pattern):
            for number, line in setting_lines(root, path):
                yield path, number, line
    for path, line in unified_command_lines(root):
        yield path, 0, line


def _starts_shell(line: str) -> bool:
    inits = [(word, _SETS_INIT.search(word)) for word in line.split()]
    return any(init and _IS_SHELL.search(word, init.end()) for word, init in inits)


def _credentials(root: Root) -> Iterator[OpenLogin]:
    folders = [*CREDENTIALS]
    for partition in PARTITIONS:
        folders += _paths(root, f"{partition}/EFI/Linux", "*.extra.d")
    for folder in folders:
        for name in root.names(folder):
            if any(matches(name, pattern) for pattern in _LOGIN_CREDENTIALS):
                path = root.outside(f"{folder}/{name}")
                yield OpenLogin(
                    f"someone may be able to log in, because systemd has the credential {path}",
                    "if that is not intended, remove that file",
                )


def _paths(root: Root, folder: str, pattern: str) -> List[str]:
    """The paths in a folder; a last component * means all folders in it. Names may be FAT's."""
    if folder.endswith("/*"):
        parent = folder[:-2]
        return [
            path
            for name in root.names(parent)
            for path in _paths(root, f"{parent}/{name}", pattern)
        ]
    return matching_paths(root, folder, pattern)
