"""Leftovers of a used machine, which an image must not contain."""
