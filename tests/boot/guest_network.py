"""The surroundings of a booted root: a network, a DHCP server and the platform's two services.

    unshare -nm python guest_network.py JSON

This program needs its own network and mount namespaces. JSON holds the parameters of the
boot, and the result is printed as JSON. The platform's addresses are on the host's end of
the guest's only link, so the guest reaches them by the route of its lease, as on Azure.
"""

import http.server
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, List, Union

from benchmarks.instant import InstantPlatform
from strict_wireserver import StrictWireServer

LINK = "ve-azprov"
ADDRESSES = ("10.0.0.1/24", "168.63.129.16/32", "169.254.169.254/32", "203.0.113.1/32")
BOOT_LIMIT_S = 90.0


def main() -> None:
    order = json.loads(sys.argv[1])
    ip("link", "set", "lo", "up")
    subprocess.run(["sh", "-ec", order["prepare"], order["root"]], check=True)
    guest = start_guest(order["root"], order["nspawn"])
    server = None
    imds_requests: List[str] = []
    try:
        wait_for(lambda: LINK in link_names())
        for address in ADDRESSES:
            ip("address", "add", address, "dev", LINK)
        ip("link", "set", LINK, "up")
        wireserver = start_wireserver(is_strict=not order["is_instant"])
        if order["is_instant"]:
            InstantPlatform(("169.254.169.254", 80)).open()
        elif order["imds"]:
            answers = handler(order["metadata"], imds_requests)
            imds = http.server.HTTPServer(("169.254.169.254", 80), answers)
            threading.Thread(target=imds.serve_forever, daemon=True).start()
        leased = False
        if order["late_s"] is not None:
            time.sleep(order["late_s"])
            leases = Path(order["root"]).with_name("leases")
            leases.unlink(missing_ok=True)
            server = start_dhcp_server(leases, dhcp_log(Path(order["root"])))
            leased = wait_for(lambda: leases.exists() and bool(leases.read_text()))
        if order["waits_for_ready"]:
            wait_for(lambda: "ready" in wireserver.verdicts)
        time.sleep(order["then_s"])
        ran = [run(command) for command in order["then_run"]]
        inside = [run([*inside_of(guest), *command]) for command in order["then_inside"]]
        if order["cut"]:
            cut_power(guest, *order["cut"])
    finally:
        if guest.poll() is None:
            if order["poweroff"]:
                run([*inside_of(guest), *order["poweroff"]])
            stop(guest, is_ending=bool(order["poweroff"]))
        if server is not None:
            stop(server)
    result = {
        "leased": leased,
        "verdicts": wireserver.verdicts,
        "imds_requests": imds_requests,
        "announced": announced_names(Path(order["root"])),
        "ran": ran,
        "inside": inside,
        "console": Path(order["root"]).with_name("console").read_text(errors="replace"),
    }
    sys.stdout.write(json.dumps(result))


def start_wireserver(*, is_strict: bool) -> Union[StrictWireServer, InstantPlatform]:
    """Start a WireServer that accepts only azprov's requests, or that of the benchmarks."""
    if is_strict:
        strict = StrictWireServer(("168.63.129.16", 80))
        threading.Thread(target=strict.serve, daemon=True).start()
        return strict
    instant = InstantPlatform(("168.63.129.16", 80))
    instant.open()
    return instant


def run(command: List[str]) -> List[object]:
    """Run a program outside the guest; returns its exit code and its output."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOOT_LIMIT_S,
        check=False,
    )
    return [done.returncode, done.stdout]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def link_names() -> List[str]:
    """Return the links of this network namespace; /sys shows those of the parent's."""
    return [name for _, name in socket.if_nameindex()]


def wait_for(condition: Any) -> bool:
    until = time.monotonic() + BOOT_LIMIT_S
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start_guest(root: str, options: List[str]) -> "subprocess.Popen[bytes]":
    command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"]
    command += ["--directory", root, "--machine=azprov", "--network-veth", "--console=pipe"]
    command += options
    with Path(root).with_name("console").open("wb") as console:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
        )


def start_dhcp_server(leases: Path, log: Path) -> "subprocess.Popen[bytes]":
    log.unlink(missing_ok=True)
    options = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-dynamic"]
    options += [f"--interface={LINK}", f"--dhcp-leasefile={leases}", "--user=root"]
    # A lease on Azure has no host name (NetworkConfiguration/dhcpcd #282 shows one); networkd
    # would set such a name.
    options += ["--dhcp-ignore-names", "--log-dhcp", f"--log-facility={log}"]
    options += ["--dhcp-range=10.0.0.4,10.0.0.4,255.255.255.0,1h", "--dhcp-option=3,10.0.0.1"]
    return subprocess.Popen(
        ["dnsmasq", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def dhcp_log(root: Path) -> Path:
    return root.with_name("dhcp.log")


def announced_names(root: Path) -> List[str]:
    """Return the host names that the guest has sent to the DHCP server, in their order."""
    log = dhcp_log(root)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [line.rpartition(" ")[2] for line in lines if "client provides name" in line]


def inside_of(guest: "subprocess.Popen[bytes]") -> List[str]:
    """Return a command that runs another one in the guest's namespaces."""
    init = Path(f"/proc/{guest.pid}/task/{guest.pid}/children").read_text().split()[0]
    return ["nsenter", "--all", "--target", init]


def cut_power(guest: "subprocess.Popen[bytes]", disk: str, copy: str) -> None:
    """Kill the guest, and copy the written blocks of its disk before the kernel writes more."""
    guest.kill()
    guest.wait()
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)


def stop(process: "subprocess.Popen[bytes]", *, is_ending: bool = False) -> None:
    """Wait until a process ends, after SIGTERM unless it is ending already; then kill it.

    systemd-nspawn shuts its guest down when it gets SIGTERM.
    """
    if not is_ending:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def handler(metadata: Any, requests: List[str]) -> type:
    class Imds(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            is_good = self.headers.get("Metadata") == "true"
            value = value_at(metadata, self.path)
            is_text = "format=text" in self.path and value is not None
            body = (str(value) if is_text else json.dumps(value)).encode()
            self.send_response(404 if value is None else 200 if is_good else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing: the requests are part of the result."""

    return Imds


def value_at(metadata: Any, path: str) -> Any:
    """Return what a path such as /metadata/instance/compute/name?api-version=... names."""
    for name in path.partition("?")[0].split("/")[3:]:
        if isinstance(metadata, list):
            metadata = dict(enumerate(metadata)).get(int(name))
        else:
            metadata = metadata.get(name) if isinstance(metadata, dict) else None
    return metadata


if __name__ == "__main__":
    main()
