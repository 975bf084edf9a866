"""Host keys on a live machine, made by the real ssh-keygen in a folder that plays its root."""

import subprocess
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest

from azprov.boot.settings import BootSettings, ImdsSettings, WireServerSettings
from azprov.boot.steps import make_host_keys, steps_of
from azprov.errors import DiskError, HostError
from azprov.formats.platform.instance import Instance
from azprov.system.commands import Commands
from azprov.system.root import Root
from azprov.system.sshd.host_keys import (
    has_sshd,
    has_usable_host_key,
    host_key_files,
    lacks_host_keys,
    set_up_host_keys,
)
from ports import FakeClock, NoCommands, Recorder

pytestmark = pytest.mark.needs("ssh-keygen")

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
SWAPPED = "a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90"
OTHER = "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e"
NAMES = ["ssh_host_ecdsa_key", "ssh_host_ed25519_key", "ssh_host_rsa_key"]
FILES = sorted(name + end for name in NAMES for end in ("", ".pub"))
UNUSED = b"unused"


class Keygen(Commands):
    """Runs ssh-keygen with paths below a folder, and records other programs."""

    def __init__(self, folder: Path, *, refused: Sequence[str] = ()) -> None:
        self._folder = folder
        self._refused = refused
        self.types: List[str] = []
        self.others: List[List[str]] = []

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        if command[0] != "ssh-keygen":
            self.others.append(list(command))
            return True
        kind = command[command.index("-t") + 1]
        self.types.append(kind)
        below = [f"{self._folder}{word}" if word[:1] == "/" else word for word in command]
        if kind == "rsa":
            below += ["-b", "1024"]  # the default of 3072 bits takes a second
        return kind not in self._refused and super().run(below, limit_s=limit_s)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "etc/ssh/sshd_config").write_text("")
    return tmp_path


def live(machine: Path) -> Root:
    root = Root(str(machine))
    root.is_live = True
    return root


def key_files(machine: Path) -> Dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (machine / "etc/ssh").glob("ssh_host_*")}


def make_all(machine: Path) -> Dict[str, bytes]:
    set_up_host_keys(live(machine), Keygen(machine), replace_all=False)
    return key_files(machine)


class FullRoot(Root):
    """A root on a full disk: folders can be made, and files cannot be written."""

    def write(self, path: str, *_: Any, **__: Any) -> None:
        raise DiskError(f"could not write {path} (No space left on device)", "free some space")


def test_a_full_disk_is_the_reason_that_no_host_key_is_made(machine: Path) -> None:
    """ssh-keygen does not say so, and the step is repeated when there is space again."""
    root = FullRoot(str(machine))
    root.is_live = True
    keygen = Keygen(machine, refused=["rsa", "ecdsa", "ed25519"])

    with pytest.raises(DiskError, match="No space left on device"):
        set_up_host_keys(root, keygen, replace_all=False)

    assert key_files(machine) == {}


def test_missing_host_keys_are_made(machine: Path) -> None:
    """Each type that sshd loads is made; only root can read the private files."""
    assert lacks_host_keys(live(machine))

    assert sorted(make_all(machine)) == FILES

    assert not lacks_host_keys(live(machine))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (machine / "etc/ssh").glob("*_key")}
    assert modes == dict.fromkeys(NAMES, 0o600)


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/systemd/system/sshd-keygen.service",
        "usr/lib/systemd/system/sshd-keygen@.service",
        "lib/systemd/system/sshdgenkeys.service",
        "etc/init.d/sshd",
    ],
)
def test_host_keys_are_made_beside_a_unit_for_them(machine: Path, path: str) -> None:
    """Whether the unit runs in this boot depends on conditions, so azprov does not rely on it."""
    (machine / path).parent.mkdir(parents=True)
    (machine / path).write_text("[Unit]\nConditionFirstBoot=yes\n")

    assert lacks_host_keys(live(machine))


