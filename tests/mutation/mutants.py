"""Deliberate faults: each mutant is the source of a module with one change."""

import ast
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Type, Union

_COMPARISONS: Dict[Type[ast.cmpop], Tuple[Type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Dict[Type[ast.operator], Type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
# Other arguments mean the same, or are always an error. AF_INET is SOCK_DGRAM, and AF_UNIX is
# SOCK_STREAM.
_SYMMETRIC = (
    "min",
    "max",
    "isinstance",
    "hasattr",
    "getattr",
    "socket.socket",
    "os.path.samestat",
)
# A run with -v prints these lines for someone who reads the code beside them.
_UNREAD = ("log.debug", "progress.log")


class Mutant(NamedTuple):
    line: int
    #: A test that can notice the mutant executes one of these lines; empty if it is code that
    #: runs when the module is imported.
    lines: range
    #: The function or class that is changed, if any.
    function: str
    before: str
    after: str
    #: The changed module.
    source: bytes

    def __str__(self) -> str:
        return f"{self.function or 'module'}: {self.before} => {self.after}"


def mutants_of(source: bytes) -> List[Mutant]:
    """All mutants of a module, in the order of their lines."""
    return list(_Mutator(source).mutants(ast.parse(source), ""))


class _Mutator:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def mutants(self, node: ast.AST, function: str, lines: range = range(0)) -> Iterator[Mutant]:
        if _is_left_out(node):
            return
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}".lstrip(".")
        if isinstance(node, ast.FunctionDef):
            lines = range(node.lineno, node.lineno + 1)
        elif isinstance(node, ast.stmt) and lines:
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for changed, replacement in _changes(node):
            yield self._mutant(changed, replacement, function, lines)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "ctx"):
                continue
            children = value if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST) and not _is_docstring(child, node):
                    # Default values of arguments are computed when the module is imported.
                    is_default = isinstance(child, ast.arguments)
                    yield from self.mutants(child, function, range(0) if is_default else lines)

    def _mutant(
        self, node: Union[ast.expr, ast.stmt], replacement: str, function: str, lines: range
    ) -> Mutant:
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        if isinstance(node, ast.expr) and lines:
            lines = range(lines.start, (node.end_lineno or node.lineno) + 1)
        before = " ".join(self._source[start:end].decode().split())
        after = replacement.encode()
        source = self._source[:start] + after + self._source[end:]
        return Mutant(node.lineno, lines, function, before, replacement, source)


def _is_left_out(node: ast.AST) -> bool:
    """Whether a change of this node would change nothing, or only text for debugging."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) in _UNREAD
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    # Only mypy reads the name of a type variable.
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "TypeVar":
        return True
    if isinstance(node, ast.Raise) and ast.unparse(node) == "raise NotImplementedError":
        return True
    # Python before 3.12 does not know where the parts of an f-string are.
    return isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom))


def _is_docstring(node: ast.AST, parent: ast.AST) -> bool:
    return (
        isinstance(parent, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
    )


def _changes(node: ast.AST) -> Iterator[Tuple[Union[ast.expr, ast.stmt], str]]:
    """Each node to replace, and the source that replaces it."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    if isinstance(node, ast.comprehension):
        for condition in node.ifs:
            yield condition, f"(not ({ast.unparse(condition)}))"
    if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[0], ast.Raise):
        yield node.body[0], "raise"
    if isinstance(node, ast.stmt):
        text = _changed_statement(node)
        if text is not None:
            yield node, text
    if isinstance(node, ast.expr):
        for text in _changed_expressions(node):
            yield node, f"({text})"


def _changed_statement(node: ast.stmt) -> Optional[str]:
    if isinstance(node, ast.Break):
        return "continue"
    if isinstance(node, ast.Continue):
        return "break"
    if isinstance(node, ast.Return):
        # A result of False is only tested, as None would be.
        is_none = node.value is None or ast.unparse(node.value) in ("None", "False")
        return None if is_none else "return None"
    if isinstance(node, (ast.Expr, ast.AugAssign, ast.Delete, ast.Raise)):
        return "pass"
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Attribute, ast.Subscript)):
        return "pass"
    return None


def _changed_expressions(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                operators = [*node.ops[:number], other(), *node.ops[number + 1 :]]
                yield ast.unparse(ast.Compare(node.left, operators, node.comparators))
    elif isinstance(node, ast.BoolOp):
        yield ast.unparse(
            ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield ast.unparse(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))
    elif isinstance(node, ast.Constant):
        yield from _changed_constants(node.value)
    elif isinstance(node, ast.Call):
        yield from _changed_calls(node)


def _changed_calls(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    is_plain = not any(isinstance(argument, ast.Starred) for argument in node.args)
    if len(node.args) > 1 and is_plain and name not in _SYMMETRIC:
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        yield ast.unparse(ast.Call(node.func, swapped, node.keywords))
    if name in _NAMES:
        yield ast.unparse(ast.Call(ast.Name(_NAMES[name]), node.args, node.keywords))


def _changed_constants(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, (int, float)):
        yield repr(value + 1)
    elif isinstance(value, str):
        yield repr("XX" + value)
    elif isinstance(value, bytes):
        yield repr(b"XX" + value)
