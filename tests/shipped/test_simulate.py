"""`simulate`: any command beside the simulated platform, at the platform's own addresses."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import List, Tuple

import pytest

from needs import unshare
from pyz import PYZ, azprov

NAMES = [
    "healthy",
    "restarted",
    "network-late",
    "busy",
    "forbidden",
    "web-page",
    "half-document",
    "no-ids",
    "cut-connection",
    "silent",
    "ids-change",
    "proxy",
    "refused",
    "imds-busy",
    "imds-down",
]
READY = [sys.executable, "-I", str(PYZ), "report-ready", "--timeout", "5"]


def verdicts(out: str) -> List[Tuple[str, str]]:
    return [(one["name"], "; ".join(one["shortcomings"])) for one in json.loads(out)["scenarios"]]


@pytest.mark.needs("unshare")
def test_an_ordinary_user_can_simulate() -> None:
    """A user namespace has the network, where the kernel allows one."""
    unshare("--user", "--net")

    code, out, err = azprov("simulate", "--", *READY)

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == (
        "Simulating healthy: the platform answers from the start. Expected: the agent reports "
        "Ready once."
    )
    assert out.splitlines()[-1] == (
        "PASSED: Ready was acknowledged once, as expected (exit code 0)."
    )
    assert re.search(
        r"^ +[0-9.]+ s  platform  WireServer answers POST /machine\?comp=health with 200 OK$",
        out,
        re.MULTILINE,
    )
    assert re.search(r"^ +[0-9.]+ s  command   Response: 200 OK$", out, re.MULTILINE)


@pytest.mark.needs("unshare")
def test_all_scenarios_end_with_a_table() -> None:
    """--all runs every scenario that holds for any agent, whatever the verdicts are."""
    unshare("--user", "--net")

    code, out, err = azprov("simulate", "--all", "--", "true")

    assert code == 1
    lines = out.splitlines()[-len(NAMES) :]
    assert [line.split()[0] for line in lines] == NAMES
    assert lines[0] == (
        "healthy        failed  Ready was acknowledged 0 times, not 1; the exit code is 0 although "
        "Ready was not acknowledged (exit code 0)"
    )
    assert err == (f"azprov: these scenarios failed: {', '.join(NAMES)}; read the transcript\n")


@pytest.mark.needs("unshare")
def test_an_agent_that_still_tries_at_the_limit_is_not_at_fault() -> None:
    """An agent may try for longer than the limit if no report is ever acknowledged."""
    unshare("--user", "--net")

    code, out, _ = azprov(
        "simulate", "--json", "--scenario", "refused", "--limit", "1", "--", "sleep", "9"
    )

    assert (code, verdicts(out)) == (0, [("refused", "")])


@pytest.mark.needs("unshare")
def test_progress_is_shown_as_a_terminal_shows_it() -> None:
    """A carriage return replaces the text before it, and one at the end of a line does not."""
    unshare("--user", "--net")

    _, out, _ = azprov("simulate", "--json", "--", "printf", " 0%%\\r50%%\\r100%%\\r\\nnext\\r\\n")

    events = json.loads(out)["scenarios"][0]["events"]
    assert [one["what"] for one in events if one["who"] == "command"] == ["100%", "next"]


@pytest.mark.needs("unshare")
def test_the_next_scenario_starts_after_a_server_closed_connections() -> None:
    """A client that asks for it leaves the platform's port in TIME_WAIT."""
    unshare("--user", "--net")
    code = """if True:
        import http.client
        connection = http.client.HTTPConnection("168.63.129.16")
        headers = {"x-ms-version": "2012-11-30", "Connection": "close"}
        connection.request("GET", "/machine?comp=goalstate", headers=headers)
        print(connection.getresponse().status)
    """

    simulate = ("simulate", "--json", "--all", "--limit", "3")
    exit_code, out, err = azprov(*simulate, "--", sys.executable, "-c", code)

    assert exit_code == 1, err
    assert len(verdicts(out)) == 15


@pytest.mark.needs("unshare")
def test_nothing_else_can_be_reached() -> None:
    """The network has two addresses, and no route to any other one."""
    unshare("--user", "--net")
    code = "import socket; s = socket.socket(); s.settimeout(5); s.connect(('192.0.2.1', 80))"

    _, out, _ = azprov("simulate", "--json", "--", sys.executable, "-c", code)

    events = json.loads(out)["scenarios"][0]["events"]
    assert events[-1]["what"] == "OSError: [Errno 101] Network is unreachable"


@pytest.mark.needs("unshare")
@pytest.mark.parametrize(
    ("command", "shortcomings", "exit_code"),
    [
        (["sleep", "1000"], "the command did not end", None),
        (
            ["sh", "-c", "sleep 1000 & echo $!"],
            "the command did not end",
            None,
        ),
        (["sh", "-c", "kill -9 $$"], "", 137),
    ],
)
def test_a_command_and_its_children_are_ended(
    command: List[str], shortcomings: str, exit_code: object
) -> None:
    """A command that does not end is ended at the limit."""
    unshare("--user", "--net")

    _, out, _ = azprov("simulate", "--json", "--limit", "3", "--", *command)

    (result,) = json.loads(out)["scenarios"]
    assert result["shortcomings"][1:] == list(filter(None, [shortcomings]))
    assert result["command_exit_code"] == exit_code
    for event in result["events"]:
        # A process that has ended, and is not waited for yet, has no command line.
        command_line = Path("/proc", event["what"], "cmdline")
        assert not command_line.exists() or not command_line.read_bytes()


@pytest.mark.needs("root", "nsenter")
def test_it_serves_until_it_is_interrupted() -> None:
    """Another shell can enter the network by the command that is printed."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(PYZ), "simulate", "--serve"], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        enter = process.stdout.readline().split()
        enter = [*enter[:-1], "env", "-u", "AZPROV_WIRESERVER"]
        done = subprocess.run([*enter, *READY], capture_output=True, text=True, check=False)
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()

    assert enter[0] == "nsenter"
    assert done.returncode == 0, done.stderr
    assert "WireServer answers POST /machine?comp=health with 200 OK" in out
    assert out.endswith("The platform answers no longer.\n")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (
            ["simulate"],
            "a simulation needs a command, or --serve alone; type AZPROV simulate -- COMMAND",
        ),
        (["simulate", "--serve", "--", "true"], "a simulation needs a command, or --serve alone"),
        (
            ["simulate", "--scenario", "bad-keys", "--", "true"],
            "there is no scenario 'bad-keys'; those for any agent are healthy, restarted, ",
        ),
        (["simulate", "--limit", "0", "--", "true"], "argument --limit: not a number of seconds"),
        (
            ["simulate", "--limit", "9", "curl", "-v", "http://168.63.129.16/?comp=versions"],
            "the command does not follow --; type AZPROV simulate --limit 9 -- curl -v "
            "'http://168.63.129.16/?comp=versions'",
        ),
        (["simulate", "--quick", "true"], "there is no option '--quick'"),
    ],
)
def test_wrong_usage_is_exit_2(argv: List[str], line: str) -> None:
    """Nothing is simulated."""
    code, out, err = azprov(*argv)

    assert (code, out) == (2, "")
    assert err.replace(f"python3 {PYZ}", "AZPROV").startswith(f"azprov: {line}")


@pytest.mark.needs("unshare")
def test_a_missing_command_is_named() -> None:
    """The error is that of the system."""
    unshare("--user", "--net")

    code, _, err = azprov("simulate", "--", "no such command")

    assert code == 73
    assert err == (
        "azprov: 'no such command' could not be started (No such file or directory); check the "
        "command\n"
    )
