"""The XML that the platform speaks: elements and text, bounded, without a DTD.

Attributes are read over: neither document carries a fact in one. Names are
taken as written; no document of WireServer uses a namespace on its elements.
"""

import codecs
from typing import List, NamedTuple, Tuple
from xml.parsers import expat

from ...errors import DocumentError

# WireServer's largest documents are a few ten kB; transport.py takes no more either.
LIMIT_BYTES = 1 << 20
# Goal states have about 50 elements in 6 levels. The limits keep a hostile
# megabyte of "<a>" from becoming a hundred megabytes of objects.
LIMIT_ELEMENTS = 10000
LIMIT_DEPTH = 100
# A parser makes 400 bytes of an attribute of 8. Goal states have a few, and "=" in addresses.
LIMIT_ATTRIBUTES = 10000
# Each is sent back, and a line end in one becomes five characters.
LIMIT_IDENTIFIER = 1000

WHITE_SPACE = " \t\r\n"

# https://www.w3.org/TR/xml/#charsets, read 2026-11-22: what no document can hold.
# A table, since compiling a pattern with ranges beyond Latin-1 takes 48 million
# instructions, a third of all that the page's script takes.
_NOT_XML = dict.fromkeys(
    (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF),
    "\ufffd",
)
# Line ends are escaped as well: a parser would turn a bare "\r" into "\n", and
# the rendered document stays on one line, as it is logged.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "\n": "&#10;"})


class Element(NamedTuple):
    """One element. `text` is its own character data, without its children's."""

    tag: str
    text: str = ""
    children: Tuple["Element", ...] = ()

    def at(self, path: str) -> "Element":
        """The element at a path such as "Container/ContainerId", first ones taken.

        Raises DocumentError if there is none.
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
        """The text at a path, as it stands.

        Raises DocumentError if there is no such element, or elements within it.
        """
        element = self.at(path)
        if element.children:
            raise DocumentError(f"{self.tag} has elements inside {path}")
        return element.text

    def identifier(self, path: str) -> str:
        """The text at a path without the white space around it, never empty."""
        text = self.leaf(path).strip(WHITE_SPACE)
        if not text:
            raise DocumentError(f"{self.tag} has an empty {path}")
        if len(text) > LIMIT_IDENTIFIER:
            raise DocumentError(f"{self.tag} has over {LIMIT_IDENTIFIER} characters in {path}")
        return text


def parse(document: bytes, name: str) -> Element:
    """Parse a document in UTF-8, or in UTF-16 with a BOM, to its root element.

    What its declaration says of the encoding is not heeded. Comments and
    processing instructions are left out; a CDATA section is text. Raises
    DocumentError, which calls the document by its name, if it is larger than
    LIMIT_BYTES, not well-formed XML, or has a DTD.
    """
    if len(document) > LIMIT_BYTES:
        raise DocumentError(f"{name} is larger than {LIMIT_BYTES} bytes")
    is_utf16 = document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = document.decode("utf-16" if is_utf16 else "utf-8-sig").strip(WHITE_SPACE)
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name} is neither UTF-8 nor UTF-16 text") from error
    if not text:
        raise DocumentError(f"{name} is empty")
    # A DTD is where entity bombs and external references come from. Looking for
    # it before the parser runs also stops those that a parser would expand
    # before it tells; a comment that quotes these nine characters is refused too.
    if "<!DOCTYPE" in text:
        raise DocumentError(f"{name} has a DTD, as web pages do")
    # expat takes what alternates with them for UTF-16, whatever it is told, and
    # would see a DTD there that the line above does not.
    if "\0" in text:
        raise DocumentError(f"{name} is not XML (it has NULs in it)")
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

    Raises ValueError if a text is not representable in XML.
    """
    return b'<?xml version="1.0" encoding="utf-8"?>' + _markup(root).encode("utf-8")


def escape(text: str) -> str:
    """The text as it stands in a rendered document.

    Raises ValueError if it is not representable in XML.
    """
    if representable(text) != text:
        raise ValueError(f"not representable in XML: {text!a}")
    return text.translate(_ESCAPES)


def representable(text: str) -> str:
    """The text with U+FFFD for each character that no XML document can hold."""
    return text.translate(_NOT_XML)


def _markup(element: Element) -> str:
    inner = "".join(map(_markup, element.children)) or escape(element.text)
    return f"<{element.tag}>{inner}</{element.tag}>"


class _Tree:
    """Collects what expat reports; the bottom of the stack holds the root."""

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
            raise DocumentError(f"{self._name} has too many elements, or too deep ones")
        self._open.append((tag, []))
        self._children.append([])

    def _end(self, _tag: str) -> None:
        tag, texts = self._open.pop()
        children = tuple(self._children.pop())
        self._children[-1].append(Element(tag, "".join(texts), children))

    def _characters(self, data: str) -> None:
        self._open[-1][1].append(data)
