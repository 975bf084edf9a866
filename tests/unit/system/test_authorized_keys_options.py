"""Options of keys, as a real sshd reads them at a login."""

import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

import needs
from azprov.formats.host.authorized_keys import merge_authorized_keys
from azprov.formats.host.ssh_keys import parse_ssh_keys

# sshd listens on loopback in a network of its own; /run has the folder that it asks for.
_SERVE = """
ip link set lo up && mount -t tmpfs none /run && mkdir /run/sshd || exit 9
"$0" -D -e -f server.conf 2> server.log & server=$!
for attempt in 1 2 3 4 5 6 7 8 9 10; do grep -q listening server.log && break; sleep 0.2; done
sh login
kill $server
"""
_SERVER = """
Port 2222
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/keys
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
MaxStartups 100
PidFile none
"""
_LOGIN = (
    "ssh -F /dev/null -p 2222 -i {name} -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR "
    "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 echo ran "
    "< /dev/null > {name}.out 2> {name}.err &\n"
)

#: Options in front of a key, and what a login with the key prints; "" if sshd refuses it.
OPTIONS = {
    "": "ran",
    'from="127.0.0.0/8"': "ran",
    'FROM="10.0.0.0/8,127.0.0.1"': "ran",
    'from="10.0.0.0/8"': "",
    'command="echo \\"a  b\\", c # d"': "a  b, c",
    "restrict,command=\"echo 'a b'\",no-pty": "a b",
    "restrict,pty,,no-touch-required,verify-required": "ran",
    'environment="A=b c",permitopen="localhost:80",permitlisten="8080",tunnel="any"': "ran",
    'expiry-time="20991231Z",command="echo 1"': "1",
    "cert-authority": "",
}
#: Options with which sshd ignores the line.
BAD_OPTIONS = [
    "command=id",
    'froom="127.0.0.1"',
    "ptyx",
    "pty=",
    "no-restrict",
    'from="127.0.0.1",from="127.0.0.1"',
    'command="a\\"',
    'environment="A"',
    'environment="A-B=c"',
    'expiry-time="tomorrow"',
    'permitopen="localhost"',
    'permitlisten="x:y"',
    'tunnel="any:1"',
    "restrict;pty",
]


def make_key(folder: Path, name: str, *options: str) -> str:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name), *options]
    subprocess.run(command, check=True)
    return (folder / f"{name}.pub").read_text().strip()


def log_in(folder: Path, names: List[str]) -> Dict[str, str]:
    """Log in with each of the keys; returns what each login prints."""
    (folder / "server.conf").write_text(_SERVER.format(folder=folder))
    (folder / "login").write_text("".join(_LOGIN.format(name=name) for name in names) + "wait\n")
    make_key(folder, "host")
    command = [*needs.unshare("-n", "-m"), "sh", "-c", _SERVE, needs.program("sshd")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + (folder / "server.log").read_text()
    return {name: (folder / f"{name}.out").read_text().strip() for name in names}


@pytest.mark.needs("root", "sshd", "ssh", "ssh-keygen", "ip", "mount")
def test_sshd_uses_the_options_that_the_platform_sends(tmp_path: Path) -> None:
    """Each line that azprov writes lets in or restricts its key as the options say."""
    names = {f"k{number}": options for number, options in enumerate(OPTIONS)}
    lines = [f"{options} {make_key(tmp_path, name)}\r\n" for name, options in names.items()]
    keys, bad_lines = parse_ssh_keys("# work\r\n" + "".join(lines))
    (tmp_path / "keys").write_bytes(merge_authorized_keys(b"", keys))

    printed = log_in(tmp_path, list(names))

    assert bad_lines == []
    assert {names[name]: text for name, text in printed.items()} == OPTIONS


@pytest.mark.needs("root", "sshd", "ssh", "ssh-keygen", "ip", "mount")
def test_sshd_ignores_the_lines_that_azprov_leaves_out(tmp_path: Path) -> None:
    """A line with one of these options lets no one log in, and azprov names each of them."""
    names = {f"k{number}": options for number, options in enumerate(BAD_OPTIONS)}
    lines = [f"{options} {make_key(tmp_path, name)}\n" for name, options in names.items()]
    (tmp_path / "keys").write_text("".join(lines) + make_key(tmp_path, "good"))

    printed = log_in(tmp_path, [*names, "good"])
    keys, bad_lines = parse_ssh_keys((tmp_path / "keys").read_text())

    assert {names.get(name, name): text for name, text in printed.items() if text} == {
        "good": "ran"
    }
    assert [bad.number for bad in bad_lines] == list(range(1, len(BAD_OPTIONS) + 1))
    assert len(keys) == 1


@pytest.mark.needs("root", "sshd", "ssh", "ssh-keygen", "ip", "mount")
def test_sshd_accepts_certificates_of_a_named_authority(tmp_path: Path) -> None:
    """A cert-authority line with principals is kept, and lets in only its principals."""
    authority = make_key(tmp_path, "authority")
    for name, principal in (("k0", "web admin"), ("k1", "other")):
        make_key(tmp_path, name)
        command = ["ssh-keygen", "-q", "-s", "authority", "-I", name, "-n", principal]
        subprocess.run([*command, f"{name}.pub"], cwd=tmp_path, check=True)
    line = f'cert-authority,principals="ops,web admin" {authority}'
    keys, _ = parse_ssh_keys(line)
    # The same key without the option does not sign certificates.
    (tmp_path / "keys").write_bytes(merge_authorized_keys(f"{authority}\n".encode(), keys))

    printed = log_in(tmp_path, ["k0", "k1", "authority"])

    assert printed == {"k0": "ran", "k1": "", "authority": "ran"}
