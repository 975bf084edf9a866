"""The first module that any Python runs in azprov.pyz.

Rule of this file: it uses only syntax of Python 2.7 and 3.0. It is short because every
start compiles it, at 80,000 instructions a line.
"""

import sys

if sys.version_info >= (3, 6):
    from importlib.util import MAGIC_NUMBER
    from marshal import loads

    archive = globals()["__loader__"]
    name = "bytecode/%s.%s" % (sys.implementation.cache_tag, MAGIC_NUMBER[:2].hex())

    def read(name):  # type: (str) -> bytes
        from zlib import crc32, error

        try:
            data = archive.get_data(name)  # type: bytes
        except error:
            data = b""
        if not data or crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
            from azprov.__main__ import fail

            sys.exit(fail("%s is damaged" % archive.archive, "copy it here again"))
        return data

    try:
        modules = loads(read(name))
    except (OSError, ImportError):  # no bytecode for this release, or no zlib
        pass
    else:
        finder = type(sys)("azprov.startup.bytecode")
        exec(loads(modules[finder.__name__][2]), finder.__dict__)
        finder.use(modules, name, archive, read)

from azprov.__main__ import main

sys.exit(main())
