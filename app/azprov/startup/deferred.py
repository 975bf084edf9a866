"""Importing less: a first boot runs azprov once, and most of that once is imports.

Half of what urllib3 imports is for TLS, HTTP/2, forms and compressed bodies, and a
sixth of all instructions goes into compiling patterns, most of which match nothing.
"""

import gc
import re
import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, Iterator

# As on a Python that lacks them, which urllib3 and http.client can do with.
_HIDDEN = ("ssl", "brotli", "brotlicffi", "backports.zstd", "compression.zstd")
_LATER = ("hashlib", "hmac", "importlib.metadata", "json", "mimetypes", "traceback")


@contextmanager
def lean_imports() -> Iterator[None]:
    """For the imports in this block: hide what plain HTTP never needs, defer what it may.

    A module that is imported already stays as it is. Nothing is collected meanwhile,
    since next to nothing that an import makes is ever garbage.
    """
    placed: Dict[str, Any] = dict.fromkeys(_HIDDEN)
    placed.update((name, _Later(name)) for name in _LATER)
    placed = {name: module for name, module in placed.items() if name not in sys.modules}
    sys.modules.update(placed, re=_PatientRe("re"))
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.modules["re"] = re
        for name in placed:
            del sys.modules[name]


class _Later(ModuleType):
    """A module whose functions import it when they are called. It has nothing else."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return call


class _PatientRe(ModuleType):
    """The module re, whose patterns are compiled when they are first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    @staticmethod
    def compile(pattern: Any, flags: int = 0) -> "_Pattern":
        return _Pattern(pattern, flags)


class _Pattern:
    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._source), name)
