"""Imports azprov and urllib3 from the bytecode that the build stored in the archive.

A module that the build did not compile is imported from its source by zipimport.
Each release of Python has two entries, one for a first boot and one for the rest:
each entry adds 31,000 instructions to every start, and unpacking adds 20 per byte.
"""

import sys
from importlib.machinery import ModuleSpec
from marshal import loads
from types import CodeType
from typing import Any, Callable, Dict, Tuple

Module = Tuple[str, bool, bytes]
#: By the module's name: its source in the archive, whether it is a package, and its
#: marshalled code. The source of a missing module is empty.
Modules = Dict[str, Module]

NO_MODULE = ("", False, b"")


def use(modules: Modules, name: str, archive: Any, read: Callable[[str], bytes]) -> None:
    """Import from these modules first, and then from the entry NAME.rest.

    `archive` is the zipimporter of the archive, which is removed from sys.path.
    `read`, in app/__main__.py, returns an entry of bytecode. If the archive is damaged it ends
    the program with the message of azprov/__main__.py, fail().
    """
    sys.path[:] = [path for path in sys.path if path != archive.archive]
    sys.meta_path.insert(0, _Precompiled(modules, name, archive, read))


class _Precompiled:
    """The finder and the loader of these modules."""

    def __init__(
        self, modules: Modules, name: str, archive: Any, read: Callable[[str], bytes]
    ) -> None:
        self._modules = modules
        self._rest = name + ".rest"
        self._archive = archive
        self._read = read
        self.get_data = archive.get_data  # for pkgutil

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> Any:
        if not name.startswith(("azprov", "urllib3")):
            return None
        if name not in self._modules and self._rest:
            self._modules.update(loads(self._read(self._rest)))
            self._rest = ""
        source, is_package, _ = self._modules.get(name, NO_MODULE)
        if not source:
            return None
        origin = f"{self._archive.archive}/{source}"
        new_spec: Any = ModuleSpec  # its loader needs no base class
        spec = new_spec(name, self, origin=origin, is_package=is_package)
        if is_package:
            spec.submodule_search_locations = [origin[: -len("/__init__.py")]]
        return spec

    def create_module(self, _spec: object) -> None:
        """Use an ordinary module."""

    def exec_module(self, module: Any) -> None:
        spec = module.__spec__
        module.__file__ = spec.origin
        code = self.get_code(spec.name)
        # The bytecode of all modules would be a megabyte of a first boot's memory.
        self._modules[spec.name] = self._modules[spec.name][:2] + (b"",)
        exec(code, module.__dict__)

    def get_code(self, name: str) -> CodeType:
        """The code. After the import its bytecode is gone, and the source is compiled."""
        packed = self._modules[name][2]
        code: CodeType = loads(packed) if packed else compile(self.get_source(name), name, "exec")
        return code

    def get_source(self, name: str) -> str:
        """The source, for the lines of a traceback."""
        return str(self.get_data(self._modules[name][0]).decode("utf-8"))
