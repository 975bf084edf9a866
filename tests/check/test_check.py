"""What `check` finds and what it must not find: sound trees, each with one change."""

import json
import os
import shlex
from pathlib import Path
from typing import Dict, Iterator, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.check import DISK_CHECKS, RULES, apply, check
from azprov.check.facts.image import Image
from azprov.check.finding import NOTE, Check, Finding, Rule
from azprov.system.root import Root
from check.fault_cases import WRONG
from check.image_changes import (
    ENTRY,
    EXTLINUX,
    LINUX,
    NETWORK,
    NM,
    PYZ,
    ROOT_USER,
    UNIT,
    enabled,
    first_boot,
    found,
    grub,
    netplan,
)
from check.openrc import FINE_OPENRC, WRONG_OPENRC
from check.working_cases import FINE
from images import azprov, changes, tree
from sound_image import GRUB, INITRAMFS, MODULES, OPENRC, SYSTEM, WANTS, Change, change, make_sound


@pytest.mark.parametrize("case", WRONG)
def test_one_fault_gives_one_finding(image: Path, case: str) -> None:
    """A sound image with one fault has exactly the finding for that fault."""
    rule, severity, done = WRONG[case]
    change(image, done)

    assert found(image) == [(rule, severity)]


def test_too_many_units_do_not_end_a_check(image: Path) -> None:
    """Rules that need no services are checked, and the others are named in notes."""
    for number in range(12_000):
        (image / WANTS / f"u@{number}.service").symlink_to("/dev/zero")
    change(image, {"etc/fstab": "/dev/sdc1 /data ext4 defaults 0 2\n"})

    code, out, _ = azprov("check", "--root", image, "--json")

    findings = json.loads(out)["findings"]
    assert code == 1
    assert [one["rule"] for one in findings if one["severity"] == "error"] == ["fstab-by-name"]
    assert any("network-none" in one["what"] for one in findings if one["rule"] == "unread")


@pytest.mark.parametrize("case", WRONG_OPENRC)
def test_one_fault_under_openrc_gives_one_finding(image: Path, case: str) -> None:
    """Runlevels and init scripts are checked like the units of systemd."""
    rule, severity, done = WRONG_OPENRC[case]
    change(image, {**OPENRC, **done})

    assert found(image) == [(rule, severity)]


@pytest.mark.parametrize("case", FINE)
def test_an_unusual_but_working_image_has_no_finding(image: Path, case: str) -> None:
    """A working configuration has no finding, in whatever way it is written."""
    change(image, FINE[case])

    assert found(image) == []


@pytest.mark.parametrize("case", FINE_OPENRC)
def test_a_working_openrc_image_has_no_finding(image: Path, case: str) -> None:
    """OpenRC may be started by busybox, openrc-init or sysvinit."""
    change(image, {**OPENRC, **FINE_OPENRC[case]})

    assert found(image) == []


