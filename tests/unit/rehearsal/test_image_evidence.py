"""What a rehearsal reads: dnsmasq's log, a console, the scenarios and the needed programs."""

import os
from pathlib import Path
from typing import List

import pytest

from azprov.errors import HostError
from azprov.rehearsal.image.console import plain_line, read_console
from azprov.rehearsal.image.dhcp import DhcpEvent, parse_dhcp_line
from azprov.rehearsal.image.needed import ALWAYS, FOR_A_FOLDER, find_programs
from azprov.rehearsal.image.scenarios import IMAGE_SCENARIOS, find_image_scenario


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            "dnsmasq-dhcp: 3482214386 DHCPDISCOVER(ve-azprov) 56:98:eb:ff:7a:af",
            DhcpEvent("DISCOVER"),
        ),
        ("dnsmasq-dhcp: 1 DHCPREQUEST(tap0) 10.0.0.4 56:98:eb:ff:7a:af", DhcpEvent("REQUEST")),
        ("dnsmasq-dhcp: 1 DHCPACK(tap0) 10.0.0.4 56:98:eb:ff:7a:af", DhcpEvent("ACK")),
        ("dnsmasq-dhcp[12]: 1 DHCPNAK(tap0) 10.0.0.9 56:98:eb:ff:7a:af", DhcpEvent("NAK")),
        ("dnsmasq-dhcp: 1 client provides name: image", DhcpEvent("NAME", "image")),
        ("dnsmasq-dhcp: 1 client provides name: web01.example.org", DhcpEvent("NAME", "web01")),
        ("dnsmasq-dhcp: 1 available DHCP range: 10.0.0.4 -- 10.0.0.4", None),
        ("dnsmasq-dhcp: 1 DHCPOFFER(tap0) 10.0.0.4 56:98:eb:ff:7a:af", None),
        ("dnsmasq: started, version 2.90 DNS disabled", None),
    ],
)
def test_the_log_of_dnsmasq_becomes_events(line: str, event: object) -> None:
    """Requests, leases and the client's host name, without its domain."""
    assert parse_dhcp_line(line) == event


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mssh.service\x1b[0m.\r", None),
        (b"\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: starting Boot0001", "BdsDxe: starting Boot0001"),
        (b"\x1b]0;root@web01\x07root@web01:~#", "root@web01:~#"),
        (b" 10 %\r 20 %\r100 %\r", "100 %"),
        (b"bell\x07 and \xff", "bell? and \ufffd"),
        (b"\xb3   Verification failed   \xb3", "Verification failed"),
    ],
)
def test_a_console_line_becomes_printable_text(line: bytes, text: str) -> None:
    """Colours, cursor movements and overwritten text are left out."""
    assert plain_line(line) == (text or "[  OK  ] Started ssh.service.")


def test_a_prompt_without_a_line_end_is_a_line() -> None:
    """An initramfs waits at its prompt for ever, and that prompt is the cause."""
    reading, writing = os.pipe()
    lines: List[str] = []

    def console(text: str) -> None:
        lines.append(text)
        if text == "(initramfs)":
            os.close(writing)

    os.write(writing, b"ALERT!\n\n(initramfs) ")
    read_console(reading, console)
    os.close(reading)

    assert lines == ["ALERT!", "(initramfs)"]


def test_all_missing_programs_are_named_at_once(tmp_path: Path) -> None:
    """One run names everything that is to be installed, with the packages."""
    (tmp_path / "dnsmasq").write_text("#!/bin/sh\n")
    (tmp_path / "dnsmasq").chmod(0o755)

    with pytest.raises(HostError) as failure:
        find_programs([*FOR_A_FOLDER, *ALWAYS], [str(tmp_path)])

    assert str(failure.value) == (
        "a rehearsal of this image needs systemd-nspawn, unshare, ssh, ssh-keygen; install "
        "the missing programs: apt-get install openssh-client systemd-container util-linux, or "
        "dnf install openssh openssh-clients systemd-container util-linux"
    )
    assert find_programs(ALWAYS[:1], [str(tmp_path)]) == {"dnsmasq": str(tmp_path / "dnsmasq")}


def test_every_scenario_for_an_image_has_another_name() -> None:
    """A scenario in which azprov alone is judged is not offered for an image."""
    assert [scenario.name for scenario in IMAGE_SCENARIOS] == [
        "healthy",
        "network-late",
        "busy",
        "web-page",
        "half-document",
        "no-ids",
        "ids-change",
        "refused",
        "imds-late",
        "power-cut",
    ]
    assert find_image_scenario("captured-image") is None


@pytest.mark.parametrize(
    ("name", "number", "silent"),
    [
        ("healthy", 2, [False, True]),
        ("healthy", 1, [False]),
        ("healthy", 3, [False, True, True]),
        ("power-cut", 1, [False, False]),
        ("power-cut", 3, [False, False, True]),
    ],
)
def test_boots_are_added_after_those_that_a_scenario_needs(
    name: str, number: int, silent: List[bool]
) -> None:
    """An added boot must be silent."""
    scenario = find_image_scenario(name)

    assert scenario is not None
    assert [boot.is_silent for boot in scenario.with_boots(number).boots] == silent
