"""Runs a client against the platform's real address, in its own network namespace.

    unshare -n[r] python real_addresses.py LATE_S COMMAND [ARGS]

The namespace has only loopback, which gets the address 168.63.129.16 and a strict
WireServer on port 80 after LATE_S seconds. Prints one JSON object.
"""

import json
import socket
import subprocess
import sys
import threading
import time

from strict_wireserver import StrictWireServer

ADDRESS = "168.63.129.16"


def main() -> None:
    late_s, command = float(sys.argv[1]), sys.argv[2:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    client = None
    if late_s:
        client = start(command)
        time.sleep(late_s)
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    server = StrictWireServer((ADDRESS, 80))
    thread = threading.Thread(target=server.serve)
    thread.start()
    client = client or start(command)
    out, err = client.communicate(timeout=60)
    server.listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    server.listener.close()
    result = {"exit_code": client.returncode, "out": out, "err": err, "verdicts": server.verdicts}
    sys.stdout.write(json.dumps(result))


def start(command: "list[str]") -> "subprocess.Popen[str]":
    # Without HOME and PATH, as at a first boot.
    return subprocess.Popen(
        command, env={}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


if __name__ == "__main__":
    main()