#: Files that rules read, each under one of the names that they look for.
READ = [
    "etc/os-release",
    "etc/machine-id",
    "etc/fstab",
    "etc/default/grub",
    "etc/dhcpcd.conf",
    "etc/network/interfaces",
    "etc/network/interfaces.d/a",
    "etc/netplan/a.yaml",
    "etc/systemd/network/a.network",
    f"{NM}/a",
    "etc/NetworkManager/NetworkManager.conf",
    "etc/sysconfig/network/ifcfg-eth0",
    "etc/udev/rules.d/70-persistent-net.rules",
    "etc/nftables.conf",
    "etc/iptables/rules.v4",
    "etc/ufw/ufw.conf",
    "etc/ufw/user.rules",
    "etc/dracut.conf",
    "etc/mkinitcpio.conf",
    "etc/initramfs-tools/modules",
    "etc/default/ufw",
    GRUB,
    ENTRY,
    EXTLINUX,
    LINUX,
    "boot/efi/EFI/x/grub.cfg",
    "etc/kernel/cmdline",
    INITRAMFS,
    PYZ,
    f"{MODULES}/modules.dep",
    f"{MODULES}/modules.builtin",
    f"{SYSTEM}/{UNIT}",
    f"{SYSTEM}/{UNIT}.d/a.conf",
    "etc/cloud/cloud.cfg",
    "usr/lib/systemd/system-preset/a.preset",
    "sbin/init",
    "etc/inittab",
    "etc/init.d/azure-provisioning",
    "etc/systemd/network/10-azure.network.d/a.conf",
]
# Words that parsers look for, and marks that begin or end something.
WORDS = st.sampled_from(
    [
        "[Match]",
        "[Network]",
        "Name=",
        "DHCP=yes",
        "Address=",
        "MACAddress=",
        "[",
        "]",
        "auto",
        "iface",
        "eth0",
        "inet",
        "dhcp",
        "static",
        "source",
        "/etc/",
        "use",
        "interface",
        "network:",
        "ethernets:",
        "{",
        "}",
        ":",
        "'",
        '"',
        "\\",
        ";",
        "#",
        "\t",
        "\n",
        "\n",
        "*filter",
        "-A",
        "OUTPUT",
        "-j",
        "ACCEPT",
        "COMMIT",
        "chain",
        "hook",
        "output",
        "policy",
        "drop",
        "accept",
        "jump",
        "daddr",
        "!",
        ",",
        "168.63.129.16/",
        "dport",
        "ip",
        "-d",
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
        "menuentry",
        "label",
        "initrd",
        "kernel",
        "blscfg",
        "/vmlinuz",
        "/boot/x",
        "initrd=,/",
        "root=/dev/vda",
        "linux",
        "swap",
        "/dev/sda1",
        "070701",
        "\0",
        "\x1b[2J",
        "MODULES=",
        "add_drivers+=",
        "datasource_list:",
        "ATTR{address}==",
        "ENABLED=yes",
        "unmanaged-devices",
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


@given(files=st.dictionaries(st.sampled_from(READ), CONTENT, max_size=5), openrc=st.booleans())
def test_nothing_in_an_image_stops_the_check(
    tmp_path_factory: pytest.TempPathFactory, files: Dict[str, bytes], openrc: bool
) -> None:
    """Random content in the files that rules read raises no exception, and texts are printable."""
    root = make_sound(tmp_path_factory.mktemp("image"))
    change(root, EVERY_SERVICE)
    if openrc:
        change(root, OPENRC)
    change(root, dict(files))

    for finding in check(Image(Root(str(root)))):
        assert finding.severity in ("error", "warning", "note")
        assert finding.what
        assert finding.fix
        assert (finding.what + finding.fix).isprintable()


@pytest.mark.parametrize("kind", ["fifo", "folder", "circle", "huge"])
@pytest.mark.parametrize("path", ["etc/fstab", NETWORK, f"{MODULES}/modules.dep", PYZ, INITRAMFS])
def test_a_path_that_cannot_be_read_as_a_file_is_named(image: Path, kind: str, path: str) -> None:
    """A fifo, a folder, a link to itself or a huge file is named, and other rules go on."""
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
    """The tree has the same files and times after a check as before it."""
    change(image, {"etc/fstab": "/dev/sda1 / ext4\n", **enabled("cloud-init.service")})
    before = tree(image), changes(image)

    assert azprov("check", "--root", image)[0] == 1

    assert (tree(image), changes(image)) == before


def test_host_keys_are_found_in_an_image_that_was_never_a_vm(image: Path) -> None:
    """The package openssh-server creates host keys when it is installed into an image."""
    key = "etc/ssh/ssh_host_ed25519_key"
    change(image, {key: ""})

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        f"SSH host keys are still in the image ({image}/{key}): every VM would share them and "
        "could be impersonated"
    )


def test_control_characters_in_an_image_are_not_printed(image: Path) -> None:
    """An escape sequence in a file name or a file is replaced, so no terminal executes it."""
    name = f"{SYSTEM}/{UNIT}.d/\x1b[2J.conf"
    change(image, {name: "[Service]\nNice=1\n", "etc/fstab": "/dev/sda1 /\x1b[2J ext4\n"})

    by_name, by_text = sorted(check(Image(Root(str(image)))), key=lambda one: one.severity)[::-1]

    assert "/?[2J.conf changes azprov's service" in by_name.what
    assert " mounts /?[2J from /dev/sda1," in by_text.what


def test_a_rule_that_a_file_stops_is_named_in_a_note(image: Path) -> None:
    """The rule keeps the findings that it made before, and the other rules still run."""
    rule = Rule("a-rule", NOTE, "a fault", "an action")

    def reads_a_folder(image: Image) -> Iterator[Finding]:
        yield rule.found("b", "c")
        image.root.read("/etc")

    findings = list(apply(Check(reads_a_folder, (rule,)), Image(Root(str(image)))))

    assert findings == [
        Finding("a-rule", "note", "b", "c"),
        Finding(
            "unread",
            "note",
            f"{image}/etc is not a regular file, so these rules were not fully checked: a-rule",
            "replace it with a regular file",
        ),
    ]


def test_a_provisioned_machine_has_no_error(image: Path) -> None:
    """A service that is disabled because it has run gives a note, not an error."""
    change(
        image,
        {
            f"{WANTS}/{UNIT}": None,
            "var/lib/azprov/state.json": '{"vm_id": "", "done": ["ready"]}',
        },
    )
    machine = Root(str(image))
    machine.is_live = True

    findings = check(Image(machine))

    rules = [(one.rule, one.severity) for one in findings]
    assert rules == [("service-done", "note"), ("state", "note"), ("not-azure", "note")]
    assert findings[0].fix.endswith(
        " deprovision; for a specialized image or a copy: python3 azprov.pyz install --force "
        "--keep-enabled"
    )


def test_the_copy_of_a_vm_keeps_the_options_of_its_service(image: Path) -> None:
    """The command for specialized images and copies adds --keep-enabled to the options."""
    change(
        image,
        {
            **first_boot("--admin-user"),
            f"{WANTS}/{UNIT}": None,
            "var/lib/azprov/state.json": '{"vm_id": "", "done": ["ready"]}',
            "etc/sudoers.d/README": "",
            "usr/bin/sudo": "program",
        },
    )

    (finding,) = [one for one in check(Image(Root(str(image)))) if one.rule == "service-disabled"]

    command = finding.what.partition(" or a copy, the fix is ")[2]
    assert command == (
        f"python3 azprov.pyz install --force --admin-user --keep-enabled --root {image}"
    )


def test_the_disk_of_a_provisioned_vm_has_the_fix_that_makes_an_image(image: Path) -> None:
    """The command of the finding enables the service and removes the state of that VM."""
    change(
        image,
        {
            f"{WANTS}/{UNIT}": None,
            "var/lib/azprov/state.json": '{"vm_id": "", "done": ["hostname", "ready"]}',
        },
    )

    (finding,) = [one for one in check(Image(Root(str(image)))) if one.rule == "service-disabled"]

    assert (finding.severity, finding.what) == (
        "error",
        "this disk was already provisioned, so azprov's service is disabled: VMs from a "
        "generalized image of it would not report Ready, and other copies would share its SSH host "
        "keys; for a specialized image or a copy, the fix is python3 azprov.pyz install --force "
        f"--keep-enabled --root {image}",
    )
    words = shlex.split(finding.fix)
    assert words[-3:] == ["deprovision", "--root", str(image)]
    assert azprov(*words[-3:], "--yes")[0] == 0
    assert check(Image(Root(str(image)))) == []
    assert not (image / "var/lib/azprov/state.json").exists()


class Unseen(NamedTuple):
    """A fault in a file that only root may read, and the finding of an ordinary user instead."""

    done: Change
    closed: str
    rule: str
    what: str


UNCHECKED = "(Permission denied), so these rules were not fully checked:"
UNSEEN = {
    "passwords": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
        "etc/shadow",
        "no-login",
        f"could not read ./etc/shadow {UNCHECKED} no-login",
    ),
    "keys": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:::::::\n", "root/.ssh/x": ""},
        "root/.ssh",
        "no-login",
        f"could not examine ./root/.ssh/authorized_keys {UNCHECKED} no-login",
    ),
    "netplan": Unseen(
        {**netplan("network: {}\n"), "usr/sbin/netplan": "program"},
        "etc/netplan/50-cloud.yaml",
        "network-none",
        f"could not read ./etc/netplan/50-cloud.yaml {UNCHECKED} network-none, network-no-dhcp, "
        "network-static, network-other-nic, network-renamed, network-closed, network-no-client, "
        "network-renderer",
    ),
    "command lines": Unseen(
        {GRUB: "linux /vmlinuz\n", "etc/default/grub": "GRUB_CMDLINE_LINUX=quiet\n"},
        GRUB,
        "console-missing",
        f"could not read ./boot/grub/grub.cfg {UNCHECKED} console-missing",
    ),
    "sshd's settings": Unseen(
        {
            "etc/ssh/sshd_config": "ClientAliveInterval 180\nAuthorizedKeysFile /etc/keys\n",
            "etc/keys": "ssh-rsa AAAA\n",
        },
        "etc/ssh/sshd_config",
        "authorized-keys",
        "could not read ./etc/ssh/sshd_config (Permission denied), so leftovers of a used machine "
        "were not fully checked",
    ),
    "leftovers": Unseen(
        {"var/lib/dhcp/dhclient.leases": ""},
        "var/lib/dhcp",
        "leases",
        "could not list ./var/lib/dhcp (Permission denied), so leftovers of a used machine "
        "were not fully checked",
    ),
}


