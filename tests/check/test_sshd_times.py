"""Times of sshd_config, compared with those that sshd prints."""

import subprocess
from pathlib import Path
from typing import Dict

import pytest

import needs
from azprov.check.rules.ssh import seconds_of

TIMES: Dict[str, int] = {
    "0": 0,
    "180": 180,
    "3m": 180,
    "3M30": 210,
    "2m90s": 210,
    "1h": 3600,
    "1d1h": 90000,
    "1w": 604800,
}


# Root's sshd wants this folder, which only its service makes.
SCRIPT = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'


@pytest.mark.needs("sshd", "ssh-keygen", "unshare")
@pytest.mark.parametrize("text", TIMES)
def test_a_time_has_the_seconds_that_sshd_prints(tmp_path: Path, text: str) -> None:
    """Units may follow each other, and seconds need none."""
    key = tmp_path / "key"
    subprocess.run(
        [needs.program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True
    )
    config = tmp_path / "config"
    config.write_text(f"ClientAliveInterval {text}\nHostKey {key}\nUsePAM no\n")

    shown = subprocess.run(
        [*needs.unshare("-m"), "sh", "-c", SCRIPT, "sh"]
        + [needs.program("sshd"), "-T", "-f", str(config)],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout

    assert f"clientaliveinterval {TIMES[text]}\n" in shown
    assert seconds_of(text) == TIMES[text]


@pytest.mark.parametrize("text", ["", "m", "3x", "-1", "3 m"])
def test_an_invalid_time_is_not_judged(text: str) -> None:
    """With such a line, sshd does not start."""
    assert seconds_of(text) is None
