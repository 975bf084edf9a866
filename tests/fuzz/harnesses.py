"""All harnesses by name, with the seeds of each."""

import gzip
import json
from typing import Callable, Dict, NamedTuple, Tuple

from azprov.formats.platform.kvp import render_record
from fuzz import host_harnesses, platform_harnesses
from sample_files import SAMPLES, sample


class Harness(NamedTuple):
    """A function that raises an exception only for a finding, and its first inputs."""

    function: Callable[[bytes], None]
    seeds: Tuple[bytes, ...]


def _samples(*folders: str) -> Tuple[bytes, ...]:
    return tuple(
        path.read_bytes() for folder in folders for path in sorted((SAMPLES / folder).iterdir())
    )


_ED25519 = sample("ssh_key/ed25519.pub")
_RSA = sample("ssh_key/rsa-1024.pub")
_INSTANCE = json.dumps(
    {
        "compute": {
            "vmId": "B1D0C1A2-53F4-4A8E-8D57-0A3C1F6E2D90",
            "name": "set_0",
            "osProfile": {
                "computerName": "web01",
                "adminUsername": "azureuser",
                "disablePasswordAuthentication": "true",
            },
            "publicKeys": [{"keyData": _ED25519.decode(), "path": "/home/azureuser/.ssh"}],
            "tagsList": [{"name": "a", "value": "b"}],
        }
    }
).encode()

_PASSWD = (
    b"root:x:0:0:root:/root:/bin/bash\n# a comment\n"
    b"azureuser:x:1000:1000:,,,:/home/azureuser:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n"
)
_SHADOW = b"root:*:19000:0:99999:7:::\nazureuser:$6$a$b:19000:0:99999:7:::\nempty::1::::::\n"
_GROUP = b"root:x:0:\nsudo:x:27:azureuser,other\nazureuser:x:1000:\n"
_LOGIN_DEFS = b"# login.defs\nUID_MIN\t\t 1000\nUID_MAX 60000\nGID_MIN=500\nUSERGROUPS_ENAB yes\n"

_SSHD = (
    b"# sshd_config\nInclude /etc/ssh/sshd_config.d/*.conf\nPort 22\n"
    b'AuthorizedKeysFile ".ssh/authorized_keys" /etc/keys/%u\nPasswordAuthentication no\n'
    b"KbdInteractiveAuthentication=no # why\nMatch User a\n  PasswordAuthentication yes\n"
)
_UNIT = (
    b"[Unit]\nDescription=a\n\n[Service]\nType=oneshot\n"
    b"ExecStart=-/usr/bin/python3 -I /usr/local/lib/azprov/azprov.pyz provision --no-hostname\n"
    b"\n[Install]\nWantedBy=multi-user.target\n\n[X-azprov]\n"
    b"# Folders that `install` made and `uninstall` removes if they are empty.\n"
    b"MadeFolders=/a /a/b\n"
)
_HOSTS = b"127.0.0.1 localhost\n127.0.1.1\told.example.org old # own\n::1 ip6-localhost\n"
_OS_RELEASE = (
    b'ID=debian\nID_LIKE="rhel \'fedora\'"\nPRETTY_NAME="Debian \\"12\\""\n# x\nexport A+=b\\\nc\n'
)
_NETPLAN = b"network:\n  ethernets:\n    eth0: {dhcp4: true}\n    b:\n      dhcp4: 'no'\n"
_NETWORKD = b"[Match]\nName=!eth* en[a-z]*\nDriver=hv_*\n[Network]\nDHCP=yes\nAddress=10.0.0.4/24\n"
_INTERFACES = (
    b"auto lo eth0\niface eth0 inet static\n  address 10.0.0.4\nsource interfaces.d/*\n"
    b"source-directory a\nallow-hotplug eth1\niface eth1 inet dhcp\n"
)
_FSTAB = b"UUID=0-0 / ext4 errors=remount-ro 0 1\n/dev/sdb1 /mnt auto defaults 0 2\n/s none swap\n"
_NFT = b"table inet f {\n chain output { type filter hook output priority 0; policy drop;\n }\n}\n"
_IPTABLES = b"*filter\n:OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n"
_CPIO = (
    b"0707010000000100008180" + b"0" * 32 + b"00000000" + b"0" * 32 + b"0000000b" + b"0" * 8
) + b"hv_vmbus.ko\0"
_SUDOERS = (
    b"Defaults env_reset\nroot ALL=(ALL:ALL) ALL\nazureuser ALL=(ALL) \\\n NOPASSWD:ALL\n"
    b'"azureuser" ALL=(ALL) ALL\npermit nopass azureuser\n@includedir /etc/sudoers.d\n'
)
_STATE = b'{"vm_id": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "done": ["hostname", "ready"]}\n'

