"""Deferred imports: hidden and deferred modules work normally when they are needed."""

import re
import subprocess
import sys
from typing import List

import pytest

from azprov.startup.deferred import lean_imports


def lines_of_program(program: str) -> List[str]:
    """Run a program in a new process, because this one has imported every module already."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_hidden_module_can_be_imported_afterwards() -> None:
    """TLS is missing inside the block, and can be imported after it."""
    program = (
        "from azprov.startup.deferred import lean_imports\n"
        "with lean_imports():\n"
        "    try:\n"
        "        import ssl\n"
        "    except ImportError:\n"
        "        print('hidden')\n"
        "import ssl\n"
        "print(ssl.SSLContext.__name__)\n"
    )

    assert lines_of_program(program) == ["hidden", "SSLContext"]


def test_a_deferred_function_imports_its_module_when_called() -> None:
    """Taking a function imports nothing; its call does the work of the real function."""
    program = (
        "import sys\n"
        "from azprov.startup.deferred import lean_imports\n"
        "with lean_imports():\n"
        "    import hashlib\n"
        "    from json import dumps\n"
        "print('hashlib' in sys.modules, 'json' in sys.modules)\n"
        "print(hashlib.sha256(b'').hexdigest()[:8], dumps([1]))\n"
        "import hashlib, json\n"
        "print(hashlib.__file__ == sys.modules['hashlib'].__file__, json.loads('[1]'))\n"
    )

    assert lines_of_program(program) == ["False False", "e3b0c442 [1]", "True [1]"]


def test_an_exception_of_a_deferred_module_can_be_caught() -> None:
    """`except json.JSONDecodeError` names the real class, which the real parser raises."""
    program = (
        "from azprov.startup.deferred import lean_imports\n"
        "with lean_imports():\n"
        "    import json\n"
        "    from json import JSONDecodeError\n"
        "try:\n"
        "    json.loads('{')\n"
        "except json.JSONDecodeError as error:\n"
        "    print('caught', type(error) is JSONDecodeError)\n"
    )

    assert lines_of_program(program) == ["caught True"]


def test_a_deferred_function_can_be_called_inside_the_block() -> None:
    """The real module is imported there and stays imported after the block."""
    program = (
        "import sys\n"
        "from azprov.startup.deferred import lean_imports\n"
        "with lean_imports():\n"
        "    import json\n"
        "    print(json.dumps([1]))\n"
        "print(sys.modules['json'].__file__.endswith('__init__.py'))\n"
    )

    assert lines_of_program(program) == ["[1]", "True"]


def test_a_module_that_is_imported_already_stays_unchanged() -> None:
    """A module that is already imported is kept, and re is restored afterwards."""
    import json
    import ssl

    with lean_imports():
        import json as json_inside
        import ssl as ssl_inside

        assert (json_inside, ssl_inside) == (json, ssl)
        assert sys.modules["re"] is not re
    assert sys.modules["re"] is re


def test_a_failed_import_leaves_no_replaced_module() -> None:
    """An error inside the block is passed on, and re is restored."""
    with pytest.raises(ImportError, match="no such part"), lean_imports():
        raise ImportError("no such part")

    assert sys.modules["re"] is re


def test_a_pattern_is_compiled_at_its_first_use() -> None:
    """An invalid pattern fails no earlier; its flags and methods are those of re."""
    with lean_imports():
        import re as deferred_re

        invalid = deferred_re.compile("(")
        word = deferred_re.compile("[a-z]+", deferred_re.IGNORECASE)
        assert deferred_re.escape("a.b") == r"a\.b"

    found = word.match("ABC1")
    assert found is not None
    assert found.group() == "ABC"
    assert word.sub("x", "a1b") == "x1x"
    with pytest.raises(re.error):
        invalid.match("")
