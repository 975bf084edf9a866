"""The verdict about an image, from literal consoles, lease events and requests."""

from typing import Sequence, Tuple

import pytest

from azprov.rehearsal.image.causes import why_not_ready
from azprov.rehearsal.image.dhcp import ACK, DISCOVER, NAME, DhcpEvent
from azprov.rehearsal.image.evidence import (
    DONE,
    LIMIT,
    OFF,
    STUCK,
    BootSeen,
    Evidence,
    Expected,
    Lease,
    Line,
    Request,
)
from azprov.rehearsal.image.login import Login
from azprov.rehearsal.image.verdict import judge
from azprov.rehearsal.platform import METADATA_SERVICE, WIRESERVER, Exchange

EXPECTED = Expected(
    "web01",
    "azureuser",
    sets_hostname=True,
    makes_user=True,
    silent_boots=(False, True),
    check_command="azprov.pyz check --root image",
)
GOAL_STATE = Exchange(WIRESERVER, "GET", "/machine?comp=goalstate", "azprov/1.0", 200, False, "")
READY = Exchange(WIRESERVER, "POST", "/machine?comp=health", "azprov/1.0", 200, True, "Ready")
LEASED = (
    Lease(1.0, DhcpEvent(NAME, "image")),
    Lease(1.0, DhcpEvent(DISCOVER)),
    Lease(1.1, DhcpEvent(ACK)),
)
ANNOUNCED = (*LEASED, Lease(2.0, DhcpEvent(NAME, "web01")))
FIRST = BootSeen(
    0.0, 8.0, DONE, leases=ANNOUNCED, requests=(Request(2.9, GOAL_STATE), Request(3.0, READY))
)
SECOND = BootSeen(9.0, 12.0, DONE, leases=LEASED)
IN = Login(is_in=True, hostname="web01", reason="")
GOOD = Evidence((FIRST, SECOND), "web01", IN)


def console(*texts: str) -> Tuple[Line, ...]:
    return tuple(Line(float(number), text) for number, text in enumerate(texts))


def causes(evidence: Evidence, expected: Expected = EXPECTED) -> Sequence[str]:
    return [finding.cause for finding in judge(evidence, expected).findings]


def test_a_good_image_passes_with_one_sentence() -> None:
    """The sentence has the time, the agent, the host name, the login and the second boot."""
    verdict = judge(GOOD, EXPECTED)

    assert verdict.is_passed
    assert verdict.notes == ()
    assert verdict.sentence == (
        "Ready was accepted once, 3 s after power-on, from azprov; host name web01 set and "
        "announced; azureuser logged in by SSH with the deployed key; the second boot was silent"
    )


def test_an_image_without_a_dhcp_request_is_named_with_its_fix() -> None:
    """The cause is the DHCP client, not the agent that waits for it."""
    boot = BootSeen(0.0, 300.0, LIMIT, console("azprov[30]: no route", "web01 login:"))

    (finding,) = judge(Evidence((boot,)), EXPECTED).findings

    assert finding.cause == "no-dhcp"
    assert f"{finding.what}; {finding.fix}" == (
        "the VM got no lease: no DHCP request was seen for 300 s; enable a DHCP client for eth0 "
        "(azprov.pyz check --root image names it)"
    )
    assert finding.lines == ("0.00 s  azprov[30]: no route", "1.00 s  web01 login:")


