"""The SSH server of a machine: its settings, its host keys, and the keys that may log in."""
