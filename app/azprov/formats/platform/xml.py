"""XML documents of the platform: elements and text, within limits, without a DTD.

Attributes are ignored, because neither document has information in one. Names are
not resolved: no document of WireServer uses a namespace on its elements.
"""

import codecs
from typing import List, NamedTuple, Tuple
from xml.parsers import expat

from ...errors import DocumentError
from ..text import from_utf8, is_web_page

# WireServer's largest documents have a few ten kB; transport.py has the same limit.
LIMIT_BYTES = 1 << 20
# Goal states have about 50 elements in 6 levels. Without the limits a hostile
# megabyte of "<a>" would become a hundred megabytes of objects.
LIMIT_ELEMENTS = 10000
LIMIT_DEPTH = 100
# Counted by "=" signs, which also occur in URLs. An attribute of 8 bytes costs the parser 400.
LIMIT_ATTRIBUTES = 10000
# Identifiers are echoed in the report, where escaping makes a line end five characters long.
LIMIT_IDENTIFIER = 1000

WHITE_SPACE = " \t\r\n"

# Characters that XML does not allow: https://www.w3.org/TR/xml/#charsets, read
# 2026-11-22. A table, because compiling a pattern with ranges beyond Latin-1 takes 48
# million instructions, a third of a run of the sample script.
_NOT_XML = dict.fromkeys(
    (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF),
    "\ufffd",
)
# Line ends are escaped, too: a parser would turn a bare "\r" into "\n", and the log
# shows a rendered document on one line.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\n": "&#10;"})


class Element(NamedTuple):
    """One element. `text` is its own character data, without the text of its children."""

    tag: str
    text: str = ""
    children: Tuple["Element", ...] = ()

    def at(self, path: str) -> "Element":
        """The first element at a path such as "Container/ContainerId".

        Raises DocumentError if there is no such element.
        """
        element = self
        for tag in path.split("/"):
            for child in element.children:
                if child.tag == tag:
                    element = child
                    break
            else:
                raise DocumentError(f"{self.tag} lacks {path}")
        return element

    def leaf(self, path: str) -> str:
        """The text at a path, unchanged.

        Raises DocumentError if the element is missing, or if it has elements inside.
        """
        element = self.at(path)
        if element.children:
            raise DocumentError(f"{self.tag} has elements inside {path}")
        return element.text

    def identifier(self, path: str) -> str:
        """The text at a path without white space around it, never empty.

        Raises DocumentError if it is missing, empty, or longer than LIMIT_IDENTIFIER.
        """
        text = self.leaf(path).strip(WHITE_SPACE)
        if not text:
            raise DocumentError(f"{self.tag} has an empty {path}")
        if len(text) > LIMIT_IDENTIFIER:
            raise DocumentError(f"{self.tag} has more than {LIMIT_IDENTIFIER} characters in {path}")
        return text


def parse(document: bytes, name: str) -> Element:
    """Parse a document in UTF-8, or in UTF-16 with a BOM, to its root element.

    The encoding in its declaration is ignored. Comments and processing instructions
    are left out; a CDATA section is text. Raises DocumentError, with `name` for the
    document, if it exceeds a limit, is not well-formed XML, or has a DTD.
    """
    if len(document) > LIMIT_BYTES:
        raise DocumentError(f"{name} is larger than {LIMIT_BYTES} bytes")
    is_utf16 = document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = document.decode("utf-16") if is_utf16 else from_utf8(document)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name} is neither UTF-8 nor UTF-16 text") from error
    text = text.strip(WHITE_SPACE)
    if not text:
        raise DocumentError(f"{name} is empty")
    if is_web_page(text) or "<!DOCTYPE html" in text:
        raise DocumentError(f"the reply is a web page (HTML), not a {name}")
    # Entity bombs and external references need a DTD. It is refused before the parser
    # runs, because a parser may expand entities before it reports the DTD. A comment
    # with these nine characters is refused, too.
    if "<!DOCTYPE" in text:
        raise DocumentError(f"{name} has a DTD (<!DOCTYPE>), which is not allowed")
    # expat treats text with alternating NULs as UTF-16, whatever encoding it is given,
    # and would see a DTD there that the line above does not.
    if "\0" in text:
        raise DocumentError(f"{name} is not XML (it contains NUL characters)")
    if text.count("=") > LIMIT_ATTRIBUTES:
        raise DocumentError(f"{name} has too many attributes")
    tree = _Tree(name)
    try:
        tree.read(text)
    except expat.ExpatError as error:
        raise DocumentError(f"{name} is not XML ({error})") from error
    return tree.root()


def render(root: Element) -> bytes:
    """Render an element to one line of UTF-8 with a declaration.

    Raises ValueError if XML cannot represent a text.
    """
    return b'<?xml version="1.0" encoding="utf-8"?>' + _markup(root).encode("utf-8")


def escape(text: str) -> str:
    """The text in the form of a rendered document.

    Raises ValueError if XML cannot represent it.
    """
    if representable(text) != text:
        raise ValueError(f"XML cannot represent {text!a}")
    return text.translate(_ESCAPES)


def representable(text: str) -> str:
    """The text with U+FFFD for each character that XML does not allow."""
    return text.translate(_NOT_XML)


def _markup(element: Element) -> str:
    inner = "".join(map(_markup, element.children)) or escape(element.text)
    return f"<{element.tag}>{inner}</{element.tag}>"


class _Tree:
    """Builds elements from the events of expat; the bottom of the stack has the root."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._children: List[List[Element]] = [[]]
        self._open: List[Tuple[str, List[str]]] = []
        self._elements = 0

    def read(self, text: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(text, True)

    def root(self) -> Element:
        return self._children[0][0]

    def _start(self, tag: str, _attributes: object) -> None:
        self._elements += 1
        if self._elements > LIMIT_ELEMENTS or len(self._open) >= LIMIT_DEPTH:
            raise DocumentError(f"{self._name} has too many elements, or nests them too deeply")
        self._open.append((tag, []))
        self._children.append([])

    def _end(self, _tag: str) -> None:
        tag, texts = self._open.pop()
        children = tuple(self._children.pop())
        self._children[-1].append(Element(tag, "".join(texts), children))

    def _characters(self, data: str) -> None:
        self._open[-1][1].append(data)