#: Consoles as the programs print them, and the cause that each shows.
CONSOLES = [
    (
        "firmware",
        (
            'BdsDxe: failed to load Boot0001 "UEFI QEMU HARDDISK" from PciRoot(0x0): Not Found',
            "BdsDxe: No bootable option or device was found.",
            "BdsDxe: Press any key to enter the Boot Manager Menu.",
        ),
    ),
    ("firmware", ("Booting from Hard Disk...", "Boot failed: not a bootable disk")),
    ("firmware", ("No bootable device.",)),
    (
        "secure-boot",
        (
            'BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0): Access Denied',
            "BdsDxe: No bootable option or device was found.",
        ),
    ),
    (
        "secure-boot",
        ('BdsDxe: failed to load Boot0002 "debian" from HD(1): Security Violation',),
    ),
    ("secure-boot", ("Verification failed: (0x1A) Security Violation",)),
    ("boot-loader", ("error: no such device: 1234-ABCD.", "Entering rescue mode...")),
    ("boot-loader", ("GNU GRUB  version 2.06", "   Minimal BASH-like line editing is supported.")),
    (
        "no-root-device",
        (
            'VFS: Cannot open root device "UUID=1234" or unknown-block(0,0): error -6',
            "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        ),
    ),
    (
        "no-init",
        ("Kernel panic - not syncing: No working init found.  Try passing init= option",),
    ),
    (
        "kernel-panic",
        ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",),
    ),
    (
        "no-root-device",
        (
            "Gave up waiting for root file system device.  Common problems:",
            "ALERT!  UUID=1b55653e-e559-41b9-936c-6d903320dc24 does not exist.  "
            "Dropping to a shell!",
            "(initramfs) ",
        ),
    ),
    (
        "no-root-device",
        (
            "[  190.1] dracut-initqueue[307]: Warning: /dev/disk/by-uuid/1234 does not exist",
            "Entering emergency mode. Exit the shell to continue.",
            "dracut:/# ",
        ),
    ),
    (
        "initramfs-shell",
        (
            "dracut-initqueue[307]: Warning: dracut-initqueue: timeout, still waiting for "
            "following initqueue hooks:",
            'Generating "/run/initramfs/rdsosreport.txt"',
            "Entering emergency mode. Exit the shell to continue.",
        ),
    ),
    (
        "no-root-device",
        (
            ":: running hook [udev]",
            "ERROR: device 'UUID=1234' not found. Skipping fsck.",
            "You are now being dropped to an emergency shell.",
        ),
    ),
    (
        "no-root-device",
        ("Mounting root: failed.", "initramfs emergency recovery shell launched."),
    ),
    (
        "emergency-mode",
        (
            "[ TIME ] Timed out waiting for device dev-disk-by-uuid-1234.device.",
            "[DEPEND] Dependency failed for data.mount - /data.",
            'You are in emergency mode. After logging in, type "journalctl -xb" to view',
        ),
    ),
    ("init-stopped", ("[!!!!!!] Failed to mount API filesystems.", "Freezing execution.")),
    ("no-init", ("execv(/usr/lib/systemd/systemd, /lib/systemd/systemd, /sbin/init) failed: No",)),
]


@pytest.mark.parametrize(("cause", "texts"), CONSOLES, ids=lambda value: str(value)[:40])
def test_a_console_names_why_the_image_does_not_boot(cause: str, texts: Sequence[str]) -> None:
    """The first cause is named, not what follows from it."""
    boot = BootSeen(0.0, 20.0, STUCK, console(*texts))

    assert why_not_ready(boot, EXPECTED).cause == cause


def test_emergency_mode_names_the_unit_that_failed() -> None:
    """The sentence has the first failed unit, and the lines show all."""
    boot = BootSeen(
        0.0,
        95.0,
        STUCK,
        console(
            "Welcome to Debian GNU/Linux 12 (bookworm)!",
            *["[  OK  ] Started something."] * 8,
            "[ TIME ] Timed out waiting for device /dev/disk/by-uuid/1234.",
            "[DEPEND] Dependency failed for data.mount - /data.",
            *["[  OK  ] Started something."] * 8,
            "You are in emergency mode.",
        ),
    )

    finding = why_not_ready(boot, EXPECTED)

    assert finding.what == (
        "the image does not boot: systemd ends in emergency mode ([ TIME ] Timed out waiting for "
        "device /dev/disk/by-uuid/1234.)"
    )
    assert "9.00 s  [ TIME ] Timed out waiting for device /dev/disk/by-uuid/1234." in finding.lines
    assert finding.lines[-1] == "19.00 s  You are in emergency mode."


def test_a_failed_data_disk_is_not_the_agents_failure() -> None:
    """Only a failed unit of an agent explains that nothing was sent."""
    boot = BootSeen(0.0, 60.0, LIMIT, console("[FAILED] Failed to mount data.mount"), LEASED)

    assert causes(Evidence((boot,))) == ["no-agent"]


def test_emergency_mode_fails_a_boot_that_sent_nothing_although_it_should_not() -> None:
    """A second boot that ends in emergency mode is not merely silent."""
    boot = SECOND._replace(console=console("You are in emergency mode"))

    assert causes(GOOD._replace(boots=(FIRST, boot))) == ["emergency-mode"]


def test_emergency_mode_after_ready_is_a_note() -> None:
    """Azure shows that VM as running, and its owner will miss what failed."""
    boot = FIRST._replace(console=console("You are in emergency mode"))

    verdict = judge(GOOD._replace(boots=(boot, SECOND)), EXPECTED)

    assert verdict.is_passed
    assert verdict.notes == (
        "Ready was accepted although systemd ends in emergency mode: "
        "0.00 s  You are in emergency mode.",
    )


def test_a_vm_that_ends_after_ready_fails() -> None:
    """Without its second boot, nothing says that the image boots again, silently."""
    ended = FIRST._replace(ending=OFF)
    panicked = FIRST._replace(console=console("Kernel panic - not syncing: Fatal exception"))

    assert causes(GOOD._replace(boots=(ended,))) == ["ended-after-ready"]
    assert judge(GOOD._replace(boots=(ended,)), EXPECTED).sentence.startswith(
        "Ready was accepted, but the VM switched itself off, and the VM was not booted again; "
    )
    assert causes(GOOD._replace(boots=(panicked,))) == ["kernel-panic"]


ASKED_IMDS = GOAL_STATE._replace(service=METADATA_SERVICE, target="/metadata/instance")
REFUSED = READY._replace(status=410, acknowledged="")


def waiting(*exchanges: Exchange) -> BootSeen:
    """A boot with a lease that reached its limit after these requests."""
    requests = tuple(Request(2.0, exchange) for exchange in exchanges)
    return BootSeen(0.0, 60.0, LIMIT, leases=LEASED, requests=requests)


@pytest.mark.parametrize(
    ("cause", "boot"),
    [
        ("ended-early", BootSeen(0.0, 2.0, OFF)),
        ("no-lease", BootSeen(0.0, 60.0, LIMIT, leases=LEASED[:2])),
        ("no-agent", BootSeen(0.0, 60.0, LIMIT, leases=LEASED)),
        (
            "agent-failed",
            BootSeen(
                0.0,
                60.0,
                LIMIT,
                console(
                    "         Starting azure-provisionin…m - Azure provisioning (azprov)...",
                    "[FAILED] Failed to start azure-prov… - Azure provisioning (azprov).",
                ),
                LEASED,
            ),
        ),
        (
            "unreachable",
            BootSeen(0.0, 60.0, LIMIT, console("azprov[30]: WireServer does not answer"), LEASED),
        ),
        ("no-report", waiting(ASKED_IMDS)),
        ("request-refused", waiting(GOAL_STATE._replace(status=400))),
        ("no-report", waiting(GOAL_STATE)),
        ("report-refused", waiting(GOAL_STATE, REFUSED)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_missing_link_of_the_chain_is_the_cause(cause: str, boot: BootSeen) -> None:
    """From power-on to Ready: a lease, a request, the goal state, a report, its reply."""
    assert causes(Evidence((boot,))) == [cause]


@pytest.mark.parametrize("ending", [LIMIT, OFF])
def test_a_boot_that_sent_requests_did_boot(ending: str) -> None:
    """An error on the way, of a boot loader that then went on, is not the cause."""
    texts = console("error: no such device: 1234-ABCD.")
    boot = waiting(GOAL_STATE)._replace(console=texts, ending=ending)

    assert causes(Evidence((boot,))) == ["no-report"]


def test_a_failure_report_is_the_cause() -> None:
    """Azure fails the deployment at once, whatever else was seen."""
    failed = READY._replace(acknowledged="NotReady")
    boot = FIRST._replace(requests=(Request(3.0, failed),))

    assert causes(Evidence((boot,))) == ["failure-reported"]


def test_a_second_boot_that_reports_again_is_named() -> None:
    """Two programs that report, or one that does so at each boot."""
    second = SECOND._replace(requests=(Request(3.0, READY),))

    (finding,) = judge(GOOD._replace(boots=(FIRST, second)), EXPECTED).findings

    assert finding.cause == "reported-again"
    assert finding.what == (
        "boot 2 reported again (azprov): Ready was acknowledged twice, not once"
    )


def test_a_second_boot_that_asks_again_is_not_silent() -> None:
    """A step that stays open is asked for at each boot."""
    second = SECOND._replace(requests=(Request(3.0, GOAL_STATE),))

    assert causes(GOOD._replace(boots=(FIRST, second))) == ["not-silent"]


def test_a_second_boot_without_a_lease_fails() -> None:
    """Silence counts only if the VM has a network."""
    second = SECOND._replace(leases=(), ending=LIMIT)

    (finding,) = judge(GOOD._replace(boots=(FIRST, second)), EXPECTED).findings

    assert finding.cause == "no-dhcp"
    assert finding.what.startswith("the second boot failed: the VM got no lease")


def test_a_host_name_that_is_not_announced_is_a_note() -> None:
    """The VM is ready, and Azure's DNS does not know it."""
    first = FIRST._replace(leases=LEASED)

    verdict = judge(GOOD._replace(boots=(first, SECOND)), EXPECTED)

    assert verdict.is_passed
    assert "host name web01 set, but not announced" in verdict.seen
    assert len(verdict.notes) == 1


def test_a_host_name_that_should_be_set_and_is_not_fails() -> None:
    """Only azprov's own service says that it sets the name; other agents get a note."""
    first = FIRST._replace(leases=LEASED)
    evidence = Evidence((first, SECOND), "image", IN._replace(hostname="image"))

    assert causes(evidence) == ["hostname-not-set"]
    assert judge(evidence, EXPECTED).sentence.startswith("the host name is image, not web01; ")
    other = judge(evidence, EXPECTED._replace(sets_hostname=None))
    assert other.findings == ()
    assert other.notes == ("The host name web01 was not seen in the image.",)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("azureuser@10.0.0.4: Permission denied (publickey).", "login-refused"),
        ("ssh: connect to host 10.0.0.4 port 22: Connection refused", "no-login"),
    ],
)
def test_a_login_that_fails_is_named_with_the_reason_of_ssh(reason: str, cause: str) -> None:
    """An sshd that refuses is another fault than one that does not answer."""
    evidence = GOOD._replace(login=Login(is_in=False, hostname="", reason=reason))

    (finding,) = judge(evidence, EXPECTED).findings

    assert finding.cause == cause
    assert finding.what == (f"azureuser could not log in by SSH with the deployed key ({reason})")


def test_an_agent_that_makes_no_user_needs_no_login() -> None:
    """Without --admin-user in azprov's service, a login is neither tried nor missed."""
    evidence = GOOD._replace(login=None)

    assert causes(evidence, EXPECTED._replace(makes_user=False)) == []