def test_usable_host_keys_are_kept(machine: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No program is run if nothing is missing, and the fingerprints are logged again."""
    before = make_all(machine)
    caplog.set_level("INFO")

    set_up_host_keys(live(machine), NoCommands(), replace_all=False)

    assert key_files(machine) == before
    assert caplog.messages[0] == "-----BEGIN SSH HOST KEY FINGERPRINTS-----"


@pytest.mark.parametrize("content", [b"", b"\0" * 400, b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3B"])
def test_a_damaged_host_key_is_made_again(machine: Path, content: bytes) -> None:
    """A power cut can leave a file that is empty, full of zeros or cut off."""
    before = make_all(machine)
    (machine / "etc/ssh/ssh_host_ed25519_key").write_bytes(content)
    assert lacks_host_keys(live(machine))
    keygen = Keygen(machine)

    set_up_host_keys(live(machine), keygen, replace_all=False)

    after = key_files(machine)
    assert keygen.types == ["ed25519"]
    assert sorted(after) == FILES
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"}


def test_one_usable_host_key_is_enough_for_sshd(machine: Path) -> None:
    """sshd warns about the others, and starts."""
    assert not has_usable_host_key(live(machine))
    make_all(machine)
    (machine / "etc/ssh/ssh_host_ed25519_key").write_bytes(b"")
    assert has_usable_host_key(live(machine))

    for name in NAMES:
        (machine / "etc/ssh" / name).write_bytes(b"")

    assert not has_usable_host_key(live(machine))
    (machine / "etc/ssh/sshd_config").write_text("HostKeyAgent /run/agent\n")
    assert has_usable_host_key(live(machine))


@pytest.mark.parametrize("content", [b"", b"ssh-ed25519 AAAA"])
def test_a_damaged_public_key_is_written_again(machine: Path, content: bytes) -> None:
    """The private key contains the public one, so it need not be replaced."""
    before = make_all(machine)
    public = machine / "etc/ssh/ssh_host_ed25519_key.pub"
    public.write_bytes(content)

    set_up_host_keys(live(machine), NoCommands(), replace_all=False)

    expected = before["ssh_host_ed25519_key.pub"].split()[:2]
    assert public.read_bytes().split() == expected
    assert key_files(machine)["ssh_host_ed25519_key"] == before["ssh_host_ed25519_key"]


def test_fingerprints_are_logged_as_cloud_init_does(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines between the marks are those of ssh-keygen, and no key is logged."""
    caplog.set_level("DEBUG")
    make_all(machine)

    shown = [
        subprocess.run(
            ["ssh-keygen", "-l", "-f", machine / f"etc/ssh/ssh_host_{kind}_key.pub"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for kind in ("rsa", "ecdsa", "ed25519")
    ]
    assert caplog.messages[-5:] == [
        "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
        *shown,
        "-----END SSH HOST KEY FINGERPRINTS-----",
    ]
    assert "PRIVATE" not in caplog.text


def test_the_keys_that_sshd_is_told_to_load_are_made(machine: Path) -> None:
    """HostKey lines replace sshd's list; a DSA key is not made, since sshd has dropped DSA."""
    config = "HostKey /etc/ssh/keys/rsa\nHostKey /etc/ssh/ssh_host_dsa_key\nHostKey /etc/ssh/own\n"
    (machine / "etc/ssh/sshd_config").write_text(config)
    (machine / "etc/ssh/keys").mkdir()
    keygen = Keygen(machine)

    set_up_host_keys(live(machine), keygen, replace_all=False)

    assert keygen.types == ["rsa", "ed25519"]
    assert (machine / "etc/ssh/own").read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY")
    assert (machine / "etc/ssh/keys/rsa.pub").read_bytes().startswith(b"ssh-rsa ")


def test_keys_of_an_agent_are_left_alone(machine: Path) -> None:
    """With HostKeyAgent, sshd needs no private key in a file."""
    (machine / "etc/ssh/sshd_config").write_text("HostKeyAgent /run/agent\n")

    assert not lacks_host_keys(live(machine))
    set_up_host_keys(live(machine), NoCommands(), replace_all=True)


def test_sshd_can_do_without_one_type(machine: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A type that ssh-keygen refuses, such as ed25519 in FIPS mode, is logged and left out."""
    set_up_host_keys(live(machine), Keygen(machine, refused=["ed25519"]), replace_all=False)

    assert "ssh_host_ed25519_key" not in key_files(machine)
    assert caplog.messages == [
        "could not make /etc/ssh/ssh_host_ed25519_key; sshd uses its other host keys"
    ]


def test_a_machine_without_ssh_keygen_keeps_its_old_keys(machine: Path) -> None:
    """A key is replaced only by a complete new one, and the failure is a HostError."""
    before = make_all(machine)

    with pytest.raises(HostError, match=r"_key, because there is no ssh-keygen; install ssh-k"):
        set_up_host_keys(live(machine), Recorder(well=False), replace_all=True)

    assert key_files(machine) == before
    (machine / "usr/bin").mkdir(parents=True, exist_ok=True)
    (machine / "usr/bin/ssh-keygen").write_text("")
    with pytest.raises(HostError, match="ssh-keygen could not make /etc/ssh/ssh_host_rsa_key"):
        set_up_host_keys(live(machine), Recorder(well=False), replace_all=True)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            "etc/systemd/system/multi-user.target.wants/ssh.service",
            [
                ["systemctl", "reset-failed", "ssh.service"],
                ["systemctl", "--no-block", "restart", "ssh.service"],
            ],
        ),
        ("etc/runlevels/default/sshd", [["rc-service", "sshd", "restart"]]),
    ],
)
def test_sshd_is_started_when_its_keys_are_made(
    machine: Path, link: str, expected: List[List[str]]
) -> None:
    """An sshd that failed without keys is started, whatever the init system."""
    (machine / link).parent.mkdir(parents=True)
    (machine / link).symlink_to("/x")
    keygen = Keygen(machine)

    set_up_host_keys(live(machine), keygen, replace_all=False)

    assert keygen.others == expected


def test_a_copy_of_another_vm_gets_new_host_keys_once(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The other VM's state is removed with its keys, so a second boot keeps the new ones."""
    caplog.set_level("INFO")
    before = make_all(machine)
    (machine / "etc/ssh/ssh_host_dsa_key").write_bytes(UNUSED)
    (machine / "etc/ssh/ssh_host_rsa_key-cert.pub").write_bytes(UNUSED)
    with_state(machine, VM)

    make_host_keys(live(machine), Keygen(machine), OTHER)

    after = key_files(machine)
    assert sorted(after) == FILES
    assert [name for name in FILES if after[name] == before[name]] == []
    assert not (machine / "var/lib/azprov/state.json").exists()
    make_host_keys(live(machine), NoCommands(), OTHER)
    assert key_files(machine) == after
    message = "The SSH host keys belong to another VM, and are replaced"
    assert caplog.messages.count(message) == 1


@pytest.mark.parametrize("vm_id", [VM, SWAPPED, None])
def test_the_same_vm_keeps_its_host_keys(machine: Path, vm_id: "str | None") -> None:
    """An id in the firmware's byte order is the same; an unknown one proves no copy."""
    before = make_all(machine)
    with_state(machine, VM)

    make_host_keys(live(machine), NoCommands(), vm_id)

    assert key_files(machine) == before
    assert (machine / "var/lib/azprov/state.json").exists()


def with_state(machine: Path, vm_id: str) -> None:
    (machine / "var/lib/azprov").mkdir(parents=True)
    state = f'{{"vm_id": "{vm_id}", "done": ["host-keys", "ready"]}}'
    (machine / "var/lib/azprov/state.json").write_text(state)


def test_an_unreadable_machine_raises_nothing_before_its_step_runs(machine: Path) -> None:
    """The step fails by itself, so that Ready is still reported."""
    (machine / "etc/ssh/sshd_config").unlink()
    assert not has_sshd(live(machine))
    (machine / "etc/ssh/sshd_config").mkdir()

    assert has_sshd(live(machine))
    assert lacks_host_keys(live(machine))
    with pytest.raises(HostError):
        set_up_host_keys(live(machine), NoCommands(), replace_all=False)


def test_leftovers_of_an_interrupted_run_are_removed(machine: Path) -> None:
    """The folder in which keys are made does not stay."""
    (machine / "etc/ssh/ssh_host_new_keys").mkdir()
    (machine / "etc/ssh/ssh_host_new_keys/0").write_bytes(UNUSED)

    assert sorted(make_all(machine)) == FILES


def no_metadata() -> Instance:
    raise AssertionError("nothing is requested")


class Recording(Root):
    """A live root that records which files were made durable."""

    def __init__(self, machine: Path) -> None:
        super().__init__(str(machine))
        self.is_live = True
        self.synced: List[str] = []

    def sync(self, path: str) -> None:
        super().sync(path)
        self.synced.append(path)


def test_all_host_keys_are_made_durable(machine: Path) -> None:
    """Keys of another program may still be in memory only when the state is written."""
    make_all(machine)
    root = Recording(machine)

    set_up_host_keys(root, NoCommands(), replace_all=False)

    assert sorted(root.synced) == [f"/etc/ssh/{name}" for name in FILES]


def test_sshd_is_released_after_the_step_for_host_keys(machine: Path) -> None:
    """The services after azprov's start when the keys are there, before any request."""
    events: List[str] = []
    wireserver = WireServerSettings(timeout_s=1, agent_name="x", protocol="xml")
    settings = BootSettings(wireserver, ImdsSettings(timeout_s=1), "unit")

    for step in steps_of(
        settings,
        live(machine),
        Keygen(machine),
        FakeClock(),
        no_metadata,
        known_vm_id=lambda: None,
        release_sshd=lambda: events.append("released"),
    ):
        assert step.is_undone() == (step.name == "host-keys")
        events.append(step.name)

    assert events == ["host-keys", "released", "hostname"]


def test_only_host_key_lines_name_host_keys(machine: Path) -> None:
    """Other settings have paths, too; a path counts once, and only if it is absolute."""
    (machine / "etc/ssh/sshd_config").write_text(
        "Banner /etc/issue\nHostKey /etc/ssh/a_rsa_key\nHostKey key\nHostKey /etc/ssh/a_rsa_key\n"
    )

    assert host_key_files(live(machine)) == ["/etc/ssh/a_rsa_key"]
