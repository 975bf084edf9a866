"""Talking to Azure: connections, single requests, the retry loop, and the two services."""
