"""A fixed host name goes from the settings of each DHCP client, and other lines stay."""

import pytest

from azprov.formats.host.sent_hostname import without_sent_hostname


@pytest.mark.parametrize(
    ("kind", "content", "kept"),
    [
        ("ifcfg", "BOOTPROTO=dhcp\nDHCP_HOSTNAME=base\nHOSTNAME=base\n", "BOOTPROTO=dhcp\n"),
        ("ifcfg", "DHCP_SEND_HOSTNAME=yes\n#HOSTNAME=x\n", "DHCP_SEND_HOSTNAME=yes\n#HOSTNAME=x\n"),
        (
            "SUSE",
            'A="1"\nDHCLIENT_HOSTNAME_OPTION="base"\n',
            'A="1"\nDHCLIENT_HOSTNAME_OPTION="AUTO"\n',
        ),
        ("SUSE", 'DHCLIENT_HOSTNAME_OPTION="AUTO"\n', 'DHCLIENT_HOSTNAME_OPTION="AUTO"\n'),
        (
            "dhclient",
            'timeout 9;\nsend host-name "base";\n',
            "timeout 9;\nsend host-name = gethostname();\n",
        ),
        ("dhclient", '  send host-name = "base";\n', "send host-name = gethostname();\n"),
        ("dhclient", "send host-name = gethostname();\n", "send host-name = gethostname();\n"),
        ("dhcpcd", "duid\nhostname base\n", "duid\nhostname\n"),
        ("dhcpcd", "hostname # mine\nhostname_short\n", "hostname # mine\nhostname_short\n"),
        ("interfaces", "iface eth0 inet dhcp\n  hostname base\n", "iface eth0 inet dhcp\n"),
        ("interfaces", "  hostname $(hostname)\n", "  hostname $(hostname)\n"),
        ("networkd", "[DHCPv4]\nHostname=base\nSendHostname=yes\n", "[DHCPv4]\nSendHostname=yes\n"),
        ("keyfile", "[ipv4]\nmethod=auto\ndhcp-hostname=base\n", "[ipv4]\nmethod=auto\n"),
        ("keyfile", "[ipv4]\ndhcp-send-hostname=true\n", "[ipv4]\ndhcp-send-hostname=true\n"),
        (
            "netplan",
            "   eth0:\n    dhcp4-overrides:\n      hostname: base\n    mtu: 1500\n",
            "   eth0:\n    mtu: 1500\n",
        ),
        (
            "netplan",
            "    dhcp4-overrides:\n      hostname: base\n      use-dns: false\n",
            "    dhcp4-overrides:\n      use-dns: false\n",
        ),
        (
            "netplan",
            "    dhcp4-overrides:\n      use-dns: false\n      hostname: base\n",
            "    dhcp4-overrides:\n      use-dns: false\n",
        ),
        ("netplan", "    dhcp4-overrides:\n      hostname: a\n\n", "\n"),
        ("netplan", "hostname:\n", "hostname:\n"),
    ],
)
def test_the_client_sends_the_name_that_the_machine_has(kind: str, content: str, kept: str) -> None:
    """A setting that already does so stays unchanged."""
    assert without_sent_hostname(content.encode(), kind).decode() == kept
