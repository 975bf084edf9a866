"""Rehearsals of a whole image: its own first boots, beside the simulated platform."""
