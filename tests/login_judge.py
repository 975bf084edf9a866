"""Whether someone can log in to a root: by its own sshd and su, run inside it.

The root is a folder with a Debian, or one of live_root.py, which uses this machine's programs.
The programs run with chroot, in a network namespace without addresses. sshd talks to the client
through a pipe.
"""

import os
import shlex
import subprocess
from pathlib import Path

import needs

# $1 is the root; the rest is the command. A root without programs of its own gets this machine's.
_SCRIPT = """\
mount --make-rprivate /
[ -d "$1/usr/bin" ] || mount --rbind /usr "$1/usr"
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs none "$1/run"
mkdir -m 755 "$1/run/sshd"
root=$1
shift
exec chroot "$root" "$@"
"""
_LIMIT_S = 60


class LoginJudge:
    """Tries to log in to a root. `folder` gets the keys and passwords of the client."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self._command = [*needs.unshare("-nm"), "sh", "-ec", _SCRIPT, "sh", str(root)]
        folder.mkdir(exist_ok=True)

    def run(self, *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a program inside the root."""
        return subprocess.run(
            [*self._command, *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )

    def make_key(self, name: str) -> str:
        """Make a key of the client; returns the public key as a line."""
        path = self.folder / name
        keygen = [needs.program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        subprocess.run(keygen, check=True)
        return path.with_name(f"{name}.pub").read_text()

    def sign(self, ca: str, name: str, principal: str) -> None:
        """Make a certificate of a key of the client."""
        keygen = [needs.program("ssh-keygen"), "-q", "-s", str(self.folder / ca), "-I", "id"]
        keygen += ["-n", principal, str(self.folder / f"{name}.pub")]
        subprocess.run(keygen, check=True)

    def ssh(self, user: str, *, key: str = "", password: str = "") -> bool:
        """Whether sshd accepts a login with a key of the client, or with a password."""
        self.run("ssh-keygen", "-A")
        sshd = "/usr/sbin/sshd -i -f /etc/ssh/sshd_config -E /sshd.log -o LogLevel=DEBUG1"
        proxy = f"{shlex.join(self._command)} {sshd}"
        ask = self.folder / "ask"
        ask.write_text(f"#!/bin/sh\necho {shlex.quote(password)}\n")
        ask.chmod(0o700)
        ssh = [needs.program("ssh"), "-F", "none", "-o", f"ProxyCommand={proxy}"]
        ssh += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        ssh += ["-o", "IdentityAgent=none", "-o", "NumberOfPasswordPrompts=1"]
        if key:
            ssh += ["-o", "PreferredAuthentications=publickey", "-o", "IdentitiesOnly=yes"]
            ssh += ["-i", str(self.folder / key)]
        else:
            ssh += ["-o", "PreferredAuthentications=password,keyboard-interactive"]
        done = subprocess.run(
            [*ssh, f"{user}@root", "echo logged in"],
            env={**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_S,
        )
        return "logged in" in done.stdout

    def su(self, user: str, password: str) -> bool:
        """Whether an ordinary user becomes that user with su and a password."""
        setpriv = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        done = self.run(*setpriv, "su", user, "-c", "echo became", text=f"{password}\n")
        return "became" in done.stdout

    def console(self, command: str) -> bool:
        """Whether a command on a terminal gives a shell without asking for a password."""
        # Repeated, because a getty discards what is typed before its prompt.
        typed = "while sleep 0.2; do echo 'echo shell-$((1+1)); exit' || exit; done"
        # As systemd starts it, a getty has no shell as its parent.
        program = shlex.quote(f"exec {command}")
        on_terminal = f"script --quiet --return --command {program} /dev/null"
        shell = f"({typed}) | {on_terminal}"
        return "shell-2" in self.run("timeout", "20", "sh", "-c", shell).stdout
