"""A machine below a root, a platform on loopback, and azprov run against both as a process."""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import pytest

from azprov.errors import EXIT_CODES
from images import add_python
from project import NOWHERE
from pyz import PYZ
from sample_files import sample
from strict_wireserver import GOAL_STATE

USER = "ops"
USER_ID = 54321
VM_ID = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
KEY = sample("ssh_key/ed25519.pub").decode().strip()
UNIT_LINK = "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"

#: A command that takes longer counts as hanging.
LIMIT_S = 60.0

needs_root = pytest.mark.needs("root")

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
    f"{USER}:x:{USER_ID}:{USER_ID}::/home/{USER}:/bin/sh\n",
    "etc/shadow": f"root:*:19000:0:99999:7:::\n{USER}:$6$a$b:19000:0:99999:7:::\n",
    "etc/group": f"root:x:0:\n{USER}:x:{USER_ID}:\nsudo:x:27:{USER}\n",
    "etc/hostname": "image\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 image\n",
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
    "etc/ssh/ssh_host_rsa_key": "key\n",
    f"etc/sudoers.d/90-{USER}": f"{USER} ALL=(ALL) ALL\n",
    "etc/skel/.profile": "# .profile\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "usr/lib/systemd/systemd": "",
    "var/lib/dhcp/dhclient.eth0.leases": "lease {}\n",
    "var/lib/systemd/random-seed": "seed",
    "var/log/auth.log": "ops logged in\n",
    "var/lib/hyperv/.kvp_pool_1": "",
    "sys/class/dmi/id/product_uuid": f"{VM_ID.upper()}\n",
}
_FOLDERS = ("etc/ssh/sshd_config.d", "root", "run", "proc", "var/lib/cloud")


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.rstrip("\n").rpartition("\n")[2]


class Platform:
    """WireServer and the metadata service, both healthy, at one port; collects the reports."""

    def __init__(self) -> None:
        reports: List[bytes] = []
        platform = self
        instance = {
            "compute": {
                "vmId": VM_ID,
                "name": "web01",
                "osProfile": {
                    "computerName": "web01",
                    "adminUsername": "admin1",
                    "disablePasswordAuthentication": "true",
                },
                "publicKeys": [{"keyData": KEY}],
            }
        }

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_imds = self.path.startswith("/metadata/")
                self.answer(json.dumps(instance).encode() if is_imds else GOAL_STATE)

            def do_POST(self) -> None:
                reports.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(b"")

            def answer(self, content: bytes) -> None:
                time.sleep(platform.pause_s)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self.reports = reports
        self.pause_s = 0.0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        address = f"127.0.0.1:{self._server.server_port}"
        self.variables = {"AZPROV_WIRESERVER": address, "AZPROV_IMDS": address}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def make_machine(folder: Path) -> Path:
    """An image with a user who has logged in and who owns the home."""
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    for name, content in _FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "etc/shadow").chmod(0o600)
    (folder / "etc/ssh/ssh_host_rsa_key").chmod(0o600)
    add_python(folder)
    home = folder / "home" / USER
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "authorized_keys").write_text("# mine\n")
    (home / ".bash_history").write_text("ls\n")
    for path in (home, *home.rglob("*")):
        os.chown(path, USER_ID, USER_ID)
    (home / ".ssh").chmod(0o700)
    folder.chmod(0o755)
    return folder


#: The arguments of every command that changes an image.
WRITING: Dict[str, List[str]] = {
    "install": ["install", "--admin-user"],
    "set-hostname": ["set-hostname", "web01"],
    "ssh-keys": ["ssh-keys", "--user", USER, "--imds-timeout", "3"],
    "admin-user": ["admin-user", "--imds-timeout", "3"],
    "provision": ["provision", "--admin-user", "--ssh-keys", USER, "--timeout", "6"],
    "deprovision": ["deprovision", "--yes", "--user", USER],
    "uninstall": ["uninstall"],
}


def run(
    *argv: object,
    platform: Optional[Platform] = None,
    before: Sequence[object] = (),
    env: Optional[Dict[str, str]] = None,
    python: object = sys.executable,
) -> Done:
    """Run azprov, after the command in `before` if given, and check how it ended."""
    command = [*before, python, "-I", PYZ, *argv]
    done = subprocess.run(
        [str(word) for word in command],
        env={"PATH": os.environ["PATH"], **NOWHERE, **(platform.variables if platform else {})}
        | (env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    result = Done(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8")
    )
    require_contract(result)
    return result


def require_contract(done: Done) -> None:
    """The exit code is documented, there is no traceback or bug, and a failure has a sentence."""
    assert done.code in {*EXIT_CODES, 129, 130}, done
    for flaw in ("Traceback", "Exception ignored", "a bug in azprov", "Logging error"):
        assert flaw not in done.err, done
    if done.code:
        assert done.last_line.startswith("azprov: "), done
        assert done.code != 70, done


def everything(folder: Path) -> Dict[str, str]:
    """Every path below a folder with its kind, mode, owner and content; devices are not read."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        what = f"{status.st_mode:o} {status.st_uid}:{status.st_gid} "
        if path.is_symlink():
            what += f"-> {os.readlink(path)}"
        elif path.is_file():
            what += repr(path.read_bytes()[:10000])
        found[str(path.relative_to(folder))] = what
    return found
