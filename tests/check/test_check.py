"""What `check` finds, and what it must not: one tree a rule, sound but for one thing."""

import json
import os
import re
from pathlib import Path
from typing import Dict, Iterator, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azprov.check import apply, check
from azprov.check.facts.image import Image
from azprov.check.finding import Finding
from azprov.system.root import Root
from check.fine import FINE
from check.openrc import FINE_OPENRC, WRONG_OPENRC
from check.trees import (
    ENTRY,
    EXTLINUX,
    NETWORK,
    NM,
    PYZ,
    ROOT_USER,
    UNIT,
    enabled,
    found,
    netplan,
    without_grub,
)
from check.wrong import WRONG
from house.test_architecture import APP
from images import azprov, azprov_as_nobody, changes, tree
from sound_image import GRUB, INITRAMFS, MODULES, OPENRC, SYSTEM, WANTS, Change, change, make_sound


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_and_nothing_else(image: Path, case: str) -> None:
    """One thing done to a sound tree, one finding."""
    rule, severity, done = WRONG[case]
    change(image, done)

    assert found(image) == [(rule, severity)]


@pytest.mark.parametrize("case", WRONG_OPENRC)
def test_the_same_under_openrc(image: Path, case: str) -> None:
    """Runlevels and scripts instead of units."""
    rule, severity, done = WRONG_OPENRC[case]
    change(image, {**OPENRC, **done})

    assert found(image) == [(rule, severity)]


@pytest.mark.parametrize("case", FINE)
def test_what_is_sound_is_passed_over(image: Path, case: str) -> None:
    """Other ways to the same end are no findings."""
    change(image, FINE[case])

    assert found(image) == []


@pytest.mark.parametrize("case", FINE_OPENRC)
def test_a_sound_image_of_openrc_is_passed_over(image: Path, case: str) -> None:
    """Whatever starts it."""
    change(image, {**OPENRC, **FINE_OPENRC[case]})

    assert found(image) == []


#: What rules read, by any name that they would look for.
READ = [
    *("etc/os-release", "etc/machine-id", "etc/fstab", "etc/default/grub", "etc/dhcpcd.conf"),
    *("etc/network/interfaces", "etc/network/interfaces.d/a", "etc/netplan/a.yaml"),
    *("etc/systemd/network/a.network", f"{NM}/a", "etc/NetworkManager/NetworkManager.conf"),
    *("etc/sysconfig/network/ifcfg-eth0", "etc/udev/rules.d/70-persistent-net.rules"),
    *("etc/nftables.conf", "etc/iptables/rules.v4", "etc/ufw/ufw.conf", "etc/ufw/user.rules"),
    *("etc/dracut.conf", "etc/mkinitcpio.conf", "etc/initramfs-tools/modules", "etc/default/ufw"),
    *(GRUB, ENTRY, EXTLINUX, "boot/efi/EFI/x/grub.cfg", "etc/kernel/cmdline", INITRAMFS, PYZ),
    *(f"{MODULES}/modules.dep", f"{MODULES}/modules.builtin", f"{SYSTEM}/{UNIT}"),
    *(f"{SYSTEM}/{UNIT}.d/a.conf", "etc/cloud/cloud.cfg", "usr/lib/systemd/system-preset/a.preset"),
    *("sbin/init", "etc/inittab"),
    *("etc/init.d/azure-provisioning", "etc/systemd/network/10-azure.network.d/a.conf"),
]
# Words that bring a rule to look closer, and marks that end or begin something.
WORDS = st.sampled_from(
    [
        *("[Match]", "[Network]", "Name=", "DHCP=yes", "Address=", "MACAddress=", "[", "]"),
        *("auto", "iface", "eth0", "inet", "dhcp", "static", "source", "/etc/", "use", "interface"),
        *("network:", "ethernets:", "{", "}", ":", "'", '"', "\\", ";", "#", "\t", "\n", "\n"),
        *("*filter", "-A", "OUTPUT", "-j", "ACCEPT", "COMMIT", "chain", "hook", "output", "policy"),
        *("drop", "accept", "jump", "daddr", "!", ",", "168.63.129.16/", "dport", "ip", "-d"),
        *(
            "ExecStart=",
            "Environment=",
            "http_proxy=",
            "=",
            "/",
            "..",
            "enable",
            "*",
            ".ko",
            "4.19",
        ),
        *("menuentry", "label", "initrd", "kernel", "blscfg", "/vmlinuz", "/boot/x", "initrd=,/"),
        *("root=/dev/vda", "linux", "swap", "/dev/sda1", "070701", "\0", "\x1b[2J", "MODULES="),
        *(
            "add_drivers+=",
            "datasource_list:",
            "ATTR{address}==",
            "ENABLED=yes",
            "unmanaged-devices",
        ),
    ]
).map(lambda word: word.encode() + b" ")
CONTENT = st.binary(max_size=60) | st.lists(WORDS, max_size=12).map(b"".join)
EVERY_SERVICE: Change = {
    path: content
    for name in (
        "networking",
        "NetworkManager",
        "wicked",
        "dhcpcd",
        "nftables",
        "ufw",
        "cloud-init",
    )
    for path, content in {**enabled(f"{name}.service"), "usr/sbin/netplan": "program"}.items()
}


