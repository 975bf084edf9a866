"""The archive under test, as build.py left it."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
PYZ = ROOT / "dist" / "azprov.pyz"
