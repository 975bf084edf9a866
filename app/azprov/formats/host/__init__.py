"""Formats of files on a Linux system: bytes to values and back."""
