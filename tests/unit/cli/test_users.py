"""ssh-keys, admin-user and provision with a user, on a scratch image."""

import json
import os
import stat
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from azprov.cli import main
from azprov.formats.platform.instance import parse_instance
from azprov.formats.platform.kvp import parse_pool
from azprov.system.firmware import read_platform_vm_id
from azprov.system.root import Root
from images import changes, tree
from person import GID, LOGIN_DEFS, UID
from ports import RawServer, replying
from sample_files import sample

ED25519 = sample("ssh_key/ed25519.pub").decode()
RSA = sample("ssh_key/rsa-2048.pub").decode()
X509 = sample("ssh_key/x509.pem").decode()
VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"


def metadata(*keys: str, user: object = "azureuser", no_passwords: str = "true") -> bytes:
    compute: Dict[str, Any] = {
        "name": "web01",
        "osProfile": {"adminUsername": user, "disablePasswordAuthentication": no_passwords},
        "publicKeys": [{"keyData": key, "path": ""} for key in keys],
    }
    return json.dumps({"compute": compute}).encode()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    for name, content in {
        "etc/passwd": f"root:x:0:0::/root:/bin/sh\nops:x:{UID}:{GID}::/home/ops:/bin/sh\n",
        "etc/shadow": "root:*:::::::\nops:$y$hash:::::::\n",
        "etc/group": "root:x:0:\n",
        "etc/login.defs": LOGIN_DEFS,
        "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
        "etc/ssh/sshd_config.d/README": "",
        "etc/sudoers.d/README": "",
        "home/ops/.profile": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    for path in (tmp_path / "home/ops", tmp_path / "home/ops/.profile"):
        os.chown(path, UID, GID)
    return tmp_path


def without_ops(image: Path) -> None:
    """Free the number of ops for the admin user: without root, a test can act as one user only."""
    (image / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (image / "etc/shadow").write_text("root:*:::::::\n")


class Users:
    """Runs a command against a metadata service that gives one answer."""

    def __init__(self, image: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._image = image
        self._capfd = capfd

    def __call__(self, *argv: str, answer: bytes, limit_s: int = 20) -> Tuple[int, str, str]:
        http = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
        with RawServer(replying(http)) as server:
            words = [*argv, "--root", str(self._image), "--imds", str(server.endpoint)]
            code = main([*words, "--imds-timeout", str(limit_s)])
        captured = self._capfd.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def users(image: Path, capfd: pytest.CaptureFixture[str]) -> Users:
    return Users(image, capfd)


def test_keys_are_added_for_a_user(users: Users, image: Path) -> None:
    """Valid keys are added and listed by fingerprint; each other one gives a line in the log."""
    code, out, err = users(
        "ssh-keys", "--user", "ops", "--json", answer=metadata(X509, ED25519 + "\r\n", RSA)
    )

    assert code == 0
    answer = json.loads(out)
    assert answer["user"] == "ops"
    # Calculated by `ssh-keygen -l -f`.
    assert answer["keys"] == [
        "SHA256:VkMX6cxIuudqzG/X88ueOcmm/VwEwelfBxAog+4iX8s",
        "SHA256:zjEo04NeGai5b0YpjYt/oBcwOXamQbjUCis6Q3nD/T4",
    ]
    assert err.splitlines() == [
        "the platform's public key 1 is left out: it is an X.509 certificate",
        "SSH keys authorized for ops: 2",
    ]
    path = image / "home/ops/.ssh/authorized_keys"
    assert path.read_text() == ED25519 + RSA
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (UID, 0o600)


def test_each_bad_line_of_a_key_is_logged(users: Users, image: Path) -> None:
    """The log names each bad line; comments are skipped, and options are kept unchanged."""
    lines = f'# work\r\nfrom="10.0.0.0/8" {ED25519.strip()}\r\njunk\r\n{RSA}pty=1 {RSA}'

    code, _, err = users("ssh-keys", "--user", "ops", answer=metadata(lines))

    assert code == 0
    assert err.splitlines() == [
        "line 3 of the platform's public key 1 is left out: it is not an OpenSSH key",
        "line 5 of the platform's public key 1 is left out: sshd does not know the option "
        "pty in this form",
        "SSH keys authorized for ops: 2",
    ]
    path = image / "home/ops/.ssh/authorized_keys"
    assert path.read_text() == f'from="10.0.0.0/8" {ED25519.strip()}\n{RSA}'


def test_keys_are_not_logged(users: Users) -> None:
    """The log has no part of a key, not even with -v."""
    _, _, err = users("ssh-keys", "--user", "ops", "-v", answer=metadata(ED25519, RSA[:60]))

    assert ED25519.split()[1][:20] not in err
    assert RSA.split()[1][:20] not in err


def test_an_admin_user_is_created(users: Users, image: Path) -> None:
    """The user gets keys and sudo, sshd refuses passwords, and a second run changes nothing."""
    without_ops(image)

    assert users("admin-user", answer=metadata(ED25519))[0] == 0

    assert f"azureuser:x:{UID}:" in (image / "etc/passwd").read_text()
    assert "azureuser:*:" in (image / "etc/shadow").read_text()
    assert (image / "home/azureuser/.ssh/authorized_keys").read_text() == ED25519
    assert (image / "etc/sudoers.d/90-azprov").exists()
    assert (image / "etc/ssh/sshd_config.d/00-azprov.conf").exists()
    before = changes(image)
    assert users("admin-user", answer=metadata(ED25519))[0] == 0
    assert changes(image) == before


def test_an_admin_user_does_not_inherit_keys(users: Users, image: Path) -> None:
    """Keys in the home of a deleted user with the same name are replaced."""
    without_ops(image)
    path = image / "home/azureuser/.ssh/authorized_keys"
    path.parent.mkdir(parents=True)
    path.write_text(RSA)
    for owned in (path, path.parent, path.parent.parent):
        os.chown(owned, UID, GID)

    assert users("admin-user", answer=metadata(ED25519))[0] == 0

    assert path.read_text() == ED25519


def test_passwords_stay_enabled_if_the_platform_allows_them(users: Users, image: Path) -> None:
    """sshd's settings stay unchanged if disablePasswordAuthentication is "false"."""
    users("admin-user", answer=metadata(ED25519, no_passwords="false"))

    assert not (image / "etc/ssh/sshd_config.d/00-azprov.conf").exists()


def test_an_existing_user_is_kept(users: Users, image: Path) -> None:
    """A user with the admin's name keeps password and home, and gets the keys and sudo."""
    assert users("admin-user", answer=metadata(ED25519, user="ops"))[0] == 0

    assert "ops:$y$hash:" in (image / "etc/shadow").read_text()
    assert (image / "home/ops/.ssh/authorized_keys").read_text() == ED25519
    assert (image / "etc/sudoers.d/90-azprov").read_text().startswith('"ops" ')


@pytest.mark.parametrize(
    ("argv", "answer", "code", "last"),
    [
        (
            ["ssh-keys", "--user", "ops"],
            metadata(),
            78,
            "the instance metadata contains no SSH public key; deploy the VM with an SSH key in "
            "OpenSSH's form",
        ),
        (
            ["ssh-keys", "--user", "ops"],
            metadata(X509, "junk"),
            78,
            "the instance metadata contains no usable SSH public key; deploy the VM with an "
            "SSH key in OpenSSH's form",
        ),
        (
            ["ssh-keys", "--user", "nosuch"],
            metadata(ED25519),
            2,
            "there is no user 'nosuch' in IMAGE/etc/passwd; name an existing user; "
            "azprov.pyz admin-user creates the platform's admin user",
        ),
        (
            ["admin-user"],
            metadata(ED25519, user=""),
            76,
            "the instance metadata contains no admin user; see the answer: "
            "azprov.pyz metadata compute/osProfile",
        ),
        (
            ["admin-user"],
            metadata(ED25519, user="a:0:0::/:"),
            78,
            "the user name 'a:0:0::/:' cannot be used: it has other characters than the letters A "
            "to Z and a to z, digits, '_', '.' and '-'; deploy the VM with another user name",
        ),
        (["ssh-keys"], b"", 2, "the following arguments are required: --user; "),
    ],
)
def test_a_refused_command_changes_nothing(
    users: Users, image: Path, argv: List[str], answer: bytes, code: int, last: str
) -> None:
    """The last line has the cause and the next step, and no file is changed."""
    before = tree(image)

    # An answer that lacks something is asked for again for half of the time limit.
    got, out, err = users(*argv, answer=answer, limit_s=1)

    assert (got, out) == (code, "")
    assert err.splitlines()[-1].startswith("azprov: " + last.replace("IMAGE", str(image)))
    assert tree(image) == before


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ([{"keyData": "a"}, {"keyData": 7}, {}, {"keyData": " "}, "x", None], ("a", "")),
        ("x", ()),
        (None, ()),
    ],
)
def test_public_keys_of_the_wrong_type_are_read_as_empty(
    value: object, keys: Tuple[str, ...]
) -> None:
    """A key that is no string is empty, an empty one is missing, and only a list has keys."""
    document = json.dumps({"compute": {"name": "a", "publicKeys": value}}).encode()

    assert parse_instance(document).public_keys == keys


@pytest.mark.parametrize(
    ("value", "is_disabled"),
    [("true", True), (True, True), ("false", False), ("", False), (None, False), ("1", False)],
)
def test_password_logins_are_disabled_only_by_true(value: object, is_disabled: bool) -> None:
    """disablePasswordAuthentication counts only if it is true, as a boolean or as text."""
    profile = {"disablePasswordAuthentication": value, "adminUsername": "a"}
    document = json.dumps({"compute": {"name": "a", "osProfile": profile}}).encode()

    instance = parse_instance(document)

    assert instance.is_password_login_disabled is is_disabled
    assert instance.admin_username == "a"


@pytest.mark.parametrize("has_efi", [True, False])
def test_the_vm_id_has_the_platforms_byte_order(tmp_path: Path, has_efi: bool) -> None:
    """The firmware of generation 1 VMs, which have no EFI, stores the VM id byte-swapped."""
    dmi = tmp_path / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    (dmi / "product_uuid").write_text("A2C1D0B1-F453-8E4A-8D57-0A3C1F6E2D90\n")
    if has_efi:
        (tmp_path / "sys/firmware/efi").mkdir(parents=True)

    vm_id = read_platform_vm_id(Root(str(tmp_path)))

    assert vm_id == ("a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90" if has_efi else VM)


GOAL_STATE = sample("goal_state/version-2012-11-30.xml")


def provision(image: Path, answer: bytes, *options: str) -> Tuple[int, List[bytes]]:
    """Run a first boot below a root; returns the exit code and the requests to WireServer."""
    requests: List[bytes] = []
    goal_state = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(GOAL_STATE) + GOAL_STATE
    accepted = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    metadata = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
    serving = replying(goal_state, accepted, seen=requests)
    with RawServer(replying(metadata)) as imds, RawServer(serving) as wireserver:
        argv = ["provision", "--root", str(image), "--no-hostname", *(options or ["--admin-user"])]
        argv += ["--imds", str(imds.endpoint), "--wireserver", str(wireserver.endpoint)]
        return main(argv), requests


@pytest.fixture
def pool(image: Path) -> Path:
    """The empty file that the KVP daemon creates for the guest's records."""
    path = image / "var/lib/hyperv/.kvp_pool_1"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    return path


def records(pool: Path) -> Dict[str, str]:
    return dict(parse_pool(pool.read_bytes()))


def test_a_failure_is_reported_by_kvp_and_by_wireserver(
    image: Path, pool: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Both reports have the same text, and the exit code is that of the failed step."""
    code, requests = provision(image, metadata(ED25519, user="root"))

    assert code == 78
    (line,) = records(pool).values()
    assert line.startswith(
        "result=error|reason=the admin user root is a service account of this image, with UID 0 "
        "and the shell /bin/sh|agent=azprov/"
    )
    assert "|step=admin-user|hint=deploy the VM with another user name|" in line
    assert f"<Description>{line}</Description>".encode() in requests[-1]
    assert b"<State>NotReady</State>" in requests[-1]
    assert capfd.readouterr().err.splitlines()[-1] == (
        "azprov: a failure was reported to Azure, which is final: the admin user is not set up "
        "(the admin user root is a service account of this image, with UID 0 and the shell "
        "/bin/sh) and progress is not recorded (the id of this VM is not known), and the next run "
        "repeats every step and may report a failure again; deploy the VM with another user name"
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--imds", "metadata.local"),
        ("--imds", ""),
        ("--wireserver", "wireserver"),
        ("--ssh-keys", ""),
        ("--ssh-keys", "a b"),
    ],
)
def test_a_mistyped_option_does_not_fail_the_deployment(
    image: Path, pool: Path, option: str, value: str
) -> None:
    """An invalid option value is wrong usage; nothing is reported, and nothing is written."""
    requests: List[bytes] = []
    with RawServer(replying(b"", seen=requests)) as server:
        endpoint = str(server.endpoint)
        options = {"--imds": endpoint, "--wireserver": endpoint, option: value}
        argv = ["provision", "--root", str(image), "--admin-user", "--no-hostname"]
        argv += ["--timeout", "1"]

        assert main(argv + [word for pair in options.items() for word in pair]) == 2

    assert requests == []
    assert records(pool) == {}
    assert not (image / "var/lib/azprov/state.json").exists()


@pytest.mark.parametrize(("options", "stays"), [([], False), (["--keep-enabled"], True)])
def test_provision_disables_the_service_unless_keep_enabled(
    image: Path, options: List[str], stays: bool
) -> None:
    """After success the service's link is removed; with --keep-enabled it stays."""
    without_ops(image)
    link = image / "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
    link.parent.mkdir(parents=True)
    link.symlink_to("/x")

    assert provision(image, metadata(ED25519), "--admin-user", *options)[0] == 0

    assert link.is_symlink() is stays


def test_ready_is_reported_if_the_keys_are_for_a_service_account(
    image: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The account gets no keys, and no command gives it a shell: `ssh-keys` refuses it too."""
    (image / "etc/passwd").write_text(f"bin:x:2:{GID}::/home/ops:/usr/sbin/nologin\n")

    code, requests = provision(image, metadata(ED25519), "--ssh-keys", "bin")

    assert code == 78
    assert b"<State>Ready</State>" in requests[-1]
    assert not (image / "home/ops/.ssh").exists()
    last = capfd.readouterr().err.splitlines()[-1]
    assert "(bin is a service account, with UID 2 and the shell /usr/sbin/nologin, and " in last
    assert last.endswith(
        "; name the account of a person, or use --admin-user to create the platform's admin user"
    )
    assert main(["ssh-keys", "--user", "bin", "--root", str(image)]) == 2


def test_ready_is_reported_for_a_user_who_has_no_login_shell(
    image: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The keys are added, the last line names the cause, and the service stays enabled."""
    passwd = f"ops:x:{UID}:{GID}::/home/ops:/usr/sbin/nologin\n"
    (image / "etc/passwd").write_text(passwd)
    link = image / "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
    link.parent.mkdir(parents=True)
    link.symlink_to("/x")

    code, requests = provision(image, metadata(ED25519), "--ssh-keys", "ops")

    assert code == 78
    assert b"<State>Ready</State>" in requests[-1]
    assert (image / "home/ops/.ssh/authorized_keys").read_text() == ED25519
    assert link.is_symlink()
    assert capfd.readouterr().err.splitlines()[-1] == (
        "azprov: Ready was acknowledged, but login with the SSH keys is not set up (ops has the "
        "keys but cannot log in, because its shell is /usr/sbin/nologin) and progress is "
        "not recorded (the id of this VM is not known), and the next boot repeats every step "
        f"and may report Ready again; run chroot {image} usermod --shell /bin/sh ops"
    )
