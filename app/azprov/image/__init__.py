"""Preparing an image."""
