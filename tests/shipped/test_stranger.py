"""The installed service on a machine where a stranger answers at the platform's addresses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from images import add_python
from namespaces import UNSHARE, skip_without_namespaces
from pyz import PYZ, azprov
from sample_files import sample

pytestmark = pytest.mark.needs("root", "archive", "ip")

SERVICE = "etc/systemd/system/azure-provisioning.service"
LINK = "etc/systemd/system/multi-user.target.wants/azure-provisioning.service"
AZURE_TAG = "7783-7084-3265-9085-8269-3286-77\n"
METADATA = {
    "compute": {
        "name": "web01",
        "vmId": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90",
        "osProfile": {
            "adminUsername": "stranger",
            "computerName": "web01",
            "disablePasswordAuthentication": "true",
        },
        "publicKeys": [{"keyData": sample("ssh_key/ed25519.pub").decode(), "path": ""}],
    }
}
FIRMWARE = "sys/class/dmi/id/chassis_asset_tag"
#: Serves both addresses on loopback while a command runs, in namespaces of its own, on a machine
#: whose firmware has the tag in the second argument.
BOTH_ADDRESSES = """\
import json, os, subprocess, sys, threading
from http.server import HTTPServer
from boot.guest_network import handler
from strict_wireserver import StrictWireServer
ip = lambda *words: subprocess.run(["ip", *words], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/sys"], check=True)
os.makedirs("/sys/class/dmi/id")
open("/sys/class/dmi/id/chassis_asset_tag", "w").write(sys.argv[2])
ip("link", "set", "lo", "up")
for address in ("168.63.129.16", "169.254.169.254"):
    ip("address", "add", address + "/32", "dev", "lo")
wireserver, asked = StrictWireServer(("168.63.129.16", 80)), []
imds = HTTPServer(("169.254.169.254", 80), handler(json.loads(sys.argv[1]), asked))
for serve in (wireserver.serve, imds.serve_forever):
    threading.Thread(target=serve, daemon=True).start()
done = subprocess.run(sys.argv[3:], env={}, capture_output=True, text=True)
json.dump({"code": done.returncode, "err": done.stderr.splitlines(),
           "verdicts": wireserver.verdicts, "asked": len(asked)}, sys.stdout)
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A root with users, sudo and sshd, without a firmware."""
    skip_without_namespaces()
    root = tmp_path / "image"
    add_python(root)
    for name, content in {
        "etc/hostname": "image\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "etc/shadow": "root:*:::::::\n",
        "etc/group": "root:x:0:\n",
        "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
        "etc/sudoers.d/README": "",
        "home/README": "",
        "var/lib/README": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def boot(image: Path, tag: str) -> Dict[str, Any]:
    """Run the command of the installed service, as if the image were this machine."""
    (line,) = [
        line for line in (image / SERVICE).read_text().splitlines() if line.startswith("ExecStart=")
    ]
    options = line.partition("azprov.pyz provision")[2].split()
    return on_machine(tag, "provision", *options, "--root", str(image))


def on_machine(tag: str, *arguments: str) -> Dict[str, Any]:
    """Run azprov on a machine with this chassis asset tag, and a stranger on its link."""
    command = [sys.executable, "-I", str(PYZ), *arguments]
    driver = subprocess.run(
        [*UNSHARE, "-m", sys.executable, "-c", BOTH_ADDRESSES, json.dumps(METADATA), tag, *command],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert driver.returncode == 0, driver.stderr
    result: Dict[str, Any] = json.loads(driver.stdout)
    return result


def users(image: Path) -> List[str]:
    return [line.partition(":")[0] for line in (image / "etc/passwd").read_text().splitlines()]


@pytest.mark.parametrize("tag", ["No Asset Tag\n", ""], ids=["another vendor", "no tag"])
def test_a_stranger_on_the_link_creates_no_user(image: Path, tag: str) -> None:
    """Ready is sent, the metadata service is not asked, and the service stays enabled."""
    assert azprov("install", "--root", image, "--admin-user")[0] == 0

    seen = boot(image, tag)

    found = f"chassis asset tag {tag.strip()}" if tag else "no chassis asset tag"
    reason = (
        f"the firmware does not identify this machine as an Azure VM ({found}), so no user, SSH "
        "key or host name is taken from the platform"
    )
    option = (
        "; to trust this network anyway, add --platform any (for the boot service, install "
        "it again with its options and this one)"
    )
    assert (seen["asked"], seen["verdicts"]) == (0, ["goal state", "ready"])
    assert seen["err"][0] == f"{reason}, and Ready is tried for 60 s only{option}"
    assert seen["err"][-1] == (
        "azprov: Ready was acknowledged, but the admin user is not set up and the host name is not "
        f"set ({reason}) and progress is not recorded (the id of this VM is not known), and "
        f"the next boot repeats every step and may report Ready again{option}"
    )
    assert seen["code"] == 78
    assert users(image) == ["root"]
    assert (image / "etc/hostname").read_text() == "image\n"
    assert list((image / "home").iterdir()) == [image / "home/README"]
    assert (image / LINK).is_symlink()


@pytest.mark.parametrize("tag", ["No Asset Tag\n", AZURE_TAG], ids=["by the option", "on Azure"])
def test_a_trusted_platform_names_the_user(image: Path, tag: str) -> None:
    """`install --platform any` is in effect at the first boot; on Azure it is not needed."""
    options = [] if tag == AZURE_TAG else ["--platform", "any"]
    assert azprov("install", "--root", image, "--admin-user", *options)[0] == 0

    seen = boot(image, tag)

    assert (seen["code"], seen["verdicts"]) == (0, ["goal state", "ready"]), seen["err"]
    assert not [line for line in seen["err"] if "firmware" in line]
    assert users(image) == ["root", "stranger"]
    assert (image / "etc/hostname").read_text() == "web01\n"
    assert not (image / LINK).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("provision", "--admin-user"),
        ("admin-user",),
        ("ssh-keys", "--user", "root"),
        ("set-hostname",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_image_cannot_pose_as_an_azure_vm(image: Path, arguments: Tuple[str, ...]) -> None:
    """The firmware is that of the machine which runs azprov, and not a file in the image."""
    (image / FIRMWARE).parent.mkdir(parents=True)
    (image / FIRMWARE).write_text(AZURE_TAG)
    before = {path: (image / path).read_text() for path in ("etc/passwd", "etc/hostname")}

    seen = on_machine("No Asset Tag\n", *arguments, "--root", str(image))

    assert (seen["asked"], seen["code"]) == (0, 78)
    assert "(chassis asset tag No Asset Tag)" in seen["err"][-1]
    assert {path: (image / path).read_text() for path in before} == before
    assert not (image / "root/.ssh").exists()
