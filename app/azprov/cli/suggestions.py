"""What a mistyped command or option was probably meant to be."""

from difflib import get_close_matches
from typing import Iterable, List

# So many are named that a word begins; of those that look like it, the one that does most.
_MOST = 2
_SHORTEST = 2
_LIKENESS = 0.7


def suggest_command(word: str, commands: Iterable[str]) -> str:
    """A question that ends in a space, empty where nothing is near."""
    # Other programs have commands by the names of these options.
    return _question(_nearest(word, [*commands, "--help", "--version"]))


def suggest_option(message: str, options: Iterable[str]) -> str:
    """The same for the first word of argparse's complaint that looks like an option.

    Nothing where it names an option that there is, and complains of its value.
    """
    known = list(options)
    # argparse names an option that there is as "-v/--verbose:".
    words = [word.partition("=")[0].partition("/")[0].rstrip(":,") for word in message.split()]
    mistyped = next((word for word in words if word.startswith("-")), "")
    return "" if mistyped in known else _question(_nearest(mistyped, known))


def suggest_word(word: str, known: Iterable[str]) -> str:
    """The same for a value of which there is a list."""
    return _question(_nearest(word, list(known)))


def _nearest(word: str, known: List[str]) -> List[str]:
    """The words that it begins, else those that look like it."""
    if len(word.strip("-")) < _SHORTEST:
        return []
    begun = [name for name in known if name.startswith(word)]
    return begun[:_MOST] or get_close_matches(word.lower(), known, 1, _LIKENESS)


def _question(found: List[str]) -> str:
    return f"did you mean {' or '.join(found)}? " if found else ""
