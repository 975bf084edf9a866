"""Connects in its own network namespace, where a route appears late or never.

    unshare -n[r] python late_route.py WAY ADDRESS

The namespace has only loopback. Prints a JSON object: the number of attempts, the seconds,
and whether there was a connection.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

from azprov.azure.dial import BoundedSocket, Dialer
from azprov.azure.endpoint import Endpoint
from azprov.azure.retry_loop import RetryLoop
from azprov.errors import NotConnected
from azprov.system.clock import Clock

PORT = 8080
LATE_S = 0.5
#: The address that appears and disappears in a storm.
OTHER_ADDRESS = "192.0.2.99/32"


def main() -> None:
    way, address = sys.argv[1:]
    endpoint = Endpoint(address, PORT)
    ip("link", "set", "lo", "up")
    listener = socket.socket(endpoint.family)
    listener.bind(("", PORT))
    listener.listen()
    dialer = Dialer(endpoint, Clock())
    tries, is_connected = 0, False

    def attempt() -> BoundedSocket:
        nonlocal tries
        tries += 1
        # Far longer than the route takes to appear.
        return dialer.connect(patience_s=0.05, route_patience_s=min(30.0, retry_loop.left_s()))

    def add_address() -> None:
        bits = "128" if ":" in address else "32"
        ip("address", "add", f"{address}/{bits}", "dev", "lo")

    other = threading.Thread()
    if way.startswith("after"):
        for _ in range(int(way[-1])):
            with suppress(NotConnected):
                dialer.connect(patience_s=0.05, route_patience_s=30.0)
        add_address()
    elif way == "prohibited":
        ip("route", "add", "prohibit", address)
    elif way in ("late", "polled"):
        other = threading.Timer(LATE_S, add_address)
    elif way == "storm":
        other = threading.Thread(target=change_routes, daemon=True)
    if way == "polled":
        # As on a Python without netlink.
        del socket.AF_NETLINK
    other.start()
    retry_loop = RetryLoop(
        Clock(), timeout_s=1.0 if way in ("never", "storm", "prohibited") else 60.0, jitter=float
    )
    began = time.monotonic()
    with suppress(NotConnected):
        retry_loop.run(attempt).close()
        is_connected = True
    seconds = time.monotonic() - began
    dialer.close()
    listener.close()
    json.dump({"tries": tries, "seconds": seconds, "is_connected": is_connected}, sys.stdout)


def change_routes() -> None:
    """Change addresses and routes hundreds of times a second, until the program ends."""
    command = ["ip", "-batch", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as batch:
        assert batch.stdin is not None
        while True:
            batch.stdin.write(f"address add {OTHER_ADDRESS} dev lo\n")
            batch.stdin.write(f"address del {OTHER_ADDRESS} dev lo\n")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


if __name__ == "__main__":
    main()
