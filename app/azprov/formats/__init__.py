"""Bytes to values and back: documents of the platform, and files of the host.

Rule of this package: it uses no files, sockets, clocks or logging, and imports nothing of
azprov except errors.
"""