@settings(max_examples=150)
@given(files=st.dictionaries(st.sampled_from(READ), CONTENT, max_size=5), openrc=st.booleans())
def test_nothing_in_an_image_stops_the_check(
    tmp_path_factory: pytest.TempPathFactory, files: Dict[str, bytes], openrc: bool
) -> None:
    """Whatever the files hold: sentences that can be shown, and no exception."""
    root = make_sound(tmp_path_factory.mktemp("image"))
    change(root, EVERY_SERVICE)
    if openrc:
        change(root, OPENRC)
    change(root, dict(files))

    for finding in check(Image(Root(str(root)))):
        assert finding.severity in ("error", "warning", "note")
        assert finding.what
        assert finding.mend
        assert (finding.what + finding.mend).isprintable()


@pytest.mark.parametrize("kind", ["fifo", "folder", "circle", "huge"])
@pytest.mark.parametrize("path", ["etc/fstab", NETWORK, f"{MODULES}/modules.dep", PYZ, INITRAMFS])
def test_what_is_no_file_is_named_and_passed_over(image: Path, kind: str, path: str) -> None:
    """The other rules go on."""
    change(image, {**enabled("cloud-init.service"), path: None})
    if kind == "fifo":
        os.mkfifo(image / path)
    elif kind == "folder":
        (image / path).mkdir()
    elif kind == "circle":
        (image / path).symlink_to((image / path).name)
    else:
        with (image / path).open("wb") as file:
            file.truncate(1 << 40)

    findings = check(Image(Root(str(image))))

    assert ("agent-enabled", "error") in [(one.rule, one.severity) for one in findings]
    assert any(str(image / path) in one.what for one in findings), findings


def test_check_changes_nothing(image: Path) -> None:
    """Not a file, not a time; nor is anything needed that cannot be written."""
    change(image, {"etc/fstab": "/dev/sda1 / ext4\n", **enabled("cloud-init.service")})
    before = tree(image), changes(image)

    assert azprov("check", "--root", image)[0] == 1

    assert (tree(image), changes(image)) == before


def test_a_root_that_never_was_a_vm_is_called_none(image: Path) -> None:
    """Its host keys came with the package openssh-server."""
    key = "etc/ssh/ssh_host_ed25519_key"
    change(image, {key: ""})

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        f"SSH host keys are left: whoever has one can pose as every VM: {image}/{key}"
    )


def test_what_an_image_says_is_made_printable(image: Path) -> None:
    """No escape sequence of an image reaches a terminal."""
    name = f"{SYSTEM}/{UNIT}.d/\x1b[2J.conf"
    change(image, {name: "[Service]\nNice=1\n", "etc/fstab": "/dev/sda1 /\x1b[2J ext4\n"})

    by_name, by_text = sorted(check(Image(Root(str(image)))), key=lambda one: one.severity)[::-1]

    assert "/?[2J.conf changes azprov's service" in by_name.what
    assert " mounts /?[2J from /dev/sda1," in by_text.what


def test_a_rule_that_cannot_go_on_is_told(image: Path) -> None:
    """As a note, not as the end of the check."""

    def reads_itself(image: Image) -> Iterator[Finding]:
        yield Finding("a", "note", "b", "c")
        image.root.read("/etc")

    told = list(apply(reads_itself, Image(Root(str(image)))))

    assert [one.rule for one in told] == ["a", "unread"]
    assert told[1].what == f"{image}/etc is no regular file, so reads itself was not finished"


