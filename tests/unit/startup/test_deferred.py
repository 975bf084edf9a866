"""Importing less: what is hidden or put off is as it was before, once it is needed."""

import re
import subprocess
import sys

import pytest

from azprov.startup.deferred import lean_imports


def test_what_is_hidden_can_be_imported_afterwards() -> None:
    """In a process of its own, since this one has imported all of it."""
    program = (
        "import sys\n"
        "from azprov.startup.deferred import lean_imports\n"
        "with lean_imports():\n"
        "    try:\n"
        "        import ssl\n"
        "    except ImportError:\n"
        "        print('hidden')\n"
        "    import hashlib\n"
        "    from json import dumps\n"
        "print('hashlib' in sys.modules, 'json' in sys.modules)\n"
        "print(hashlib.sha256(b'').hexdigest()[:8], dumps([1]))\n"
        "import hashlib, json, ssl\n"
        "print(hashlib.__file__ == sys.modules['hashlib'].__file__, json.loads('[1]'))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "hidden",
        "False False",
        "e3b0c442 [1]",
        "True [1]",
    ]


def test_what_is_imported_already_stays() -> None:
    """Of the modules that are hidden or deferred; and re is itself again."""
    import json
    import ssl

    with lean_imports():
        import json as json_inside
        import ssl as ssl_inside

        assert (json_inside, ssl_inside) == (json, ssl)
        assert sys.modules["re"] is not re
    assert sys.modules["re"] is re


def test_a_failed_import_leaves_nothing_behind() -> None:
    """An error in the block goes on, and re is itself again."""
    with pytest.raises(ImportError, match="no such part"), lean_imports():
        raise ImportError("no such part")

    assert sys.modules["re"] is re


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    """A wrong one fails no earlier; flags and methods are those of re."""
    with lean_imports():
        import re as patient

        wrong = patient.compile("(")
        word = patient.compile("[a-z]+", patient.IGNORECASE)
        assert patient.escape("a.b") == r"a\.b"

    found = word.match("ABC1")
    assert found is not None
    assert found.group() == "ABC"
    assert word.sub("x", "a1b") == "x1x"
    with pytest.raises(re.error):
        wrong.match("")
