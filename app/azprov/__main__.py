"""Runs azprov, or says in one line what this Python lacks.

Rule of this file: it uses only syntax of Python 2.7 and 3.0, and imports nothing
before the version is checked.
"""

import sys

OLDEST_PYTHON = (3, 6)
# urllib3 2 needs Python 3.10; 1.26 is the last line that runs on 3.6 to 3.9.
OLDEST_PYTHON_OF_URLLIB3_2 = (3, 10)

# The one-letter options; none of them takes a value.
FLAGS = "hqv"

# By ID or ID_LIKE of os-release(5). A copy of what check/facts/packages.py knows, since an old
# Python cannot import that; tests/unit/check/test_packages.py compares the two.
PYTHON_PACKAGES = {
    "debian": "apt-get install python3",
    "ubuntu": "apt-get install python3",
    "fedora": "dnf install python3",
    "rhel": "dnf install python3",
    "centos": "dnf install python3",
    "azurelinux": "tdnf install python3",
    "mariner": "tdnf install python3",
    "suse": "zypper install python3",
    "opensuse": "zypper install python3",
    "sles": "zypper install python3",
    "alpine": "apk add python3",
    "arch": "pacman -S python",
    "openwrt": "opkg install python3",
}

CANNOT_RUN = 70
INTERRUPTED = 130


def main():  # type: () -> int
    if sys.version_info < OLDEST_PYTHON:
        return fail(
            "cannot run: Python %d.%d or newer is needed and this is Python %s"
            % (OLDEST_PYTHON + (sys.version.split()[0],)),
            package_advice("a newer python3"),
        )
    # A command must not write __pycache__ folders into the standard library of an image.
    sys.dont_write_bytecode = True
    argv = split_flags(sys.argv[1:])
    archive = __file__[: -len("/azprov/__main__.py")]
    if archive == sys.path[0]:
        sys.path.insert(1, archive + "/" + urllib3_folder())
    try:
        from azprov.startup.deferred import lean_imports

        with lean_imports():
            # It imports urllib3, which is most of a cold start.
            from azprov.boot import connect  # noqa: F401 - imported for its imports
            from azprov.cli import main as command_line

        return command_line(argv)
    except KeyboardInterrupt:
        return fail("interrupted", "run it again to continue", INTERRUPTED)
    except ImportError as error:
        if "-v" in argv or "--verbose" in argv:
            sys.excepthook(*sys.exc_info())
        return fail(
            "cannot run: this Python (%s) lacks the module %s"
            % (sys.executable, (error.name or str(error)).split(".")[0]),
            package_advice("the complete standard library of Python"),
        )


def split_flags(argv):  # type: (list[str]) -> list[str]
    """The words with -vq split into -v -q, because Python 3.6 and 3.7 parse only those."""
    words = []
    for word in argv:
        letters = word[1:] if word.startswith("-") else ""
        are_flags = letters and not letters.strip(FLAGS)
        words += ["-" + letter for letter in letters] if are_flags else [word]
    return words


def urllib3_folder():  # type: () -> str
    """The folder of the archive with the urllib3 for this Python."""
    return "urllib3-2" if sys.version_info >= OLDEST_PYTHON_OF_URLLIB3_2 else "urllib3-1"


def fail(summary, hint, exit_code=CANNOT_RUN):  # type: (str, str, int) -> int
    """Write the line of a failure to stderr, and with --json the object to stdout.

    Imports no module that this Python may lack, not even json. Returns the exit code.
    """
    if "--json" in sys.argv:
        from os import write

        words = [word for word in sys.argv[1:] if not word.startswith("-")]
        command = in_json(words[0]) if words else "null"
        error = '{"summary": %s, "hint": %s}' % (in_json(summary), in_json(hint))
        head = '{"command": %s, "ok": false, "exit_code": %d, "error": ' % (command, exit_code)
        try:  # noqa: SIM105 - Python 2 has no suppress
            write(1, (head + error + "}\n").encode("ascii"))
        except OSError:
            pass
    sys.stderr.write("azprov: %s; %s\n" % (summary, hint))
    return exit_code


def in_json(text):  # type: (str) -> str
    """The text as a JSON string in ASCII; a surrogate pair above U+FFFF (RFC 8259, 7)."""
    quoted = ""
    for letter in text:
        code = ord(letter)
        if code > 0xFFFF:
            quoted += "\\u%04x\\u%04x" % (0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF))
        elif " " <= letter <= "~" and letter not in '"\\':
            quoted += letter
        else:
            quoted += "\\u%04x" % code
    return '"' + quoted + '"'


def package_advice(what, path="/etc/os-release"):  # type: (str, str) -> str
    """How to install `what`, with the command of the distribution in os-release."""
    try:
        with open(path) as os_release:
            lines = os_release.read().splitlines()
    except (OSError, IOError, ValueError):
        lines = []
    for key in ("ID=", "ID_LIKE="):
        for line in lines:
            if line.startswith(key):
                for name in line[len(key) :].strip("\"'").split():
                    if name in PYTHON_PACKAGES:
                        return "install %s: %s" % (what, PYTHON_PACKAGES[name])
    return "install %s with your distribution's python3 package" % what


if __name__ == "__main__":
    sys.exit(main())
