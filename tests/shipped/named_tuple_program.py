"""Describes the named tuples of some modules: run in a process that has imported an archive."""

import inspect
import pickle
import sys
from importlib import import_module
from typing import Any, Iterator, List


def named_tuples(modules: List[str]) -> Iterator[Any]:
    for module in modules:
        for _, value in sorted(vars(import_module(module)).items()):
            if isinstance(value, type) and issubclass(value, tuple) and value.__module__ == module:
                yield value


def describe(named_tuple: Any) -> List[object]:
    """The name and what the class does, without the addresses of objects."""
    values = range(10, 10 + len(named_tuple._fields))
    one = named_tuple(*values)
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - it was made on the line above
    parameters = [
        (parameter.name, "function" if callable(parameter.default) else repr(parameter.default))
        for parameter in inspect.signature(named_tuple).parameters.values()
    ]
    return [
        f"{named_tuple.__module__}.{named_tuple.__qualname__}",
        named_tuple._fields,
        parameters,
        repr(one),
        list(one._asdict().items()),
        [getattr(one, name) for name in one._fields],
        one._replace(**{one._fields[-1]: "other"}),
        named_tuple._make(values) == one == tuple(values) == copy,
        {hash(one), hash(copy)} == {hash(tuple(values))},
        type(copy) is named_tuple,
        hasattr(one, "__dict__"),
        [refusal(named_tuple, [0] * 99, {}), refusal(named_tuple._make, [range(99)], {})],
        [
            refusal(named_tuple, values, {"other": 0}),
            refusal(setattr, [one, one._fields[0], 0], {}),
        ],
        sorted(name for name in vars(named_tuple) if not name.startswith("_")),
    ]


def refusal(function: Any, arguments: Any, named: Any) -> str:
    """The name of the error that a wrong call raises."""
    try:
        function(*arguments, **named)
    except (AttributeError, TypeError) as error:
        return type(error).__name__
    return "no error"


#: Used by the test, which gives the names of the modules as `modules`.
described: List[List[object]] = []
if "modules" in globals():
    sys.path.insert(0, sys.argv[0])
    described = [describe(one) for one in named_tuples(globals()["modules"])]
