"""Cheap cold starts: bytecode from the archive, and imports that are deferred."""
