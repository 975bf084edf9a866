"""The base class of every NamedTuple in the bytecode.

typing compiles a constructor when such a class is made, at half a million instructions, and
Python 3.14 imports two modules for it. The build writes the constructor (app/precompile.py).
"""

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Dict, Iterable, Tuple

if TYPE_CHECKING:
    Base = Tuple[Any, ...]
else:
    Base = tuple


class Record(Base):
    """A tuple with named fields, which behaves like a NamedTuple.

    A subclass has `_fields`, and a `__new__` with these parameters.
    """

    __slots__ = ()
    _fields: Tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        for index, name in enumerate(vars(cls).get("_fields", ())):
            setattr(cls, name, property(itemgetter(index)))

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Any:
        return cls(*values)

    def _replace(self, **values: Any) -> Any:
        return type(self)(**dict(zip(self._fields, self), **values))

    def _asdict(self) -> Dict[str, Any]:
        return dict(zip(self._fields, self))

    def __repr__(self) -> str:
        fields = ", ".join(map("{}={!r}".format, self._fields, self))
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> Tuple[Any, ...]:
        return tuple(self)