HARNESSES: Dict[str, Harness] = {
    "goal-state": Harness(platform_harnesses.goal_state, _samples("goal_state", "not_goal_state")),
    "health-report": Harness(platform_harnesses.health_report, _samples("health_report")),
    "instance": Harness(
        platform_harnesses.instance,
        (
            *(document + b"\0compute/name" for document in _samples("instance")),
            _INSTANCE + b"\0compute/tagsList/0/value",
            _INSTANCE + b"\0/compute/publicKeys/1",
        ),
    ),
    "hostname": Harness(
        platform_harnesses.hostname, (b"Web-01.Example.org.\n", b"10.0.0.4", b"a_b")
    ),
    "ssh-key": Harness(
        platform_harnesses.ssh_key, (*_samples("ssh_key"), _RSA[:70] + b"\n" + _RSA[70:])
    ),
    "authorized-keys": Harness(
        platform_harnesses.authorized_keys,
        (
            b"",
            b"# none\n" + _RSA,
            b'command="a b",no-pty ' + _ED25519 + b"# " + sample("ssh_key/ecdsa-256.pub"),
            _ED25519.strip() + b"\r",
        ),
    ),
    "hosts": Harness(
        host_harnesses.hosts, (_HOSTS, _HOSTS.replace(b"\n", b"\r\n"), b"127.0.1.1 a")
    ),
    "os-release": Harness(host_harnesses.os_release, (_OS_RELEASE, b"A=(b 'c d')\nB='\n")),
    "unit": Harness(
        host_harnesses.unit,
        (_UNIT, b"/usr/bin/python3.11\n--ssh-keys\nadmin", b'command_args="-I a provision --b"\n'),
    ),
    "kvp-pool": Harness(
        platform_harnesses.kvp_pool,
        (b"a=b", render_record("key", "value") + render_record("k", "v") + b"cut", b"=" * 2048),
    ),
    "state": Harness(host_harnesses.state, (_STATE, b'{"vm_id": "", "done": []}', b"[]", b"{}")),
    "report": Harness(
        platform_harnesses.report,
        (b"no key\0look at it", b"it's | bad\r\n\0", b"'result=error|a=b'", b"\xe2\x82\xac" * 300),
    ),
    "sshd-config": Harness(
        host_harnesses.sshd_config,
        (_SSHD, b"AuthorizedKeysFile none\n", b"AuthorizedKeysFile %h/%%%U%x"),
    ),
    "accounts": Harness(
        host_harnesses.accounts, (_PASSWD, _SHADOW, _GROUP, _LOGIN_DEFS, b"azureuser")
    ),
    "sudo-rules": Harness(
        host_harnesses.sudo_rules, (_SUDOERS, b"permit setenv { A=b } azureuser\n")
    ),
    "lease": Harness(platform_harnesses.lease, _samples("lease")),
    "vm-id": Harness(
        platform_harnesses.vm_id,
        (
            b"b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90\nA2C1D0B1-F453-8E4A-8D57-0A3C1F6E2D90",
            b"00000000-0000-0000-0000-000000000000\n",
        ),
    ),
    "http-reply": Harness(
        platform_harnesses.http_reply,
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
            b"HTTP/1.0 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n",
            b"HTTP/1.1 503 Busy\r\nDate: Sun, 22 Nov 2026 06:00:00 GMT\r\n"
            b"Retry-After: Sun, 22 Nov 2026 06:00:30 GMT\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 307 Moved\r\nLocation: http://a/\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
            + gzip.compress(b"a"),
            b"SSH-2.0-OpenSSH_9.9\r\n",
        ),
    ),
    "path": Harness(
        host_harnesses.path,
        (
            b"/etc/hosts",
            b"/home/azureuser/up/root/../etc//./hosts",
            b"/home/azureuser/loop/a",
            b"/home/azureuser/hosts",
            b"home",
        ),
    ),
    "image": Harness(
        host_harnesses.image,
        (
            _PASSWD,
            _SHADOW,
            _GROUP,
            _SSHD,
            _UNIT,
            _HOSTS,
            _OS_RELEASE,
            _NETPLAN,
            _NETWORKD,
            _INTERFACES,
            _FSTAB,
            _NFT,
            _IPTABLES,
            _CPIO,
            gzip.compress(_CPIO),
            _SUDOERS,
            _STATE,
        ),
    ),
}
