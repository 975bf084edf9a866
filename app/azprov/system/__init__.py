"""Changing a machine or an image, always below a root."""
