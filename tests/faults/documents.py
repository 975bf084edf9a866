"""Complete replies with a bad document: bombs, traps, and documents that are almost right."""

import codecs
from typing import Callable, Dict, Tuple

from faults.fault import GOAL_STATE, INSTANCE, READY, SHOWN, End, no_goal_state, no_instance
from faults.server import TRAP_PORT
from sample_files import sample

_MIB = 1 << 20
_DTD = no_goal_state("goal state has a DTD (<!DOCTYPE>), which is not allowed")
_WEB_PAGE = no_goal_state("the reply is a web page (HTML), not a goal state")
_TOO_MANY = no_goal_state("goal state has too many elements, or nests them too deeply")
_TOO_LONG = no_goal_state("GoalState has more than 1000 characters in Incarnation")
_NO_JSON = no_instance("instance metadata is not JSON")
_NO_COMPUTE = no_instance("instance metadata lacks compute")
_MANY_VALUES = no_instance("instance metadata has too many values")
_DEEP_VALUES = no_instance("instance metadata is nested too deeply")
_NULS = no_goal_state("goal state is not XML (it contains NUL characters)")

#: Makes a document from the platform's address and the path of a pipe.
Make = Callable[[str, str], bytes]


def _external(target: str) -> Make:
    def make(address: str, pipe: str) -> bytes:
        where = target.format(trap=f"{address}:{TRAP_PORT}", pipe=pipe)
        dtd = f'<!DOCTYPE GoalState [<!ENTITY id SYSTEM "{where}">]>'
        return dtd.encode() + GOAL_STATE.replace(b">1<", b">&id;<").partition(b"?>")[2]

    return make


def _filled(text: bytes, *, with_: bytes) -> bytes:
    """The goal state with this text as its incarnation."""
    return GOAL_STATE.replace(b"<Incarnation>1<", b"<Incarnation>" + text + with_ + b"<")


