"""The text and the JSON that `check` prints."""

import json
import re
from pathlib import Path

import pytest

from azprov.check import RULES
from check.image_changes import UNIT
from images import azprov
from sound_image import WANTS, Change, change


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
        f"warning: {image}/etc/fstab has swap on /swapfile; swap is slow on the OS disk and "
        "uses up the limited throughput of that disk\n"
        f"  fix: remove the line from {image}/etc/fstab; if the VM needs swap, create it on the "
        "temporary disk at boot\n"
        "note: no time synchronisation starts at boot, so the clock drifts; log times become "
        "wrong and certificate checks may fail\n"
        f"  fix: chroot {image} sh -c 'apt-get update && apt-get install -y chrony'\n"
        "1 error, 1 warning, 1 note\n"
    )
    assert err == (
        f"azprov: {image} would not provision on Azure: 1 error found; apply the fixes above and "
        "check again; azprov.pyz check --list-rules lists all rules\n"
    )


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        (
            {},
            "should provision on Azure, but still contains data of the machine it was made on; run "
            "azprov.pyz deprovision --root {image}, and check again",
        ),
        (
            {f"{WANTS}/ssh.service": None, f"{WANTS}/{UNIT}": None},
            "would not provision on Azure: 2 errors found; apply the fixes above and check again; "
            "azprov.pyz check --list-rules lists all rules",
        ),
    ],
)
def test_leftovers_alone_are_no_reason_not_to_provision(
    image: Path, more: Change, verdict: str
) -> None:
    """Every used machine has them, and deprovision is the last step before an image."""
    change(image, {"etc/ssh/ssh_host_rsa_key": "x", **more})

    code, _, err = azprov("check", "--root", image)

    assert (code, err) == (1, f"azprov: {image} {verdict}\n".replace("{image}", str(image)))


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
        "ignored": 0,
    }


def test_ignored_findings_are_neither_shown_nor_counted(image: Path) -> None:
    """The last line says how many were ignored, and an ignored error does not count."""
    change(image, {f"{WANTS}/{UNIT}": None, f"{WANTS}/chrony.service": None})

    code, out, err = azprov(
        "check", "--ignore", "service-disabled", "--ignore", "clock-unsynchronised", "--root", image
    )

    assert (code, err) == (0, "")
    assert out == f"0 errors, 0 warnings, 0 notes, 2 ignored: {image} should provision on Azure\n"


def test_json_counts_ignored_findings(image: Path) -> None:
    """The member `ignored` is the number of findings that are not in `findings`."""
    change(image, {f"{WANTS}/{UNIT}": None, f"{WANTS}/chrony.service": None})

    code, out, _ = azprov("check", "--json", "--ignore", "clock-unsynchronised", "--root", image)

    answer = json.loads(out)
    assert code == 1
    assert [one["rule"] for one in answer["findings"]] == ["service-disabled"]
    assert (answer["errors"], answer["notes"], answer["ignored"]) == (1, 0, 1)


def test_ignoring_an_unknown_rule_is_wrong_usage(image: Path) -> None:
    """A similar rule is suggested, and nothing is checked."""
    code, out, err = azprov("check", "--ignore", "agent-enable", "--root", image)

    assert (code, out) == (2, "")
    assert err == (
        "azprov: there is no rule 'agent-enable'; did you mean agent-enabled? azprov.pyz check "
        "--list-rules lists them\n"
    )


def test_the_list_of_rules_is_a_table() -> None:
    """Each line has the id, the usual severity and the sentence of one rule."""
    code, out, err = azprov("check", "--list-rules")

    assert (code, err) == (0, "")
    assert re.search(
        r"^agent-enabled  +error    another provisioning agent starts at boot and reports to Azure "
        r"too$",
        out,
        re.MULTILINE,
    )
    assert len(out.splitlines()) == len(RULES)


def test_the_list_of_rules_has_fixes_in_json() -> None:
    """A rule has the same members as a finding, for any image."""
    code, out, err = azprov("check", "--list-rules", "--json")

    rules = json.loads(out)["rules"]
    assert (code, err) == (0, "")
    assert {
        "rule": "agent-enabled",
        "severity": "error",
        "what": "another provisioning agent starts at boot and reports to Azure too",
        "fix": "remove its package",
    } in rules
    assert [one["rule"] for one in rules] == [rule.id for rule in RULES]
