"""Makes code that costs less at a cold start and does the same.

Rule of this file: each Python runs it at build time, from 3.6 on.
"""

import ast
import sys
from itertools import groupby
from types import CodeType
from typing import Any, List, Optional, Set

# An entry in a table of lines describes up to this number of code units.
_UNITS_OF_AN_ENTRY = 8


def lean(tree: ast.Module) -> ast.Module:
    """Drop what Python would evaluate at each cold start and nothing uses.

    That is every annotation, what only type checkers read, names for types, and the
    constructor that typing would compile for each NamedTuple.
    """
    transformer = _Lean()
    transformer.visit(tree)
    if transformer.has_records:
        head = tree.body[:1] if ast.get_docstring(tree, clean=False) is not None else []
        imports = ast.parse("from azprov.startup.record import Record as _Record").body
        tree.body[: len(head)] = head + imports
    return tree


class _Lean(ast.NodeTransformer):
    def __init__(self) -> None:
        self.has_records = False
        self._names_of_typing: Set[str] = set()

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if [_name_of(part) for part in node.decorator_list] == ["overload"]:
            return _at(node, ast.Pass())
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None:
            return ast.copy_location(ast.Assign([node.target], node.value), node)
        if isinstance(node.target, ast.Name):
            # The name stays local to its function.
            return _at(node, ast.parse(f"if 0: {node.target.id} = 0").body[0])
        return _at(node, ast.Pass())

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        if _name_of(node.test) != "TYPE_CHECKING":
            return node
        return node.orelse or _at(node, ast.Pass())

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        # Without annotations these have no effect in Python 3, and import a module.
        if node.module == "__future__":
            return _at(node, ast.Pass())
        if node.module == "typing":
            self._names_of_typing.update(alias.asname or alias.name for alias in node.names)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        value: Any = node.value
        if isinstance(value, ast.Subscript) and self._is_of_typing(value.value):
            node.value = ast.copy_location(ast.parse("None", mode="eval").body, value)
        return self.generic_visit(node)

    def _is_of_typing(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._names_of_typing
        return _name_of(node) != ""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if [_name_of(base) for base in node.bases] == ["NamedTuple"]:
            self.has_records = True
            _make_record(node)
        return self.generic_visit(node)


def _make_record(node: ast.ClassDef) -> None:
    """Turn a NamedTuple into a subclass of azprov.startup.record.Record."""
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
    names = [part.target.id for part in fields if isinstance(part.target, ast.Name)]
    made: Any = ast.parse(
        f"class {node.name}(_Record):\n"
        " __slots__ = ()\n"
        f" _fields = {tuple(names)}\n"
        f" def __new__(_cls, {', '.join(names)}):\n"
        f"  return tuple.__new__(_cls, ({', '.join(names)},))\n"
    ).body[0]
    _at(node, made)
    made.body[-1].args.defaults = [part.value for part in fields if part.value is not None]
    node.bases = made.bases
    node.body = made.body + [part for part in node.body if part not in fields]


def _name_of(node: ast.AST) -> str:
    """NAME in the expressions NAME and typing.NAME."""
    if isinstance(node, ast.Attribute):
        return node.attr if _name_of(node.value) == "typing" else ""
    return node.id if isinstance(node, ast.Name) else ""


def _at(old: ast.AST, new: ast.AST) -> ast.AST:
    """The new node and its parts, at the line of the old one."""
    for part in ast.walk(new):
        ast.copy_location(part, old)
    return new


def with_short_lines(code: CodeType) -> CodeType:
    """The code with one entry in its table of lines for each run of a line.

    From 3.11 on, Python writes an entry for each instruction even without columns, and their
    table would be a twelfth of the bytecode. The format is that of CPython's
    InternalDocs/code_objects.md; a table that a later Python reads otherwise stays unchanged.
    """
    if sys.version_info < (3, 11):
        return code
    table, line = bytearray(), code.co_firstlineno
    for next_line, run in groupby(lines_of_units(code)):
        left = len(list(run))
        while left > 0:
            units = min(left, _UNITS_OF_AN_ENTRY)
            left -= units
            if next_line is None:
                table.append(0x80 | 15 << 3 | units - 1)
            else:
                table.append(0x80 | 13 << 3 | units - 1)
                table += _signed_varint(next_line - line)
                line = next_line
    parts = [with_short_lines(p) if isinstance(p, CodeType) else p for p in code.co_consts]
    code = code.replace(co_consts=tuple(parts))
    short = code.replace(co_linetable=bytes(table))
    return short if lines_of_units(short) == lines_of_units(code) else code


def lines_of_units(code: CodeType) -> List[Optional[int]]:
    """The line of each code unit, which has two bytes."""
    return [line for start, end, line in code.co_lines() for _ in range(start, end, 2)]


def _signed_varint(number: int) -> bytes:
    rest = -number << 1 | 1 if number < 0 else number << 1
    written = bytearray()
    while rest > 63:
        written.append(64 | rest & 63)
        rest >>= 6
    return bytes([*written, rest])
