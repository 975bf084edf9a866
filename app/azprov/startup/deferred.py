"""Cheaper imports: azprov runs once per boot, and most of that run is imports.

Half of what urllib3 imports is for TLS, HTTP/2, forms and compressed bodies. A
sixth of all instructions compiles patterns, most of which are never used.
"""

import gc
import importlib
import re
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator

# Importing these raises ImportError; urllib3 and http.client work without them.
_HIDDEN = (
    "ssl",
    "urllib3.util.ssltransport",
    "urllib3_secure_extra",
    "brotli",
    "brotlicffi",
    "backports.zstd",
    "compression.zstd",
)
#: The deferred modules, each with its functions that can be taken without importing it.
DEFERRED = {
    "calendar": ("timegm",),
    "hashlib": ("md5", "sha1", "sha256"),
    "hmac": ("compare_digest",),
    "importlib.metadata": ("version",),
    "ipaddress": ("ip_address",),
    "json": ("dumps", "loads"),
    "mimetypes": ("guess_type",),
    "random": ("getrandbits", "random"),
    "traceback": ("format_exc", "print_exc", "print_exception", "print_stack"),
}


@contextmanager
def lean_imports() -> Iterator[None]:
    """Hide modules that plain HTTP never needs, and defer rarely used ones, in this block.

    argparse gets no translations in it.
    A module that is already imported stays unchanged. Garbage collection is off
    meanwhile, because imports create almost no garbage.
    """
    replaced: Dict[str, Any] = dict.fromkeys(_HIDDEN)
    replaced.update((name, _DeferredModule(name)) for name in DEFERRED)
    replaced["gettext"] = _Untranslated("gettext")
    replaced = {name: module for name, module in replaced.items() if name not in sys.modules}
    sys.modules.update(replaced, re=_DeferredRe("re"))
    # `import importlib.metadata` expects the module as an attribute of its package, too.
    if "importlib.metadata" in replaced:
        vars(importlib)["metadata"] = replaced["importlib.metadata"]
    gc.disable()
    try:
        yield
    finally:
        # The modules stay until the end, so no collection has to visit them: the three at
        # exit would be a tenth of a cold start. Python 3.6 does not have it.
        if hasattr(gc, "freeze"):
            gc.freeze()
        gc.enable()
        sys.modules["re"] = re
        for name, module in replaced.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


class _DeferredModule(ModuleType):
    """A module that is imported when it is needed.

    A function named in DEFERRED imports it when it is called, and raises ImportError
    then if this Python lacks the module. Any other attribute imports it at once, so
    that a class or constant is always the real object.
    """

    def __getattr__(self, name: str) -> Any:
        # The import statement asks whether this is a package; submodules are not deferred.
        if name == "__path__":
            raise AttributeError(name)
        if name not in DEFERRED[self.__name__]:
            return getattr(self._load(), name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(self._load(), name)(*args, **kwargs)

        return call

    def _load(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return importlib.import_module(self.__name__)


class _Untranslated(ModuleType):
    """The functions of gettext that argparse uses, without a search for translations.

    argparse would search at every text, and Python has no translations of its texts.
    """

    @staticmethod
    def gettext(message: str) -> str:
        return message

    @staticmethod
    def ngettext(singular: str, plural: str, number: int) -> str:
        return singular if number == 1 else plural


class _DeferredRe(ModuleType):
    """The module re, except that a pattern is compiled when it is first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    @staticmethod
    def compile(pattern: Any, flags: int = 0) -> "_DeferredPattern":
        return _DeferredPattern(pattern, flags)


class _DeferredPattern:
    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._source), name)
