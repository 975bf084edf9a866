"""The boot service as a file: rendering it, and reading azprov's values from it again."""

import pkgutil
import re
from typing import List, NamedTuple, Optional, Sequence

from ..errors import HostError
from ..system.init import SYSTEMD, InitSystem
from ..system.init.known import INIT_SYSTEMS
from ..system.root import Root
from .location import PYZ

_PROGRAM = re.compile(r"(?<![\w./+@-])/(?:[A-Za-z0-9._+@-]+/)*azprov\.pyz(?![\w.-])")

# Options that make `provision` create or change a user, and what the service then needs.
_STEPS_FOR_USERS = frozenset(["--admin-user", "--ssh-keys"])
_LAST_DEPENDENCY = "Conflicts=shutdown.target\n"
_CHANGES_FOR_USERS = (
    # A mount with nofail is no part of local-fs.target. "After" and not "Requires": without
    # that disk Ready must still be reported. /home is a link to /var/home on ostree systems.
    (
        _LAST_DEPENDENCY,
        "# A home may be on a disk that is mounted later, and a user in another database.\n"
        "After=home.mount var-home.mount nss-user-lookup.target\n" + _LAST_DEPENDENCY,
    ),
    ("ProtectSystem=strict\n", "ProtectSystem=yes\n"),
    ("ProtectHome=yes\n", "ProtectHome=no\n"),
    ("CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_AUDIT_WRITE "),
)

_SHIPPED_PYTHON = "/usr/bin/python3"


class Command(NamedTuple):
    """The command line of a service: a Python, azprov, its command and the options after it."""

    python: str
    program: str
    name: str
    options: List[str]


class UnusableWord(HostError):
    """A word that a service file cannot have."""


def render_unit(
    python: str, arguments: Sequence[str], *, init: InitSystem = SYSTEMD, program: str = PYZ
) -> str:
    """The service file that runs `provision` of a program with these arguments.

    Raises UnusableWord for a word that the init system or a shell would expand or split.
    """
    for word in [python, program, *arguments]:
        if not re.match(r"[A-Za-z0-9/._,:@+=-]+\Z", word):
            raise UnusableWord(
                f"{word!a} cannot be used in a service file",
                "use a path or name of letters, digits and ./_,:@+=-",
            )
    shipped = (pkgutil.get_data(__name__, init.shipped) or b"").decode("utf-8")
    if makes_users(arguments):
        for narrow, open_to_users in _CHANGES_FOR_USERS:
            shipped = shipped.replace(narrow, open_to_users)
    usual = _command(init, _SHIPPED_PYTHON, PYZ, ())
    text = shipped.replace(usual, _command(init, python, program, arguments))
    return text.replace(f"={_folder(PYZ)}\n", f"={_folder(program)}\n")


def read_service(root: Root, init: InitSystem) -> Optional[str]:
    """The text of the service file where `install` puts it; None for a link or no file."""
    if root.read_link(init.file) is not None:
        return None
    content = root.read(init.file)
    return None if content is None else content.decode("utf-8", "replace")


def program_of(unit: str) -> Optional[str]:
    """The path of the azprov.pyz that a service file starts; None if it starts something else."""
    found = _PROGRAM.search(unit)
    return None if found is None else found.group()


def own_service(root: Root, init: InitSystem) -> Optional[str]:
    """The file of azprov's service, of `install` or a package; None if another service hides it."""
    for path in (init.file, *init.package_files):
        if root.read_link(path) is not None:
            return None
        content = root.read(path)
        if content is not None:
            text = content.decode("utf-8", "replace")
            return path if program_of(text) and init.can_read(text) else None
    return None


def command_of(text: str) -> Command:
    """The command in a service file; its name is empty if the file does not start azprov."""
    commands = [words for init in INIT_SYSTEMS for words in init.commands_in(text)]
    own = [words for words in commands if program_of(" ".join(words)) is not None]
    python, *words = own[0] if own else commands[-1]
    program = program_of(" ".join(words)) or PYZ
    after = words[words.index(program) + 1 :] if program in words else []
    options = after[1:]
    for init in INIT_SYSTEMS:
        count = len(init.arguments)
        if count and tuple(options[:count]) == init.arguments:
            options = options[count:]
    return Command(python, program, after[0] if after else "", options)


def makes_users(arguments: Sequence[str]) -> bool:
    """Whether `provision` with these arguments creates or changes a user."""
    return not _STEPS_FOR_USERS.isdisjoint(arguments)


def user_of_keys(arguments: Sequence[str]) -> str:
    """The user that gets keys from `provision` with these arguments; empty without one."""
    pairs = zip(arguments, arguments[1:])
    users = [value for option, value in pairs if option == "--ssh-keys"]
    # argparse uses the last value of an option.
    return users[-1] if users else ""


def _command(init: InitSystem, python: str, program: str, arguments: Sequence[str]) -> str:
    words = ["-I", program, "provision", *init.arguments, *arguments]
    return init.command.format(python=python, arguments=" ".join(words))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def with_made_folders(unit: str, folders: Sequence[str], *, init: InitSystem) -> str:
    """The service file with a note of the folders that `install` made."""
    return unit + init.note + " ".join(folders) + "\n" if folders else unit


def made_folders(unit: str, init: InitSystem) -> List[str]:
    """The folders noted in a service file, in the order in which they were made."""
    return unit.partition(init.note)[2].split()


def without_made_folders(unit: str, init: InitSystem) -> str:
    """The service file without that note."""
    return unit.partition(init.note)[0]
