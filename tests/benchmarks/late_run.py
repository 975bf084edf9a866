"""One run with a late network, in a network namespace of its own.

    unshare -n python -m benchmarks.late_run ORDER COMMAND [ARGS]

ORDER is a JSON object with the kind of network, its delay, and the scratch folder. The
result is printed as a JSON object.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

from benchmarks.instant import InstantPlatform
from benchmarks.subject import ADDRESS, SCRATCH, started

# A documentation address (RFC 5737); the namespace has only a loopback interface.
LATE_ADDRESS = "192.0.2.16"
# The longest pause of a subject is 10 s, after attempts that take another 10 s.
PATIENCE_S = 60.0
# After this time the program has started, and its CPU time is the cost of waiting.
STARTED_S = 1.0
SHORTEST_WATCH_S = 1.0


def main() -> None:
    order = json.loads(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    late_s, is_port = order["late_s"], order["way"] == "port"
    platform = InstantPlatform(("127.0.0.1", 80) if is_port else ("0.0.0.0", 80))  # noqa: S104 - a private namespace
    address = "127.0.0.1" if is_port else LATE_ADDRESS
    if not is_port:
        platform.open()
    began = time.monotonic()
    scratch = Path(order["scratch"])
    command = [w.replace(ADDRESS, address).replace(SCRATCH, str(scratch)) for w in sys.argv[2:]]
    with Path(os.devnull).open("wb") as null, started(
        command, scratch, stdout=null, stderr=null
    ) as client:
        share = watch(client, late_s) if late_s >= STARTED_S + SHORTEST_WATCH_S else None
        ended_within(client, began + late_s - time.monotonic())
        reachable = time.monotonic()
        if is_port:
            platform.open()
        else:
            subprocess.run(["ip", "address", "add", f"{LATE_ADDRESS}/32", "dev", "lo"], check=True)
        while time.monotonic() - reachable < PATIENCE_S and client.poll() is None:
            if platform.is_reported.wait(0.1):
                break
        ended_within(client, 5.0)
    delay = platform.ready_at[0] - reachable if platform.ready_at else None
    platform.close()
    json.dump({"delay_s": delay, "cpu_share": share}, sys.stdout)


def watch(client: "subprocess.Popen[bytes]", late_s: float) -> Optional[float]:
    """Measure the share of a core that the client uses while it waits for the network."""
    seconds = late_s - STARTED_S - 0.1
    if ended_within(client, STARTED_S):
        return None
    before = cpu_s(client.pid)
    if ended_within(client, seconds):
        return None
    return (cpu_s(client.pid) - before) / seconds


def ended_within(client: "subprocess.Popen[bytes]", seconds: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        client.wait(max(0.0, seconds))
    return client.returncode is not None


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of the process (to the ns) and of its ended children (to the tick)."""
    own = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # cutime and cstime are fields 16 and 17 of proc(5), and the state is field 3.
    return own + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
