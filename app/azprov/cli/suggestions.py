"""Suggests the command, option or value that a mistyped word was probably meant to be."""

from argparse import Action
from difflib import get_close_matches
from os.path import isdir
from typing import Iterable, List, Mapping, Sequence

from ..formats.text import printable

# At most this many suggestions for the beginning of a word.
_MOST_SUGGESTIONS = 2
# Shorter words could be the beginning of too many others.
_SHORTEST_WORD = 2
# From 0 to 1, as difflib measures it.
_SIMILARITY = 0.7
_DISK_FILES = (".vhd", ".vhdx", ".raw", ".img", ".qcow2")
_MOUNT = "mount the disk's file system in a folder, and add --root with that folder; "


def suggest_command(word: str, argv: Sequence[str], commands: Iterable[str]) -> str:
    """A question with a space at its end; empty if no command is similar.

    `argv` is the command line: its command may follow the value of an option.
    """
    named = next((name for name in argv if name in commands), "")
    if named and word == "help":
        return _question([f"azprov.pyz {named} --help"])
    if named and argv[0] != word:
        others = [printable(other) for other in argv if other != named]
        return _question([" ".join(["azprov.pyz", named, *others])])
    # Many other programs have the commands `help` and `version`.
    return _question(_similar(word, [*commands, "--help", "--version"]))


def suggest_option(name: str, options: Iterable[str]) -> str:
    """The same for an option that does not exist."""
    known = list(options)
    if name == "--image" and "--root" in known:
        return _MOUNT
    opposite = f"--no-{name.strip('-')}"
    if opposite in known:
        return f"that is the default, and {opposite} prevents it; "
    return _question(_similar(name, known))


def suggest_for_word(word: str, options: Mapping[str, Action], usual_option: str) -> str:
    """The same for a word that is neither an option nor its value.

    `usual_option` takes such words in this command; empty if there is none.
    """
    flag = options.get(f"--{word}")
    if flag is not None and flag.nargs == 0:
        return _question([f"--{word}"])
    option = usual_option
    if word.lower().endswith(_DISK_FILES):
        if "--image" not in options and "--root" in options:
            return _MOUNT
        option = "--image" if "--image" in options else option
    elif "--root" in options and "/" in word:
        option = "--root"
    likely = [option] if option else []
    if option != "--user" and "--user" in options and "/" not in word and not isdir(word):
        likely.insert(0, "--user")
    return _question([f"{one} {printable(word)}" for one in likely])


def suggest_value(word: str, known: Iterable[str]) -> str:
    """The same for a value that has to be one of a list."""
    return _question(_similar(word, list(known)))


def _similar(word: str, known: List[str]) -> List[str]:
    """The known words that begin with this word, otherwise the most similar ones.

    A known word is similar too if one of its parts is the word: report-ready to ready.
    """
    core = word.strip("-").lower()
    if word.startswith("-") and len(core) == 1:
        word = f"--{core}"
    elif len(core) < _SHORTEST_WORD:
        return []
    longer = [name for name in known if name.startswith(word)]
    similar = longer or get_close_matches(word.lower(), known, 1, _SIMILARITY)
    similar = similar or [name for name in known if core in name.strip("-").split("-")]
    return similar[:_MOST_SUGGESTIONS]


def _question(words: List[str]) -> str:
    return f"did you mean {' or '.join(words)}? " if words else ""
