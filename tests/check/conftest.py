"""The sound image that every test of `check` starts from."""

from pathlib import Path

import pytest

from sound_image import make_sound


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "image")
