"""Which tests are unit tests, the ones that `python3 build.py check` runs."""

from pathlib import Path

_TESTS = Path(__file__).parent
_FOLDERS = (_TESTS / "unit", _TESTS / "check")


def is_unit_test(path: Path, *, needs_more: bool) -> bool:
    """Whether a test in this file is a unit test, given if it needs more than this process."""
    return not needs_more and any(folder in path.parents for folder in _FOLDERS)
