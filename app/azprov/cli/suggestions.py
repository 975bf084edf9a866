"""Suggests the command, option or value that a mistyped word was probably meant to be."""

from difflib import get_close_matches
from typing import Iterable, List

# At most this many suggestions for the beginning of a word.
_MOST_SUGGESTIONS = 2
# Shorter words could be the beginning of too many others.
_SHORTEST_WORD = 2
# From 0 to 1, as difflib measures it.
_SIMILARITY = 0.7


def suggest_command(word: str, commands: Iterable[str]) -> str:
    """A question with a space at its end; empty if no command is similar."""
    # Many other programs have the commands `help` and `version`.
    return _question(_similar(word, [*commands, "--help", "--version"]))


def suggest_option(message: str, options: Iterable[str]) -> str:
    """The same for the first word in argparse's message that looks like an option.

    Empty if that option exists, because then the message is about its value.
    """
    known = list(options)
    # argparse writes an existing option as "-v/--verbose:".
    words = [word.partition("=")[0].partition("/")[0].rstrip(":,") for word in message.split()]
    mistyped = next((word for word in words if word.startswith("-")), "")
    return "" if mistyped in known else _question(_similar(mistyped, known))


def suggest_value(word: str, known: Iterable[str]) -> str:
    """The same for a value that has to be one of a list."""
    return _question(_similar(word, list(known)))


def _similar(word: str, known: List[str]) -> List[str]:
    """The known words that begin with this word, otherwise the most similar one."""
    if len(word.strip("-")) < _SHORTEST_WORD:
        return []
    longer = [name for name in known if name.startswith(word)]
    return longer[:_MOST_SUGGESTIONS] or get_close_matches(word.lower(), known, 1, _SIMILARITY)


def _question(words: List[str]) -> str:
    return f"did you mean {' or '.join(words)}? " if words else ""
