"""The provisioning report: one line that describes the result of provisioning.

Its fields are joined by "|" and quoted as in CSV, with "'". cloud-init and azure-init
send the same form in WireServer's Description and by Hyper-V KVP.
"""

from typing import Dict, List, Optional, Tuple

from ..text import printable_lines
from .health import fit_description
from .kvp import VALUE_LIMIT_BYTES

KVP_KEY = "PROVISIONING_REPORT"
# The limit for one text, so that a long one leaves room for the others.
_LONGEST_BYTES = 800

_DOCUMENTATION = "https://aka.ms/linuxprovisioningerror"
# The first fields to be dropped from a long report; the result and the reason stay.
_LEAST_IMPORTANT_FIRST = ("documentation_url", "timestamp", "agent", "vm_id")

Fields = Tuple[Tuple[str, str], ...]


class Origin:
    """The reporting agent, the VM, and the time in ISO 8601 with its offset."""

    def __init__(self, agent: str, vm_id: Optional[str], timestamp: str) -> None:
        self.agent = agent
        self.vm_id = vm_id
        self.timestamp = timestamp


def success_report(origin: Origin) -> str:
    return render_report(
        (
            ("result", "success"),
            ("agent", origin.agent),
            ("timestamp", origin.timestamp),
            ("vm_id", origin.vm_id or ""),
        )
    )


def failure_report(origin: Origin, reason: str, data: Dict[str, str]) -> str:
    """The report of a failure; `data` is dropped first from a long report."""
    return render_report(
        (
            ("result", "error"),
            ("reason", reason),
            ("agent", origin.agent),
            *data.items(),
            ("vm_id", origin.vm_id or ""),
            ("timestamp", origin.timestamp),
            ("documentation_url", _DOCUMENTATION),
        ),
        spare=tuple(reversed(list(data))),
    )


def render_report(fields: Fields, *, spare: Tuple[str, ...] = ()) -> str:
    """The line, which fits both WireServer and KVP.

    Empty fields are left out. A long line first loses whole fields, beginning with
    `spare`; then the longest text is cut at its end.
    """
    texts = ((name, _one_line(value)) for name, value in fields)
    left = [(name, fit_description(text, _LONGEST_BYTES)) for name, text in texts if text]
    for name in (*spare, *_LEAST_IMPORTANT_FIRST):
        if _fits(_join(left)):
            break
        left = [field for field in left if field[0] != name]
    while not _fits(_join(left)):
        longest = max(range(len(left)), key=lambda number: len(left[number][1]))
        name, value = left[longest]
        left[longest] = (name, value[: len(value) * 9 // 10])
    return _join(left)


def parse_report(line: str) -> Fields:
    """The fields of a line. Raises ValueError for wrong quoting or a field without a name."""
    import csv

    try:
        (words,) = csv.reader([line], delimiter="|", quotechar="'", strict=True)
    except csv.Error as error:
        raise ValueError(f"not quoted as in CSV: {error}") from error
    fields = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"not a field: {word!a}")
        fields.append((name, value))
    return tuple(fields)


def _join(fields: List[Tuple[str, str]]) -> str:
    return "|".join(_quoted(f"{name}={value}") for name, value in fields)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'" if "|" in word or "'" in word else word


def _fits(line: str) -> bool:
    return len(line.encode("utf-8")) <= VALUE_LIMIT_BYTES and fit_description(line) == line


def _one_line(text: str) -> str:
    """The text without line ends, with "?" for each other unprintable character."""
    return printable_lines(" ".join(text.split()))