def test_a_machine_that_was_provisioned_is_not_wrong(image: Path) -> None:
    """Its service is disabled as it should be; it is no VM on Azure by this firmware."""
    change(
        image,
        {
            f"{WANTS}/{UNIT}": None,
            "var/lib/azprov/state.json": '{"vm_id": "", "done": ["ready"]}',
        },
    )
    machine = Root(str(image))
    machine.is_live = True

    rules = [(one.rule, one.severity) for one in check(Image(machine))]

    assert rules == [("service-done", "note"), ("state", "note"), ("not-azure", "note")]


class Unseen(NamedTuple):
    """What is wrong by what only root may see, and what an ordinary user is told in its place."""

    done: Change
    closed: str
    rule: str
    told: str


UNSEEN = {
    "passwords": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
        *("etc/shadow", "nobody-logs-in"),
        "read ./etc/shadow (Permission denied), so check anybody gets in was not finished",
    ),
    "keys": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:::::::\n", "root/.ssh/x": ""},
        *("root/.ssh", "nobody-logs-in"),
        "look at ./root/.ssh/authorized_keys (Permission denied), so check anybody gets "
        "in was not finished",
    ),
    "netplan": Unseen(
        {**netplan("network: {}\n"), "usr/sbin/netplan": "program"},
        *("etc/netplan/50-cloud.yaml", "network-none"),
        "read ./etc/netplan/50-cloud.yaml (Permission denied), so check network was not finished",
    ),
    "command lines": Unseen(
        {GRUB: "linux /vmlinuz\n", "etc/default/grub": "GRUB_CMDLINE_LINUX=quiet\n"},
        *(GRUB, "console-missing"),
        "read ./boot/grub/grub.cfg (Permission denied), so check console was not finished",
    ),
    "boot loaders": Unseen(
        without_grub({"boot/efi/x": ""}),
        *("boot/efi", "boot-loader-none"),
        "look into ./boot/efi (Permission denied), so check boot loader was not finished",
    ),
    "sshd's settings": Unseen(
        {"etc/ssh/sshd_config": "AuthorizedKeysFile /etc/keys\n", "etc/keys": ""},
        *("etc/ssh/sshd_config", "authorized-keys"),
        "read ./etc/ssh/sshd_config (Permission denied), so what a used machine may have "
        "left was not all looked for",
    ),
    "leftovers": Unseen(
        {"var/lib/dhcp/dhclient.leases": ""},
        *("var/lib/dhcp", "leases"),
        "look into ./var/lib/dhcp (Permission denied), so what a used machine may have "
        "left was not all looked for",
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_nothing_is_said_of_what_could_not_be_seen(image: Path, case: str) -> None:
    """Only that it could not be, and who can see it; root is told of it."""
    done, closed, rule, told = UNSEEN[case]
    change(image, done)
    (image / closed).chmod(0o600)
    assert rule in [name for name, _ in found(image)]

    _, out, _ = azprov_as_nobody("check", "--json", "--root", ".", folder=image)

    findings = json.loads(out)["findings"]
    assert rule not in [one["rule"] for one in findings]
    assert [one["what"] for one in findings].count(f"could not {told}") == 1
    assert {(one["severity"], one["mend"]) for one in findings} == {("note", "run it as root")}


def test_a_proxy_in_the_service_is_told(image: Path) -> None:
    """Beside the drop-in that sets it."""
    variables = '[Service]\nEnvironment="http_proxy=http://10.0.0.1:3128" A=1\n'
    change(image, {f"{SYSTEM}/{UNIT}.d/proxy.conf": variables})

    assert found(image) == [("service-drop-in", "note"), ("service-proxy", "note")]


def test_every_rule_has_its_bad_tree() -> None:
    """No rule is in the code that no table here tries."""
    source = "".join(path.read_text() for path in (APP / "azprov" / "check").rglob("*.py"))
    rules = set(re.findall(r"Finding\(\s*\"([a-z-]+)\"", source))

    # Found by tests of their own.
    others = {"service-proxy", "service-done", "not-azure", "program-unguarded"}
    assert rules - others == {wrong.rule for wrong in WRONG.values()}


def test_an_inittab_that_cannot_be_read_is_no_error(image: Path) -> None:
    """The init is the one that is installed, then; what was not read is told."""
    change(image, {**OPENRC, "etc/inittab": "-> inittab"})

    assert set(found(image)) == {("unread", "note")}