@pytest.mark.needs("archive", "root")
@pytest.mark.parametrize("case", UNSEEN)
def test_a_fault_that_only_root_can_see_is_not_guessed(image: Path, case: str) -> None:
    """An ordinary user gets a note that names the file, once, and advises to run it as root."""
    from pyz import azprov_without_root

    done, closed, rule, what = UNSEEN[case]
    change(image, done)
    (image / closed).chmod(0o600)
    assert rule in [name for name, _ in found(image)]

    _, out, _ = azprov_without_root("check", "--json", "--root", ".", folder=image)

    findings = json.loads(out)["findings"]
    assert rule not in [one["rule"] for one in findings]
    assert [one["what"] for one in findings].count(what) == 1
    assert {(one["severity"], one["fix"]) for one in findings} == {
        ("note", "run check as root, or as the user who may read that file")
    }


@pytest.mark.parametrize("word", ["rd.break", "rd.break=pre-mount", "break=mount"])
def test_a_boot_that_stops_in_the_initramfs_is_an_error(image: Path, word: str) -> None:
    """The shell in the initramfs is open to everyone at the console, too."""
    change(image, grub(f"{LINUX} {word}\n"))

    assert found(image) == [("boot-target", "error"), ("open-login", "warning")]


def test_every_rule_is_violated_by_a_test() -> None:
    """Each rule has a faulty image in the tables, or a test of its own."""
    others = {"service-done", "program-unguarded"}
    # test_check_platform.py and the tests of disk files have these.
    others |= {"not-azure", "wireserver", "metadata-service"}
    others |= {rule.id for one in DISK_CHECKS for rule in one.rules} | {"disk-tree", "disk-names"}
    assert {rule.id for rule in RULES} == others | {wrong.rule for wrong in WRONG.values()}


def test_an_inittab_that_cannot_be_read_is_a_note(image: Path) -> None:
    """The installed init system counts, and the unreadable file is named."""
    change(image, {**OPENRC, "etc/inittab": "-> inittab"})

    assert set(found(image)) == {("unread", "note")}
