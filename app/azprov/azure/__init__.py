"""Talking to Azure: connections, single requests, the retry loop, WireServer."""
