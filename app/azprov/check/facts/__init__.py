"""Readers of an image. Nothing here decides whether what they find is good."""
