"""Parses the words of a command line, with the standard library's argparse."""

import argparse
from typing import Any, Dict, NoReturn, Sequence

from ..errors import UsageError


class HelpRequested(Exception):
    """The command line has -h or --help."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError and HelpRequested where argparse would print a text and exit."""

    def __init__(self, *, prog: str) -> None:
        super().__init__(prog=prog, allow_abbrev=False, add_help=False)
        # A parser tries each new option on a help formatter, which imports dataclasses and
        # inspect in Python 3.14, and shutil before. A group does not.
        self._group = self.add_argument_group("options")
        self._group.add_argument("-h", "--help", action="help", help="show this help")
        #: The option that people most likely forgot before a word too many; empty if unknown.
        self.option_of_words = ""
        #: What is right instead of an option that takes no value or does not exist. The key ""
        #: is for a word too many.
        self.explanations: Dict[str, str] = {}
        #: Whether the words are a command with options of its own, which follows "--".
        self.takes_command = False

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        return self._group.add_argument(*names, **settings)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Raises UsageError and HelpRequested."""
        if "-h" not in argv and "--help" not in argv:
            self._require_known(argv)
        return self.parse_args(argv)

    def _require_known(self, argv: Sequence[str]) -> None:
        """Raises UsageError for an unknown option, a missing value, or a word too many.

        argparse would treat the value of a mistyped option as a host name, and accept
        -version as -v from Python 3.8 on.
        """
        words, flag = list(argv), ""
        names_left = sum(not action.option_strings for action in self._actions)
        while words and words[0] != "--":
            word = words.pop(0)
            name, equals, _ = word.partition("=")
            action = self._option_string_actions.get(name)
            if action is None and _is_option(word):
                from .suggestions import suggest_option

                self._fail(
                    f"there is no option {name!a}",
                    self._explained(name) or suggest_option(name, self._option_string_actions),
                )
            elif action is None and self.takes_command and words:
                given = argv[: len(argv) - len(words) - 1]
                self._fail_without_dashes(given, [word, *words])
            elif action is None:
                names_left -= 1
                if names_left < 0:
                    self._fail_for_word(word, flag, argv)
            elif action.nargs == 0:
                if equals:
                    self._fail(f"{name} takes no value", self._explained(name))
                flag = name
                continue
            elif not equals:
                if not words or _is_option(words[0]):
                    self._fail(f"{name} needs a value, {action.metavar or 'one of its choices'}")
                words.pop(0)
            flag = ""

    def _fail_for_word(self, word: str, flag: str, argv: Sequence[str]) -> NoReturn:
        """Raises UsageError for a word too many; `flag` is the option without a value before it."""
        from .suggestions import suggest_for_word

        usual = "" if self.option_of_words in argv else self.option_of_words
        suggestion = suggest_for_word(word, self._option_string_actions, usual)
        because = f", since {flag} takes no value" if flag else ""
        self._fail(
            f"{word!a} is an unexpected argument{because}",
            self._explained(flag) or self._explained("") or suggestion,
        )

    def _fail_without_dashes(self, given: Sequence[str], command: Sequence[str]) -> NoReturn:
        """Raises UsageError for a command that does not follow "--"."""
        from shlex import quote

        typed = " ".join([self.prog, *map(quote, [*given, "--", *command])])
        raise UsageError("the command does not follow --", f"type {typed}")

    def _explained(self, name: str) -> str:
        explanation = self.explanations.get(name)
        return f"{explanation}; " if explanation else ""

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002 - argparse's own form
        raise HelpRequested

    def error(self, message: str) -> NoReturn:
        self._fail(message)

    def _fail(self, summary: str, suggestion: str = "") -> NoReturn:
        raise UsageError(summary, f"{suggestion}{self.prog} --help lists its options")


def _is_option(word: str) -> bool:
    """Whether argparse reads a word as an option: not a negative number, and not a sentence."""
    return word[:1] == "-" and word[1:2] not in "0123456789" and " " not in word
