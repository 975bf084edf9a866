"""Rehearsals: the real client runs as a process against a simulated platform."""
