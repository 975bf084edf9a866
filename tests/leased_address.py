"""Runs a first boot in a network namespace where a lease names WireServer.

    unshare -n[r] python leased_address.py ROOT COMMAND [ARGS]

As at a first boot, the client starts first. After a second the namespace gets the
address 10.9.8.7 with a strict WireServer on port 80, and then ROOT gets a lease that
names it. The platform's usual address does not exist. Prints one JSON object.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from real_addresses import start
from strict_wireserver import StrictWireServer

ADDRESS = "10.9.8.7"


def main() -> None:
    root, command = Path(sys.argv[1]), sys.argv[2:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    client = start(command)
    time.sleep(1.0)
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    server = StrictWireServer((ADDRESS, 80))
    thread = threading.Thread(target=server.serve)
    thread.start()
    time.sleep(0.3)
    leases = root / "run/systemd/netif/leases"
    leases.mkdir(parents=True)
    (leases / "2").write_text("ADDRESS=10.9.8.4\nOPTION_245=0a090807\n")
    _, err = client.communicate(timeout=60)
    server.listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    server.listener.close()
    sys.stdout.write(
        json.dumps({"exit_code": client.returncode, "err": err, "verdicts": server.verdicts})
    )


if __name__ == "__main__":
    main()
