"""Cheap cold starts: bytecode from the archive, and deferred imports."""
