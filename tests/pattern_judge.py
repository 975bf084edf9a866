"""Judges whether a regular expression can be kept busy by a text.

Each expression becomes an automaton, in which two ways to read the same text are looked for: a
text that can be read in a loop, in a later loop, and on the way from one to the other. Python
tries all of these ways before it gives up, and their number grows with the square of the length
at least. Source: Weideman and others, Analyzing Matching Time Behavior of Backtracking Regular
Expression Matchers by Using Ambiguity of NFA, 2016.

A bounded repetition counts as no loop, and what looks ahead always succeeds.
"""

import importlib
import re
from typing import Any, Dict, FrozenSet, List, Set, Tuple, Union

_parser: Any = importlib.import_module("re._parser")
SEARCHES = ("search", "sub", "subn", "split", "findall", "finditer")
_ALPHABET = [*map(chr, range(128)), "\xe9", "\u0660", "\u20ac"]

Text = Union[str, bytes]


def ambiguity(pattern: Text, flags: int, method: str) -> str:
    """The characters that make a method with an expression slow; empty if there are none."""
    return Automaton(pattern, flags, method).ambiguity()


class Automaton:
    """The positions of an expression that read a character, and how they follow each other."""

    def __init__(self, pattern: Text, flags: int, method: str) -> None:
        tree = _parser.parse(pattern, flags)
        self.flags = tree.state.flags
        self.edges: Dict[int, List[Tuple[int, Any]]] = {}
        self.reads: Dict[int, FrozenSet[str]] = {}
        self.count = 0
        self.end = self._state()
        ending = "end" if method == "fullmatch" else None
        last = self._state()
        self._edge(last, self.end, ending)
        start = self._build(tree, last, self.flags)
        self.first = self._state()
        self._edge(self.first, start, None)
        # A search begins again at the next character, unless even the empty text matches.
        if method in SEARCHES and not self.accepts(self.first):
            self.reads[self.first] = frozenset(_ALPHABET)
            self._edge(self.first, self.first, None)
        self._classes()

    def _state(self) -> int:
        self.count += 1
        self.edges[self.count] = []
        return self.count

    def _edge(self, source: int, target: int, condition: Any) -> None:
        self.edges[source].append((target, condition))

    def _build(self, tree: Any, after: int, flags: int) -> int:
        for operation, argument in reversed(list(tree)):
            after = self._one(str(operation), argument, after, flags)
        return after

    def _one(self, operation: str, argument: Any, after: int, flags: int) -> int:
        state = self._state()
        if operation in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "GROUPREF"):
            self.reads[state] = _characters(operation, argument, flags)
            self._edge(state, after, None)
            before = self._state()
            self._edge(before, state, None)
            return before
        if operation == "SUBPATTERN":
            _, added, removed, body = argument
            return self._build(body, after, (flags | added) & ~removed)
        if operation == "BRANCH":
            for body in argument[1]:
                self._edge(state, self._build(body, after, flags), None)
            return state
        if operation in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(argument, after, flags)
        if operation == "AT":
            kind = str(argument)
            is_start = kind.startswith("AT_BEGINNING")
            lines = "\n" if flags & re.MULTILINE and kind == "AT_BEGINNING" else ""
            condition = frozenset(lines) if is_start else "end"
            self._edge(state, after, None if kind.endswith("BOUNDARY") else condition)
            return state
        if operation in ("ASSERT", "ASSERT_NOT"):
            return self._look(operation, argument, after, flags)
        raise AssertionError(f"this test does not know {operation}")

    def _repeat(self, argument: Any, after: int, flags: int) -> int:
        state = self._state()
        least, most, body = argument
        if most == _parser.MAXREPEAT:
            self._edge(state, self._build(body, state, flags), None)
            self._edge(state, after, None)
            after = state
        else:
            for _ in range(min(most - least, 2)):
                optional = self._state()
                self._edge(optional, self._build(body, after, flags), None)
                self._edge(optional, after, None)
                after = optional
        for _ in range(min(least, 2)):
            after = self._build(body, after, flags)
        return after

    def _look(self, operation: str, argument: Any, after: int, flags: int) -> int:
        state = self._state()
        direction, body = argument
        if direction > 0:
            self._edge(state, self._build(body, self._state(), flags), None)
            self._edge(state, after, "ahead")
            return state
        width = len(list(body))
        assert width == 1, "only one character can be looked at behind"
        kind, inner = next(iter(body))
        if str(kind) == "AT":
            self._edge(state, after, None)
            return state
        found = _characters(str(kind), inner, flags)
        rest = frozenset(_ALPHABET) - found
        self._edge(state, after, found if operation == "ASSERT" else rest)
        return state

    def _classes(self) -> None:
        """Keep one of the characters that no position and no condition tells from each other."""
        sets = [
            *self.reads.values(),
            *(
                one
                for edges in self.edges.values()
                for _, one in edges
                if isinstance(one, frozenset)
            ),
        ]
        seen: Dict[Tuple[bool, ...], str] = {}
        for character in _ALPHABET:
            seen.setdefault(tuple(character in one for one in sets), character)
        self.letters = frozenset(seen.values())
        self.follows: Dict[Tuple[int, str], List[int]] = {}
        for state in self.reads:
            self.reads[state] &= self.letters
            for letter in self.reads[state]:
                self.follows[state, letter] = self._following(state, letter)

    def _following(self, state: int, letter: str) -> List[int]:
        """The positions after one that has read a letter, once for each way to them."""
        found: List[int] = []
        open_ways: List[Tuple[int, Tuple[int, ...], Any]] = [
            (target, (target,), one) for target, one in self.edges[state]
        ]
        while open_ways:
            at, way, condition = open_ways.pop()
            if condition == "end" or (isinstance(condition, frozenset) and letter not in condition):
                continue
            if at in self.reads:
                found.append(at)
                continue
            open_ways += [
                (target, (*way, target), one) for target, one in self.edges[at] if target not in way
            ]
        return found

    def accepts(self, state: int) -> bool:
        """Whether the expression matches for sure once a position has read its last character."""
        is_any = (
            state in self.reads
            and self.reads[state] == self.letters
            and state in self._following(state, "a")
        )
        seen: Set[int] = set()
        todo = [state]
        while todo:
            at = todo.pop()
            if at == self.end:
                return True
            for target, condition in self.edges[at]:
                is_sure = condition is None or (condition == "end" and is_any)
                if is_sure and target not in seen and target not in self.reads:
                    seen.add(target)
                    todo.append(target)
        return False

    def ambiguity(self) -> str:
        """Two positions that can read the same text again and again; empty without any."""
        graph: Dict[int, Set[int]] = {state: set() for state in self.reads}
        for (state, _), targets in self.follows.items():
            graph[state].update(targets)
        reachable = {state: _reachable(graph, state) for state in graph}
        loops = [state for state in graph if state in reachable[state]]
        judged: Set[int] = set()
        for last in loops:
            for first in () if self.accepts(last) else loops:
                if last not in reachable[first]:
                    continue
                is_loop = first in reachable[last]
                if is_loop and first in judged:
                    continue
                if is_loop:
                    # The ways round a loop can be found from any of its positions.
                    judged |= {one for one in reachable[first] if first in reachable[one]}
                if self._has_two_ways(first) if is_loop else self._is_ambiguous(first, last):
                    shown = [
                        ", ".join(map(ascii, sorted(self.reads[one])[:9])) for one in (first, last)
                    ]
                    return " and then ".join(shown)
        return ""

    def _has_two_ways(self, first: int) -> bool:
        """Whether a text leads from a position back to it in two ways."""
        graph: Dict[Any, Set[Any]] = {}
        todo: List[Any] = [(first, first, letter) for letter in self.reads[first]]
        starts = set(todo)
        while todo:
            state = todo.pop()
            if state in graph:
                continue
            one, other, letter = state
            graph[state] = {
                (a, b, read)
                for a in self.follows[one, letter]
                for b in self.follows[other, letter]
                for read in self.reads[a] & self.reads[b]
            }
            todo += graph[state]
        before: Dict[Any, Set[Any]] = {state: set() for state in graph}
        for state, targets in graph.items():
            for target in targets:
                before[target].add(state)
        returning: Set[Any] = set()
        for start in starts:
            returning |= _reachable(before, start)
        for one, other, letter in returning:
            ways = self.follows[one, letter]
            twice = {target for target in ways if ways.count(target) > 1}
            if one != other or any(
                (a, a, read) in returning for a in twice for read in self.reads[a]
            ):
                return True
        return False

    def _is_ambiguous(self, first: int, last: int) -> bool:
        for letter in self.reads[first] & self.reads[last]:
            seen: Set[Tuple[int, int, int, str]] = set()
            todo = [(first, first, last, letter)]
            while todo:
                one, way, other, previous = todo.pop()
                for a in set(self.follows[one, previous]):
                    for b in set(self.follows[way, previous]):
                        for c in set(self.follows[other, previous]):
                            for read in self.reads[a] & self.reads[b] & self.reads[c]:
                                after = (a, b, c, read)
                                if after not in seen:
                                    seen.add(after)
                                    todo.append(after)
            if (first, last, last, letter) in seen:
                return True
        return False


