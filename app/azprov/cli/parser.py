"""Parses the words of a command line, with the standard library's argparse."""

import argparse
from typing import Any, NoReturn, Sequence

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

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        return self._group.add_argument(*names, **settings)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Raises UsageError, also for a long option with one dash, and HelpRequested.

        From Python 3.8 on, argparse would accept -version as -v.
        """
        for word in argv:
            if word.startswith("-") and word[1:].isalpha() and len(word) > len("-v"):
                self.error(f"unrecognized arguments: {word}")
        return self.parse_args(argv)

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002 - argparse's own form
        raise HelpRequested

    def error(self, message: str) -> NoReturn:
        from .suggestions import suggest_option

        suggestion = suggest_option(message, self._option_string_actions)
        raise UsageError(message, f"{suggestion}{self.prog} --help lists its options")
