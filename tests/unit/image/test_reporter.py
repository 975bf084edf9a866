"""The printed reporter: its size, its constants, and its reading of its own limits."""

import re
import subprocess
from pathlib import Path

import pytest

import needs
from azprov.azure.endpoint import WIRESERVER_ADDRESS
from azprov.azure.wireserver import GOAL_STATE_TARGET, HEALTH_TARGET, PROTOCOL_VERSION
from azprov.boot.settings import AGENT_NAME, DEFAULT_TIMEOUT_S
from azprov.cli import main
from azprov.image.reporter import LONGEST_TIMEOUT_S, render_reporter


def test_the_reporter_has_at_most_4096_bytes() -> None:
    """The longest time limit makes the longest script."""
    assert len(render_reporter(LONGEST_TIMEOUT_S, AGENT_NAME)) <= 4096


def test_the_reporter_has_the_values_of_the_client() -> None:
    """No placeholder is left, and the constants are those of azure/wireserver.py."""
    text = render_reporter(int(DEFAULT_TIMEOUT_S), AGENT_NAME)

    assert not re.search(r"@[A-Z_]+@", text)
    assert f"host=${{AZPROV_WIRESERVER:-{WIRESERVER_ADDRESS}}}\n" in text
    assert "limit=${AZPROV_TIMEOUT:-900}\n" in text
    assert f"'x-ms-version: {PROTOCOL_VERSION}' 'x-ms-agent-name: {AGENT_NAME}'" in text
    assert f"http '{GOAL_STATE_TARGET}' 10\n" in text
    assert f"http '{HEALTH_TARGET}' 30 " in text


def test_the_reporter_begins_with_its_purpose() -> None:
    """A person who finds the script reads first what it does and what its exit codes mean."""
    assert render_reporter(900, AGENT_NAME).splitlines()[:3] == [
        "#!/bin/sh",
        "# Reports Ready to Azure, with curl, wget or nc. Printed by azprov.pyz script.",
        "# Exit codes: 0 acknowledged, 69 no answer, 70 no program, 76 no goal state.",
    ]


def test_script_prints_the_reporter(capsys: pytest.CaptureFixture[str]) -> None:
    """--timeout becomes the default of AZPROV_TIMEOUT, and no character is replaced."""
    assert main(["script", "--timeout", "60"]) == 0

    assert capsys.readouterr().out == render_reporter(60, AGENT_NAME)


@pytest.mark.parametrize("seconds", ["0", "1.5", "100000", "-1", "x", "08"])
def test_script_refuses_a_time_that_the_reporter_cannot_count(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell counts in whole seconds; other values are wrong usage."""
    assert main(["script", f"--timeout={seconds}"]) == 2

    assert "not a whole number of seconds from 1 to 99999" in capsys.readouterr().err


@pytest.mark.needs("shellcheck")
def test_shellcheck_accepts_the_reporter(tmp_path: Path) -> None:
    """shellcheck reports nothing for POSIX sh."""
    reporter = tmp_path / "reporter"
    reporter.write_text(render_reporter(900, AGENT_NAME))

    check = subprocess.run(
        ["shellcheck", "--shell=sh", reporter], capture_output=True, text=True, check=False
    )

    assert (check.returncode, check.stdout) == (0, "")


@pytest.mark.needs("dash")
@pytest.mark.parametrize(
    ("seconds", "code", "line"),
    [
        ("08", 2, "azprov: AZPROV_TIMEOUT is not valid; set it to 900"),
        ("1.5", 2, "azprov: AZPROV_TIMEOUT is not valid; set it to 900"),
        ("9", 70, "azprov: no curl, wget or nc; install one"),
    ],
)
def test_the_reporter_says_why_it_cannot_start(
    seconds: str, code: int, line: str, tmp_path: Path
) -> None:
    """A bad AZPROV_TIMEOUT is wrong usage, and without a program it ends at once."""
    reporter = tmp_path / "reporter"
    reporter.write_text(render_reporter(900, AGENT_NAME))

    run = subprocess.run(
        [needs.program("dash"), reporter],
        env={"PATH": str(tmp_path), "AZPROV_TIMEOUT": seconds, "AZPROV_WIRESERVER": "127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stderr.splitlines()) == (code, [line])
