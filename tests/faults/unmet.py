"""The rows and samples with which the printed reporter does not end as the client, and why."""

from typing import Dict

_STATUS = "the status line of a reply to a report counts, whatever comes after it"
_HEAD = "it has no limits of its own for headers"
_LENGTH = "it leaves lengths and chunks to its program, or takes a document that is whole"
_UTF_16 = "it takes no UTF-16, which WireServer was never seen to send"

#: The rows by the pair of a shell and a program.
UNMET: Dict[str, Dict[str, str]] = {
    "dash, curl": {
        "health, hangs in its headers": _STATUS,
        "health, drips its head": _STATUS,
        "health, two lengths": _STATUS,
        "goal state, two lengths": _LENGTH,
        "goal state, a length of 30 digits": _LENGTH,
        "goal state, 101 headers": _HEAD,
        "health, 101 headers": _HEAD,
        "goal state, a content type of 60 kB of semicolons": _HEAD,
        "health, a content type of 60 kB of semicolons": _HEAD,
        "goal state, UTF-16": _UTF_16,
    },
    "bash, GNU wget": {
        "goal state, two lengths": _LENGTH,
        "goal state, a chunk of 2^80 bytes": _LENGTH,
        "health, a content type of 60 kB of semicolons": _HEAD,
    },
    "busybox ash, busybox wget": {
        "health, two lengths": _STATUS,
        "goal state, 101 headers": _HEAD,
        "health, status 301 Moved Permanently": "busybox wget follows every redirect",
    },
    "mksh, netcat-openbsd": {
        "goal state, short of its length": _LENGTH,
        "goal state, cut between chunks": _LENGTH,
    },
    "busybox ash, busybox nc": {
        "goal state, hangs in its trailers": _LENGTH,
        "goal state, cut in a chunk": _LENGTH,
        "health, drips its head": _STATUS,
        "health, 101 headers": _HEAD,
        "goal state, UTF-16": _UTF_16,
    },
    "dash, netcat-traditional": {
        "goal state, a length of 30 digits": _LENGTH,
        "goal state, an invalid chunk size": _LENGTH,
        "health, hangs in its headers": _STATUS,
        "goal state, a content type of 60 kB of semicolons": _HEAD,
    },
}

DIFFERENT_SAMPLES: Dict[str, str] = {
    "goal_state/decoys.xml": "it takes no CDATA",
    "goal_state/id-in-cdata.xml": "it takes no CDATA",
    "goal_state/escaped-characters.xml": "it takes no id with a reference to a character",
    "goal_state/utf-16-be-bom.xml": _UTF_16,
    "goal_state/utf-16-le-bom.xml": _UTF_16,
    "not_goal_state/nul-bytes.xml": "it takes NULs outside of the ids",
}
