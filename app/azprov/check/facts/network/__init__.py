"""Readers of network settings: one module for each network manager, and udev's names."""
