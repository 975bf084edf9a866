"""Documents of the platform: bytes to values and back.

Rule of this room: no files, sockets, clocks or logging, and of azprov nothing
but errors.
"""
