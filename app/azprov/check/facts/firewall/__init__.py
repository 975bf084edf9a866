"""Readers of firewall rules for outgoing traffic: one module for each kind of firewall."""
