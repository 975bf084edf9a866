"""The archive under test, as build.py left it."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
PYZ = ROOT / "dist" / "azprov.pyz"

#: For clients that run outside a network namespace: not to the platform's real addresses.
NOWHERE = {"AZPROV_WIRESERVER": "127.0.0.1:9", "AZPROV_IMDS": "127.0.0.1:9"}