def _reachable(graph: Dict[int, Set[int]], state: int) -> Set[int]:
    seen: Set[int] = set()
    todo = [state]
    while todo:
        for target in graph[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _characters(operation: str, argument: Any, flags: int) -> FrozenSet[str]:
    if operation == "GROUPREF":
        return frozenset(_ALPHABET)
    if operation == "ANY":
        return frozenset(c for c in _ALPHABET if c != "\n" or flags & re.DOTALL)
    if operation == "IN":
        items = [(str(kind), value) for kind, value in argument]
        found = frozenset().union(
            *(_characters(kind, value, flags) for kind, value in items if kind != "NEGATE")
        )
        return frozenset(_ALPHABET) - found if items[0][0] == "NEGATE" else found
    if operation == "CATEGORY":
        kind = str(argument).replace("CATEGORY_", "")
        escape = {"SPACE": r"\s", "DIGIT": r"\d", "WORD": r"\w"}[kind.replace("NOT_", "")]
        escape = escape.upper() if kind.startswith("NOT_") else escape
        return frozenset(c for c in _ALPHABET if re.match(escape, c))
    low, high = argument if operation == "RANGE" else (argument, argument)
    found = frozenset(
        c
        for c in _ALPHABET
        if low <= ord(c) <= high
        or (flags & re.IGNORECASE and any(low <= ord(o) <= high for o in (c.lower(), c.upper())))
    )
    return frozenset(_ALPHABET) - found if operation == "NOT_LITERAL" else found
