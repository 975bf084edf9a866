"""Mappings, lists and values of YAML in block and in flow style, as far as settings need them.

Rule of this file: what is not certain is not read. Anchors, tags, escapes, values of several
lines and a second document raise HardYaml. Source: https://yaml.org/spec/1.1.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

# A comment or the end of a line, a quoted text, a mark, or a plain word.
_TOKEN = re.compile(
    r"[ \t]*(?:(#.*)?\Z|(\"[^\"\\]*\"|'[^']*')|([{}\[\],:])"
    r"|([^\s{}\[\],:\"'&*!|>%@`?#][^\s{}\[\],]*))",
    re.DOTALL,
)
_QUOTED, _MARK = 2, 3
_CLOSING = {"{": "}", "[": "]"}
_ITEM = "-"
_DEEPEST = 20


class HardYaml(ValueError):
    """The text is not YAML, or uses a part of YAML that is not read here."""


class _Token(NamedTuple):
    column: int
    text: str
    #: Whether it is a mark such as ":", and not a part of a name or value.
    is_mark: bool


def read_yaml(text: str) -> Dict[Tuple[str, ...], List[str]]:
    """The values of a document by the names above each: several for a list, or if it is repeated.

    A name without a value has an empty list. Raises HardYaml.
    """
    document = _Document()
    for line in text.lstrip("\ufeff").splitlines():
        if line.rstrip() != "---" or document.values:
            document.read_line(list(_tokens(line)))
    if document.flow:
        raise HardYaml  # a bracket is not closed
    return document.values


def _tokens(line: str) -> Iterator[_Token]:
    at, end_of_word = 0, -1
    while True:
        match = _TOKEN.match(line, at)
        if match is None or line.startswith("\t"):
            raise HardYaml  # a character with a meaning that is not read here
        at, kind = match.end(), match.lastindex or 0
        if kind < _QUOTED:
            return
        column, text = match.start(kind), match.group(kind)
        if kind == _MARK:
            yield _Token(column, text, is_mark=True)
            continue
        if column == end_of_word or text in ("---", "..."):
            raise HardYaml  # an escaped quote, or a second document
        end_of_word = at
        if kind == _QUOTED:
            yield _Token(column, text[1:-1], is_mark=False)
            continue
        yield _Token(column, text.rstrip(":"), text == _ITEM)
        if text.endswith(":"):
            yield _Token(at, ":", is_mark=True)


class _Document:
    """The values that were read so far, and where the next line continues."""

    def __init__(self) -> None:
        self.values: Dict[Tuple[str, ...], List[str]] = {}
        #: The column and name of each open mapping or item of block style.
        self._block: List[Tuple[int, str]] = []
        #: The bracket and name of each open mapping or list of flow style.
        self.flow: List[Tuple[str, str]] = []
        self._words: List[str] = []

    def read_line(self, tokens: List[_Token]) -> None:
        for token in tokens if self.flow else self._read_block(tokens):
            self._read_flow(token)

    def _read_block(self, tokens: List[_Token]) -> List[_Token]:
        """Read a line up to the bracket in it, and return the rest."""
        items = 0
        while items < len(tokens) and tokens[items][1:] == (_ITEM, True):
            self._open(tokens[items].column, _ITEM)
            items += 1
        words, rest = _split(tokens[items:])
        if words and rest and rest[0].text == ":":
            self._open(tokens[items].column, " ".join(words))
            self._add([])
            words, rest = _split(rest[1:])
        elif not items and (words or self._is_left_of_block(tokens)):
            raise HardYaml  # a value of several lines
        if words and rest:
            raise HardYaml  # a bracket in a value
        if words:
            self._add(words)
        return rest

    def _is_left_of_block(self, tokens: List[_Token]) -> bool:
        return bool(tokens and self._block) and tokens[0].column <= self._block[-1][0]

    def _open(self, column: int, name: str) -> None:
        """Close what does not contain this name or item. Items may be as far left as their list."""
        while self._block:
            last_column, last_name = self._block[-1]
            is_list = name == _ITEM and last_name != _ITEM
            if last_column < column or (last_column == column and is_list):
                break
            self._block.pop()
        self._block.append((column, name))

    def _read_flow(self, token: _Token) -> None:
        if not token.is_mark and self.flow:
            self._words.append(token.text)
        elif token.is_mark and token.text in _CLOSING:
            self._open_bracket(token.text)
        elif not self.flow:
            raise HardYaml  # text after a bracket
        elif token.text == ":":
            if self.flow[-1][1] or not self._words:
                raise HardYaml  # a colon without a name
            self.flow[-1] = self.flow[-1][0], " ".join(self._words)
            self._words = []
            self._add([])
        else:
            self._end_value(token.text)

    def _open_bracket(self, bracket: str) -> None:
        if self._words or self.flow[-1:] == [("{", "")] or len(self.flow) == _DEEPEST:
            raise HardYaml  # a bracket without a name
        self.flow.append((bracket, "" if bracket == "{" else _ITEM))

    def _end_value(self, mark: str) -> None:
        bracket, name = self.flow.pop()
        if mark not in (",", _CLOSING[bracket]) or (self._words and not name):
            raise HardYaml  # a bracket that does not fit, or a name without a value
        if self._words:
            self.flow.append((bracket, name))
            self._add(self._words)
            self._words = []
            self.flow.pop()
        if mark == ",":
            self.flow.append((bracket, "" if bracket == "{" else _ITEM))

    def _add(self, words: List[str]) -> None:
        names = [name for _, name in (*self._block, *self.flow)]
        if names[-1:] == [_ITEM]:
            names.pop()
        values = self.values.setdefault(tuple(names), [])
        if words:
            values.append(" ".join(words))


def _split(tokens: List[_Token]) -> Tuple[List[str], List[_Token]]:
    """The words before the first mark, and the rest."""
    count = next((at for at, token in enumerate(tokens) if token.is_mark), len(tokens))
    return [token.text for token in tokens[:count]], tokens[count:]
