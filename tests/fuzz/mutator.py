"""Mutating inputs: changing bytes, lines and words, and combining two inputs."""

import re
from random import Random
from typing import Callable, List, Sequence, Set, Tuple

LONGEST_BYTES = 1 << 13
_MOST_CHANGES = 6
_MOST_REPEATS = 100
_LONGEST_PIECE = 200

# Texts that parsers of all kinds handle wrongly.
_TOKENS = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1b[2J",
    b"\x7f",
    b"\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x98\x80",
    b"\xc4\xb0",
    b"\xe2\x84\xaa",
    b"\xd9\xa3",
    b"\xef\xbf\xbe",
    b"\\",
    b"'",
    b'"',
    b"%",
    b"#",
    b";",
    b"=",
    b":",
    b"|",
    b"*",
    b"?",
    b"[z-a]",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b"$",
    b"`",
    b"/",
    b"../",
    b"//",
    b".",
    b"-",
    b"+=",
    b",",
    b"!",
    b"0",
    b"-1",
    b"4294967295",
    b"4294967296",
    b"9" * 20,
    b"9" * 5000,
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\\ud800",
    b"\\u0000",
    b"[" * 2000,
    b'{"a":' * 2000,
    b"<![CDATA[",
    b"]]>",
    b"&#0;",
    b"&#13;",
    b"&#xFFFE;",
    b"<!DOCTYPE a>",
    b"<!--",
    b"-->",
    b"<?a ?>",
    b"<a>" * 200,
    b"&amp;",
    b"&lt;",
    b"&a;",
    b"Include",
    b"Match",
    b"none",
)


class Mutator:
    """Makes new inputs from old ones; the same random numbers give the same inputs."""

    def __init__(self, random: Random, seeds: Sequence[bytes]) -> None:
        self._random = random
        words: Set[bytes] = {
            word for seed in seeds for word in re.findall(rb"[\w.@/+-]{2,64}|[^\w\s]", seed)
        }
        self._tokens: List[bytes] = [*_TOKENS, *sorted(words)]
        self._changes: List[Callable[[bytes], bytes]] = [
            self._flip,
            self._set,
            self._insert_token,
            self._insert_token,
            self._replace_word,
            self._delete,
            self._repeat,
            self._move,
            self._double_line,
            self._drop_line,
            self._swap_lines,
            self._join_lines,
            self._change_number,
        ]

    def mutate(self, data: bytes, other: bytes) -> bytes:
        """The input with a few changes, sometimes with a part of another input."""
        if self._random.random() < 0.15:
            start, end = self._piece(other)
            at = self._random.randint(0, len(data))
            data = data[:at] + other[start:end] + data[at if self._random.random() < 0.5 else end :]
        for _ in range(self._random.randint(1, _MOST_CHANGES)):
            data = self._random.choice(self._changes)(data)[:LONGEST_BYTES]
        return data

    def _piece(self, data: bytes) -> Tuple[int, int]:
        start = self._random.randint(0, len(data))
        return start, min(len(data), start + self._random.randint(0, _LONGEST_PIECE))

    def _flip(self, data: bytes) -> bytes:
        at = self._random.randint(0, len(data))
        changed = (value ^ 1 << self._random.randrange(8) for value in data[at : at + 1])
        return data[:at] + bytes(changed) + data[at + 1 :]

    def _set(self, data: bytes) -> bytes:
        at = self._random.randint(0, len(data))
        return data[:at] + bytes([self._random.randrange(256)]) + data[at + 1 :]

    def _insert_token(self, data: bytes) -> bytes:
        at = self._random.randint(0, len(data))
        return data[:at] + self._random.choice(self._tokens) + data[at:]

    def _replace_word(self, data: bytes) -> bytes:
        return self._replaced(data, rb"[\w.-]+", self._random.choice(self._tokens))

    def _change_number(self, data: bytes) -> bytes:
        number = self._random.choice((0, 1, 99, 255, 65535, 1 << 31, (1 << 32) - 1, 1 << 63))
        return self._replaced(data, rb"[0-9]+", b"%d" % number)

    def _replaced(self, data: bytes, pattern: bytes, by: bytes) -> bytes:
        found = list(re.finditer(pattern, data[:4096]))
        if not found:
            return data
        match = self._random.choice(found)
        return data[: match.start()] + by + data[match.end() :]

    def _delete(self, data: bytes) -> bytes:
        start, end = self._piece(data)
        return data[:start] + data[end:]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._piece(data)
        times = self._random.choice((2, 2, 3, 10, _MOST_REPEATS))
        return data[:start] + data[start:end] * times + data[end:]

    def _move(self, data: bytes) -> bytes:
        start, end = self._piece(data)
        at = self._random.randint(0, len(data))
        rest = data[:start] + data[end:]
        return rest[:at] + data[start:end] + rest[at:]

    def _double_line(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        lines.insert(self._random.randrange(len(lines)), self._random.choice(lines))
        return b"\n".join(lines)

    def _drop_line(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        del lines[self._random.randrange(len(lines))]
        return b"\n".join(lines)

    def _swap_lines(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        one, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)

    def _join_lines(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        at = self._random.randrange(len(lines))
        ends = (b"", b" ", b"\r", b"\\\n", b"\r\n", b"\0")
        return b"\n".join(lines[:at]) + self._random.choice(ends) + b"\n".join(lines[at:])
