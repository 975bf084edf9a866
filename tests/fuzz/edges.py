"""Coverage by edges: pairs of lines of azprov that were run one after the other."""

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Callable, Dict, Set, Tuple

_APP = str(Path(__file__).parent.parent.parent / "app")

# A code object, the previous line and the line.
Edge = Tuple[CodeType, int, int]
# An edge, and how often it was run in one run, as the number of bits of that count. So a
# loop that runs twice counts as new.
EdgeCount = Tuple[Edge, int]

# With a higher limit, inputs would only become longer.
_MOST_BITS = 3


class Edges:
    """The edges of many runs."""

    def __init__(self) -> None:
        self._seen: Set[EdgeCount] = set()
        self._now: Dict[Edge, int] = {}
        self._last: Dict[CodeType, int] = {}

    @property
    def lines(self) -> int:
        return len({(code, line) for (code, _, line), _ in self._seen})

    def new(self, function: Callable[[bytes], object], data: bytes) -> int:
        """Call the function, and return the number of new edges. Its exceptions are passed on."""
        self._now = {}
        self._last = {}
        try:
            self._traced(function, data)
        finally:
            counts = {
                (edge, min(times.bit_length(), _MOST_BITS)) for edge, times in self._now.items()
            }
            count = len(counts - self._seen)
            self._seen |= counts
        return count

    def _note(self, code: CodeType, line: int) -> None:
        edge = (code, self._last.get(code, 0), line)
        self._now[edge] = self._now.get(edge, 0) + 1
        self._last[code] = line

    if sys.version_info >= (3, 12):

        def _traced(self, function: Callable[[bytes], object], data: bytes) -> None:
            tool, events = 4, sys.monitoring.events

            def reached(code: CodeType, line: int) -> object:
                if not code.co_filename.startswith(_APP):
                    return sys.monitoring.DISABLE
                return self._note(code, line)

            sys.monitoring.use_tool_id(tool, "azprov-fuzz")
            sys.monitoring.register_callback(tool, events.LINE, reached)
            sys.monitoring.set_events(tool, events.LINE)
            try:
                function(data)
            finally:
                sys.monitoring.set_events(tool, events.NO_EVENTS)
                sys.monitoring.free_tool_id(tool)

    else:

        def _traced(self, function: Callable[[bytes], object], data: bytes) -> None:
            before = sys.gettrace()
            sys.settrace(self._called)
            try:
                function(data)
            finally:
                sys.settrace(before)

        def _called(self, frame: FrameType, _event: str, _argument: object) -> Any:
            return self._reached if frame.f_code.co_filename.startswith(_APP) else None

        def _reached(self, frame: FrameType, event: str, _argument: object) -> Any:
            if event == "line":
                self._note(frame.f_code, frame.f_lineno)
            return self._reached
