"""A rehearsal: the real client, in a process of its own, against a simulated platform."""
