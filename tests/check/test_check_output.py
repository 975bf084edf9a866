"""The text and the JSON that `check` prints."""

import json
from pathlib import Path

from check.trees import UNIT
from images import azprov
from sound_image import WANTS, change


def test_the_text_has_errors_first_with_a_fix_below_each(image: Path) -> None:
    """The counts come last, and the last line on stderr is the failure."""
    change(
        image,
        {
            "etc/fstab": "/swapfile none swap sw\n",
            f"{WANTS}/{UNIT}": None,
            f"{WANTS}/chrony.service": None,
        },
    )

    code, out, err = azprov("check", "--root", image)

    assert code == 1
    assert out == (
        "error: azure-provisioning is installed but does not start at boot, so nothing "
        "reports Ready and the deployment fails after 40 minutes\n"
        f"  fix: systemctl --root={image} enable azure-provisioning.service\n"
        f"warning: {image}/etc/fstab has swap on /swapfile: on the OS disk it is slow and costs "
        "what the disk is billed and throttled by\n"
        f"  fix: take the line out of {image}/etc/fstab; where swap is needed, make it on the "
        "VM's temporary disk at boot\n"
        "note: no time synchronisation starts at boot, so the clock drifts; log times become "
        "wrong and certificate checks may fail\n"
        f"  fix: chroot {image} sh -c 'apt-get update && apt-get install -y chrony'\n"
        "1 error, 1 warning, 1 note\n"
    )
    assert err == (
        f"azprov: {image} would not provision on Azure, 1 error found; apply the fixes above and "
        "check again; README lists the symptoms under 'When it fails'\n"
    )


def test_json_has_the_same_findings(image: Path) -> None:
    """The answer is one JSON object, and a success if there is no error."""
    change(image, {f"{WANTS}/chrony.service": None})

    code, out, err = azprov("check", "--json", "--root", image)

    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "command": "check",
        "ok": True,
        "exit_code": 0,
        "error": None,
        "findings": [
            {
                "rule": "clock-unsynchronised",
                "severity": "note",
                "what": "no time synchronisation starts at boot, so the clock drifts; log times "
                "become wrong and certificate checks may fail",
                "fix": f"chroot {image} sh -c 'apt-get update && apt-get install -y chrony'",
            }
        ],
        "errors": 0,
        "warnings": 0,
        "notes": 1,
    }
