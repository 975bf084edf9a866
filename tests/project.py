"""The project's folder, and a small archive for tests that do not need the built one."""

import io
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: Keeps an azprov that a test starts away from the platform's real addresses.
NOWHERE = {"AZPROV_WIRESERVER": "127.0.0.1:9", "AZPROV_IMDS": "127.0.0.1:9"}


def _first_modules() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("__main__.py", "azprov/__init__.py", "azprov/__main__.py"):
            archive.writestr(name, (ROOT / "app" / name).read_bytes())
    return packed.getvalue()


#: The first modules of azprov in a zip file. `install` and `check` accept it as azprov.pyz, but
#: it cannot run; a test that runs an archive imports PYZ from pyz.py.
SMALL_ARCHIVE = _first_modules()
