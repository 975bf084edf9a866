"""/etc/hosts: replacing the machine's own name."""

import re
from typing import Iterable, List, Optional, Set

from ..text import lines_of

# Debian and its derivatives give the machine's own name this address.
_OWN_ADDRESS = b"127.0.1.1"


def replace_own_name(hosts: bytes, old_names: Iterable[str], name: str) -> bytes:
    """The content of /etc/hosts with this name instead of the old ones, at 127.0.1.1.

    A domain after an old name is kept, unless the new name is fully qualified. The first
    label of a fully qualified name is added after it. If 127.0.1.1 has none of the old
    names, the new one is put before its aliases. A name that is the only one there is an
    old name, and so is the first one if no old name is known. Aliases, comments and all
    other lines are kept byte for byte, and no line is added.
    """
    new = name.encode("ascii")
    needed = [new] if b"." not in new else [new, new.partition(b".")[0]]
    old = {_first_label(text.encode("utf-8", "surrogateescape")) for text in old_names if text}
    lines = lines_of(hosts)
    entries = [_OwnEntry(line) for line in lines if _is_own(line)]
    named = [_first_label(word) for entry in entries for word in entry.names]
    if not old or len(set(named)) == 1:
        old.update(named[:1])
    replaced = [entry for entry in entries if entry.replace(old, needed)]
    present = {word.lower() for entry in entries for word in entry.names}
    missing = [word for word in needed if word.lower() not in present]
    for entry in (replaced or entries)[:1]:
        entry.add(missing)
    changed = iter(entries)
    return b"".join(next(changed).line if _is_own(line) else line for line in lines)


def _is_own(line: bytes) -> bool:
    return line.partition(b"#")[0].split()[:1] == [_OWN_ADDRESS]


def _first_label(name: bytes) -> bytes:
    return name.partition(b".")[0].lower()


class _OwnEntry:
    """A line of 127.0.1.1, as words and the blanks between them."""

    def __init__(self, line: bytes) -> None:
        content = line.rstrip(b"\r\n")
        entry, mark, comment = content.partition(b"#")
        names = entry.rstrip()
        self._end = entry[len(names) :] + mark + comment + line[len(content) :]
        # Blanks, perhaps empty, the address, blanks, a name, blanks, a name and so on.
        self._parts: List[bytes] = re.split(rb"(\S+)", names)[:-1]
        self._replaced_at: Optional[int] = None

    @property
    def line(self) -> bytes:
        return b"".join(self._parts) + self._end

    @property
    def names(self) -> List[bytes]:
        return self._parts[3::2]

    def replace(self, old: Set[bytes], needed: List[bytes]) -> bool:
        """Replace the names that have an old first label; whether there was one."""
        parts = self._parts[:2]
        names = set(self.names)
        kept: Set[bytes] = set()
        for blanks, word in zip(self._parts[2::2], self.names):
            new = word
            if word not in needed and _first_label(word) in old:
                domain = word[len(_first_label(word)) :]
                new = needed[0] if b"." in needed[0] else needed[0] + domain
                is_double = new in kept or (new in needed and new in names)
                if new != word and is_double:
                    continue
                if self._replaced_at is None:
                    self._replaced_at = len(parts) + 1
            parts += [blanks, new]
            kept.add(new)
        self._parts = parts
        return self._replaced_at is not None

    def add(self, names: List[bytes]) -> None:
        """Add names after the first one that was replaced, or before all others."""
        if self._replaced_at is not None:
            at, blanks = self._replaced_at + 1, b" "
        else:
            at, blanks = 2, b"".join(self._parts[2:3]) or b"\t"
        for name in reversed(names):
            self._parts[at:at] = [blanks, name]