def _full(head: bytes, piece: bytes, tail: bytes = b"") -> bytes:
    """A document of one MiB, the largest allowed size."""
    return head + piece * ((_MIB - len(head) - len(tail)) // len(piece)) + tail


def _attributes(count: int) -> bytes:
    return b"".join(b' %x=""' % number for number in range(0xA0000, 0xA0000 + count))


MADE: Dict[str, Tuple[Make, End]] = {
    "an external entity of a file": (_external("file://{pipe}"), _DTD),
    "an external entity of an address": (_external("http://{trap}/id"), _DTD),
    "a DTD at an address": (
        lambda address, _pipe: (
            f'<!DOCTYPE GoalState SYSTEM "http://{address}:{TRAP_PORT}/a.dtd">'.encode()
            + GOAL_STATE.partition(b"?>")[2]
        ),
        _DTD,
    ),
    "an include at an address": (
        lambda address, _pipe: GOAL_STATE.replace(
            b"<Machine>",
            f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" '
            f'href="http://{address}:{TRAP_PORT}/"/><Machine>'.encode(),
        ),
        READY,
    ),
    "a style sheet at an address": (
        lambda address, _pipe: GOAL_STATE.replace(
            b"?>", f'?><?xml-stylesheet href="http://{address}:{TRAP_PORT}/"?>'.encode()
        ),
        READY,
    ),
}

#: Documents that every goal state request gets, and the end of the run.
GOAL_STATES: Dict[str, Tuple[bytes, End]] = {
    "a quadratic entity bomb": (
        b'<!DOCTYPE GoalState [<!ENTITY a "' + b"a" * 50_000 + b'">]><GoalState>'
        b"<Incarnation>" + b"&a;" * 50_000 + b"</Incarnation></GoalState>",
        _DTD,
    ),
    "a DTD in UTF-16": (
        codecs.BOM_UTF16_BE
        + '<!DOCTYPE GoalState [<!ENTITY a "a">]><GoalState>&a;</GoalState>'.encode("utf-16-be"),
        _DTD,
    ),
    "an entity bomb in UTF-16 without a BOM": (
        sample("not_goal_state/dtd-entity-bomb.xml").decode().encode("utf-16-be"),
        _NULS,
    ),
    "a BOM of UTF-8": (codecs.BOM_UTF8 + GOAL_STATE, READY),
    "two BOMs of UTF-8": (codecs.BOM_UTF8 * 2 + GOAL_STATE, READY),
    "UTF-16": (codecs.BOM_UTF16_LE + GOAL_STATE.decode().encode("utf-16-le"), READY),
    "UTF-16 without a BOM": (
        GOAL_STATE.decode().encode("utf-16-le"),
        _NULS,
    ),
    "UTF-32": (
        codecs.BOM_UTF32_LE + GOAL_STATE.decode().encode("utf-32-le"),
        _NULS,
    ),
    "UTF-16 of half a byte pair": (
        codecs.BOM_UTF16_LE + b"<\0a",
        no_goal_state("goal state is neither UTF-8 nor UTF-16 text"),
    ),
    "EBCDIC": (
        GOAL_STATE.decode().encode("cp037"),
        no_goal_state("goal state is neither UTF-8 nor UTF-16 text"),
    ),
    "UTF-7 by its declaration": (
        b'<?xml version="1.0" encoding="utf-7"?>+ADw-GoalState+AD4-',
        no_goal_state("goal state is not XML (*)"),
    ),
    "an encoding that does not exist": (
        GOAL_STATE.replace(b"utf-8", b"x-no-such"),
        READY,
    ),
    "a surrogate in UTF-8": (
        GOAL_STATE.replace(b">1<", b">\xed\xa0\x80<"),
        no_goal_state("goal state is neither UTF-8 nor UTF-16 text"),
    ),
    "a NUL in an id": (
        GOAL_STATE.replace(b">1<", b">1\0<"),
        _NULS,
    ),
    "ids from other names": (
        GOAL_STATE.replace(b"GoalState", b"x:GoalState"),
        no_goal_state("the reply is not a goal state: its root element is x:GoalState"),
    ),
    "two incarnations": (
        GOAL_STATE.replace(b"<Incarnation>1<", b"<Incarnation>1</Incarnation><Incarnation>2<"),
        READY,
    ),
    "a MiB of open elements": (_full(b"", b"<a>"), _TOO_MANY),
    "a MiB of elements": (_full(b"<GoalState>", b"<a/>", b"</GoalState>"), _TOO_MANY),
    "a MiB of attributes": (
        b"<GoalState" + _attributes(100_000) + b"/>",
        no_goal_state("goal state has too many attributes"),
    ),
    "a MiB of processing instructions": (
        _full(b"", b"<?a b?>", GOAL_STATE.partition(b"?>")[2]),
        READY,
    ),
    "a MiB of a tag": (_full(b"<", b"a"), no_goal_state("goal state is not XML (*)")),
    "a MiB of an attribute": (
        _full(b'<GoalState a="', b"a", b'"/>'),
        no_goal_state("GoalState lacks Incarnation"),
    ),
    "a MiB of comment": (
        _full(b"<GoalState><!--", b"a", b"--></GoalState>"),
        no_goal_state("GoalState lacks Incarnation"),
    ),
    "a MiB of comment with a character outside the BMP": (
        _full("<GoalState><!--\U0001f512".encode(), b"a", b"--></GoalState>"),
        no_goal_state("GoalState lacks Incarnation"),
    ),
    "a MiB of white space before it": (_full(b"", b" ", GOAL_STATE), READY),
    "a MiB of character references": (
        _full(b"<GoalState><Incarnation>", b"&#65;", b"</Incarnation></GoalState>"),
        _TOO_LONG,
    ),
    "an id of a million line ends": (_filled(b"1", with_=b"\n" * 1_000_000 + b"1"), _TOO_LONG),
    "an id of a million letters": (_filled(b"1", with_=b">" * 1_000_000), _TOO_LONG),
    **{
        f"sample {name}": (sample(f"not_goal_state/{name}"), no_goal_state(said))
        for name, said in {
            "blank-container-id.xml": "GoalState has an empty Container/ContainerId",
            "dtd-entity-bomb.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
            "dtd-internal-entity.xml": "goal state has a DTD (<!DOCTYPE>), which is not allowed",
            "element-inside-id.xml": "GoalState has elements inside Container/ContainerId",
            "empty.xml": "goal state is empty",
            "error-400.xml": "the reply is not a goal state: its root element is Error",
            "error-403.html": "the reply is a web page (HTML), not a goal state",
            "error-503.html": "the reply is a web page (HTML), not a goal state",
            "no-container.xml": "GoalState lacks Container/ContainerId",
            "no-incarnation.xml": "GoalState lacks Incarnation",
            "no-role-instance-list.xml": (
                "GoalState lacks Container/RoleInstanceList/RoleInstance/InstanceId"
            ),
            "truncated.xml": "goal state is not XML (*)",
            "two-documents.xml": "goal state is not XML (*)",
        }.items()
    },
}


def _with(more: bytes) -> bytes:
    return INSTANCE.replace(b"{", b"{" + more + b",", 1)


#: Documents that every metadata request gets, and the end of the run.
INSTANCES: Dict[str, Tuple[bytes, End]] = {
    "HTML": (
        b"<!DOCTYPE html><html><title>Sign in</title></html>",
        no_instance("the reply is a web page (HTML), not instance metadata"),
    ),
    "nothing": (b"", _NO_JSON),
    "half a document": (INSTANCE[:300], _NO_JSON),
    "two documents": (INSTANCE * 2, _NO_JSON),
    "not a text": (b"\xff\xfe\xfa", _NO_JSON),
    "a BOM of UTF-8": (codecs.BOM_UTF8 + INSTANCE, SHOWN),
    "UTF-16": (codecs.BOM_UTF16_LE + INSTANCE.decode().encode("utf-16-le"), _NO_JSON),
    "null": (b"null", _NO_COMPUTE),
    "a list": (b"[" + INSTANCE + b"]", _NO_COMPUTE),
    "an error": (b'{"error": "Bad request. api-version is invalid"}', _NO_COMPUTE),
    "compute that is a list": (b'{"compute": []}', _NO_COMPUTE),
    "no names": (b'{"compute": {}}', no_instance("instance metadata has no name for this VM")),
    "a name that is a number": (
        b'{"compute": {"name": 1}}',
        no_instance("instance metadata has a name that is not a string"),
    ),
    "half a surrogate pair": (_with(rb'"x": "\ud800"'), SHOWN),
    "a number that JSON does not allow": (_with(b'"x": NaN'), _NO_JSON),
    "an infinite number": (_with(b'"x": 1e999'), _NO_JSON),
    "a million digits": (_with(b'"x": ' + b"9" * 1_000_000), _NO_JSON),
    "a MiB of lists in lists": (_full(b"", b"["), _MANY_VALUES),
    "lists in lists": (_with(b'"x": ' + b"[" * 900 + b"]" * 900), _DEEP_VALUES),
    "more lists in lists": (
        _with(b'"x": ' + b"[" * 4000 + b"]" * 4000),
        no_instance("instance metadata *"),
    ),
    "a MiB of lists": (_with(b'"x": [' + b"[]," * 300_000 + b"[]]"), _MANY_VALUES),
    "a MiB of objects": (_with(b'"x": [' + b"{}," * 300_000 + b"{}]"), _MANY_VALUES),
    "a MiB of numbers": (_with(b'"x": [' + b"0," * 500_000 + b"0]"), _MANY_VALUES),
    "a MiB of numbers in lists in lists": (
        _with(b'"x": ' + b"[" * 400 + b"0," * 500_000 + b"0" + b"]" * 400),
        _MANY_VALUES,
    ),
    "a MiB of keys": (
        b"{%s}" % b",".join(b'"%x":0' % number for number in range(100_000)),
        _MANY_VALUES,
    ),
    "a MiB of text": (_with(b'"x": "' + b"a" * 1_000_000 + b'"'), SHOWN),
    "a MiB of text with a character outside the BMP": (
        _with('"x": "\U0001f512'.encode() + b"a" * 1_000_000 + b'"'),
        SHOWN,
    ),
    "a MiB of white space": (b" " * 1_000_000 + INSTANCE, SHOWN),
}

#: Unusable host names in correct metadata, and the end of set-hostname.
NAMES: Dict[str, Tuple[str, End]] = {
    name: (
        computer_name,
        End(
            78,
            f"azprov: the host name '{shown}' cannot be used: it is {flaw}; deploy the VM with a "
            "computer name that is a host name, or set one by hand on the VM with "
            "azprov.pyz set-hostname NAME",
        ),
    )
    for name, computer_name, shown, flaw in (
        ("an underscore", "web_01", "web_01", "not made of letters, digits and inner hyphens"),
        (
            "a shell's words",
            "a;reboot",
            "a;reboot",
            "not made of letters, digits and inner hyphens",
        ),
        ("a path", "../../x", "../../x", "not made of letters, digits and inner hyphens"),
        ("a line end", r"a\nb", "a?b", "not made of letters, digits and inner hyphens"),
        (
            "an escape sequence",
            r"\u001b[2J",
            "?[2J",
            "not made of letters, digits and inner hyphens",
        ),
        ("an address", "10.0.0.4", "10.0.0.4", "a number or an IP address"),
        ("a megabyte", "a" * 1_000_000, "a" * 77 + "...", "longer than 64 characters"),
    )
}
