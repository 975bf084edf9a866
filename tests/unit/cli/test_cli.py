"""The command line: answers, account, JSON and exit codes, over a real socket."""

import json
import os
import re
import signal
import socket
import sys
import threading
from types import ModuleType
from typing import Dict, List, Tuple

import pytest

from azprov import __version__
from azprov.cli import main
from azprov.cli.commands import COMMANDS
from azprov.cli.registry import command_parser
from azprov.errors import EXIT_CODES
from ports import RawServer, replying
from samples_of import sample

GOAL_STATE_XML = sample("goal_state/version-2012-11-30.xml")
READY_XML = sample("health_report/ready.xml")
CONTAINER = "6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901"
INSTANCE = "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01"


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


Run = Tuple[int, str, str]


class Shell:
    """Runs commands against a server that gives these replies."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *argv: str) -> Run:
        code = main(argv)
        captured = self._capfd.readouterr()
        return code, captured.out, captured.err

    def against(self, *argv: str, replies: List[bytes]) -> Run:
        with RawServer(replying(*replies)) as server:
            return self(*argv, "--wireserver", str(server.endpoint))


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capfd)


HEALTHY = [http(GOAL_STATE_XML), http(b"")]


def test_report_ready_accounts_on_stderr(shell: Shell) -> None:
    """stdout stays empty, the account ends with the platform's response."""
    code, out, err = shell.against("report-ready", replies=HEALTHY)

    assert (code, out) == (0, "")
    assert err.splitlines()[0] == "Retrieving goal state from the Wireserver"
    assert err.splitlines()[-1] == "Response: 200 OK"


def test_quiet_says_nothing_when_all_is_well(shell: Shell) -> None:
    """Errors only, and there is none."""
    assert shell.against("report-ready", "-q", replies=HEALTHY) == (0, "", "")


def test_verbose_shows_requests_and_replies(shell: Shell) -> None:
    """Each exchange in two lines."""
    _, _, err = shell.against("report-ready", "--verbose", replies=HEALTHY)

    lines = err.splitlines()
    assert any(line.startswith("> POST http://127.0.0.1:") for line in lines)
    assert "< 200 OK, 0 bytes" in lines


def test_report_ready_as_json(shell: Shell) -> None:
    """One object, of this shape."""
    code, out, _ = shell.against("report-ready", "--json", replies=HEALTHY)

    assert code == 0
    assert json.loads(out) == {
        "command": "report-ready",
        "ok": True,
        "exit_code": 0,
        "incarnation": "1",
        "container_id": CONTAINER,
        "instance_id": INSTANCE,
        "state": "Ready",
        "dry_run": False,
        "document": READY_XML.decode(),
        "acknowledged": True,
        "status": 200,
    }


def test_verbose_says_who_named_the_address(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option, or the variable; the leases speak for themselves."""
    with RawServer(replying(http(GOAL_STATE_XML))) as server:
        _, _, err = shell("goal-state", "-v", "--wireserver", str(server.endpoint))
        assert f"WireServer is at {server.endpoint} by --wireserver" in err.splitlines()

        monkeypatch.setenv("AZPROV_WIRESERVER", str(server.endpoint))
        _, _, err = shell("report-ready", "-v", "--dry-run")
        assert f"WireServer is at {server.endpoint} by AZPROV_WIRESERVER" in err.splitlines()


@pytest.mark.parametrize("before", [True, False])
def test_common_options_stand_before_or_after_the_command(shell: Shell, before: bool) -> None:
    """Either place is natural."""
    argv = ["--json", "-q", "goal-state"] if before else ["goal-state", "-q", "--json"]

    code, out, err = shell.against(*argv, replies=HEALTHY)

    assert (code, err) == (0, "")
    assert json.loads(out)["command"] == "goal-state"


def test_dry_run_shows_the_document(shell: Shell) -> None:
    """The document goes to stdout, where it can be piped on; nothing is posted."""
    code, out, err = shell.against("report-ready", "--dry-run", replies=HEALTHY)

    assert (code, out) == (0, READY_XML.decode() + "\n")
    assert "Sending" not in err
    _, out, _ = shell.against("report-ready", "--dry-run", "--json", replies=HEALTHY)
    assert json.loads(out)["acknowledged"] is False
    assert json.loads(out)["status"] is None


def test_report_failure_posts_the_reason(shell: Shell) -> None:
    """NotReady, ProvisioningFailed and the text."""
    reason = "user <ops> & key:\nno such shell"

    code, out, _ = shell.against("report-failure", "--reason", reason, "--json", replies=HEALTHY)

    assert code == 0
    answer = json.loads(out)
    assert answer["state"] == "NotReady"
    line = (
        "result=error|reason=user &lt;ops&gt; &amp; key: no such shell|agent=azprov/VERSION|"
        "timestamp=TIME|documentation_url=https://aka.ms/linuxprovisioningerror"
    )
    report = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME", answer["document"])
    report = re.sub(r"vm_id=[0-9a-f-]{36}\|", "", report)
    assert f"<Description>{line}</Description>" in report.replace(__version__, "VERSION")


def test_a_reason_as_it_comes_without_a_locale(shell: Shell) -> None:
    """Its bytes are UTF-8, whatever Python 3.6 makes of them at a boot."""
    argv = ["report-failure", "--dry-run", "--reason", "caf\udcc3\udca9"]

    code, out, _ = shell.against(*argv, replies=HEALTHY)

    assert code == 0
    assert "|reason=café|" in out.replace("&amp;", "&")


def test_a_reason_that_was_cut_is_said_to_be(shell: Shell) -> None:
    """What whoever deployed the VM will read is not what was given."""
    _, _, err = shell.against("report-failure", "--reason", "x" * 5000, replies=HEALTHY)
    assert "the reason does not fit into a report unchanged, and was cut or cleaned" in err

    _, _, err = shell.against("report-failure", "--reason", "x" * 800, replies=HEALTHY)
    assert "does not fit" not in err


def test_goal_state_shows_the_identifiers(shell: Shell) -> None:
    """As text, or as JSON."""
    code, out, _ = shell.against("goal-state", replies=HEALTHY)

    assert code == 0
    assert out == f"Incarnation: 1\nContainerId: {CONTAINER}\nInstanceId: {INSTANCE}\n"
    _, out, _ = shell.against("goal-state", "--json", replies=HEALTHY)
    assert json.loads(out) == {
        "command": "goal-state",
        "ok": True,
        "exit_code": 0,
        "incarnation": "1",
        "container_id": CONTAINER,
        "instance_id": INSTANCE,
    }


def test_goal_state_raw_shows_what_came(shell: Shell) -> None:
    """Whatever answers with 200, for whoever wants to know what it is."""
    page = b"<html>\xe9 \x00</html>"

    code, out, _ = shell.against("goal-state", "--raw", replies=[http(page)])

    assert code == 0
    assert out == page.decode("utf-8", "replace")


FAILURES: Dict[str, Tuple[List[bytes], int, str]] = {
    "an error for ever": (
        [http(b"", "503 Busy")],
        69,
        r"azprov: gave up after 1(\.\d+)? s: goal state request to 127\.0\.0\.1:\d+ "
        r"failed: 503 Busy; try again later: the platform may recover\Z",
    ),
    "a web page for ever": (
        [http(b"<html><br></html>")],
        76,
        r"azprov: gave up after 1(\.\d+)? s: the reply is a web page \(HTML\), "
        r"not a goal state; run azprov\.pyz goal-state --raw to see the reply, and check for a "
        r"proxy or filter\Z",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.parametrize("verbose", [(), ("-v",)])
def test_a_failure_ends_in_one_sentence(shell: Shell, case: str, verbose: Tuple[str]) -> None:
    """Cause and next step on the last line, the code of the contract, JSON if asked for."""
    replies, exit_code, sentence = FAILURES[case]
    argv = ("report-ready", "--timeout", "2", "--json", *verbose)

    code, out, err = shell.against(*argv, replies=replies)

    assert code == exit_code
    last = err.splitlines()[-1]
    assert re.match(sentence, last), last
    assert "Traceback" not in err
    answer = json.loads(out)
    assert (answer["ok"], answer["exit_code"]) == (False, exit_code)
    assert answer["command"] == "report-ready"
    error = answer["error"]
    assert f"azprov: {error['summary']}; {error['hint']}" == last


def test_verbose_shows_what_an_error_says(shell: Shell) -> None:
    """The body of a refusal is where a platform says why."""
    replies = [http(b"<Error>\x1b[2J</Error>", "410 Gone")]

    _, _, err = shell.against("goal-state", "-v", "--timeout", "0.5", replies=replies)

    assert "< <Error>?[2J</Error>" in err.splitlines()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"\n<html>Welcome</html>", "?<html>Welcome</html>"),
        (b'{"compute": {"customData": "c2VjcmV0', "(36 bytes, which may hold secrets)"),
        (b'{ "error": "Bad request" , "customData": "c2VjcmV0"}', '{ "error": "Bad request"'),
    ],
    ids=["a web page", "half an answer", "an error"],
)
@pytest.mark.parametrize(("status", "exit_code"), [("200 OK", 76), ("500 Error", 69)])
def test_verbose_shows_what_is_no_metadata(
    shell: Shell, body: bytes, shown: str, status: str, exit_code: int
) -> None:
    """Whatever its status; the service's own answer, or half of it, may hold custom data."""
    with RawServer(replying(http(body, status))) as server:
        imds = f"--imds={server.endpoint}"
        code, _, err = shell("metadata", "-v", "--imds-timeout", "0.5", imds)

    assert code == exit_code
    assert f"< {shown}" in err.splitlines()
    assert "c2VjcmV0" not in err


def test_nobody_there_is_exit_69(shell: Shell) -> None:
    """A closed port until the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    code, out, err = shell("report-ready", "--timeout", "0.2", "--wireserver", f"127.0.0.1:{port}")

    assert (code, out) == (69, "")
    assert re.match(
        rf"azprov: gave up after 0\.\d+ s: 127\.0\.0\.1:{port} cannot be reached "
        rf"\(Connection refused\); check that 127\.0\.0\.1 is the platform's address",
        err.splitlines()[-1],
    )


USAGE = {
    "no command": ([], "no command was given; azprov.pyz --help lists the commands"),
    "an unknown command": (
        ["report-redy"],
        "there is no command 'report-redy'; did you mean report-ready? "
        "azprov.pyz --help lists the commands; put options with a value after the command",
    ),
    "an unknown option": (
        ["report-ready", "--wire"],
        "unrecognized arguments: --wire; did you mean --wireserver? "
        "azprov.pyz report-ready --help lists its options",
    ),
    "a line end in an option": (
        ["report-ready", "--wi\nre"],
        "unrecognized arguments: --wi re; did you mean --wireserver? "
        "azprov.pyz report-ready --help lists its options",
    ),
    "a missing reason": (
        ["report-failure"],
        "the following arguments are required: --reason; "
        "azprov.pyz report-failure --help lists its options",
    ),
    "an empty reason": (
        ["report-failure", "--reason", " "],
        "argument --reason: the text is empty; azprov.pyz report-failure --help lists its options",
    ),
    "a name for an address": (
        ["goal-state", "--wireserver", "wireserver"],
        "--wireserver is not a numeric address: 'wireserver'; "
        "give it as auto, 168.63.129.16 or 127.0.0.1:8080",
    ),
    "an empty address": (
        ["goal-state", "--wireserver", ""],
        "--wireserver is not a numeric address: ''; "
        "give it as auto, 168.63.129.16 or 127.0.0.1:8080",
    ),
    "no address of the metadata service": (
        ["metadata", "--imds", "auto"],
        "--imds is not a numeric address: 'auto'; give it as 169.254.169.254 or 127.0.0.1:8080",
    ),
    "an image that is not there": (
        ["uninstall", "--root", "no/such"],
        "argument --root: there is no folder 'no/such'; "
        "azprov.pyz uninstall --help lists its options",
    ),
    "too long a wait for metadata": (
        ["metadata", "--imds-timeout", "301"],
        "argument --imds-timeout: more than 300 seconds: '301'; "
        "azprov.pyz metadata --help lists its options",
    ),
    "a word for a time": (
        ["goal-state", "--timeout", "soon"],
        "argument --timeout: not a number of seconds above 0: 'soon'; "
        "azprov.pyz goal-state --help lists its options",
    ),
    "a header in the agent name": (
        ["goal-state", "--agent-name", "a\r\nb: c"],
        "argument --agent-name: not 1 to 128 printable ASCII characters: 'a\\r\\nb: c'; "
        "azprov.pyz goal-state --help lists its options",
    ),
    "a file in the place of a root": (
        ["check", "--root", "/etc/passwd"],
        "argument --root: '/etc/passwd' is a file: mount the image in it and give the mount "
        "point; azprov.pyz check --help lists its options",
    ),
    "no user's name": (
        ["ssh-keys", "--user", "a b"],
        "argument --user: the user name 'a b' cannot be used, it is not made of letters, digits, "
        "'_', '.' and '-', 32 at most; azprov.pyz ssh-keys --help lists its options",
    ),
    "an empty name of a user": (
        ["deprovision", "--user", ""],
        "argument --user: the user name '' cannot be used, it is not made of letters, digits, "
        "'_', '.' and '-', 32 at most; azprov.pyz deprovision --help lists its options",
    ),
    "no host name": (
        ["set-hostname", "web_01"],
        "argument NAME: the host name 'web_01' cannot be used, it is not made of letters, digits "
        "and inner hyphens; azprov.pyz set-hostname --help lists its options",
    ),
    "an unknown scenario": (
        ["rehearse", "--scenario", "x"],
        "there is no scenario 'x'; azprov.pyz rehearse --list names them",
    ),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_wrong_usage_is_exit_2_and_one_line(shell: Shell, mistake: str) -> None:
    """The one line says what is wrong and where to read on; nothing is contacted."""
    argv, sentence = USAGE[mistake]

    assert shell(*argv) == (2, "", f"azprov: {sentence}\n")


@pytest.mark.parametrize(
    "seconds", ["0", "-1", "nan", "inf", "", "1s", "1_0", "1e3", "\N{FULLWIDTH DIGIT ONE}"]
)
def test_a_timeout_is_a_number_above_zero(shell: Shell, seconds: str) -> None:
    """No conversation without an end."""
    assert shell("goal-state", f"--timeout={seconds}")[0] == 2


@pytest.mark.parametrize("name", ["root", "_apt", "www-data", "systemd-network", "Ops.1"])
def test_a_system_user_has_a_user_name(name: str) -> None:
    """Whom a distribution makes, as well as whom a person does."""
    for command in ("ssh-keys", "deprovision"):
        assert command_parser(command).parse(["--user", name]).user == name


def test_the_address_may_come_from_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AZPROV_WIRESERVER counts where the flag is not given, and is checked alike."""
    with RawServer(replying(*HEALTHY)) as server:
        monkeypatch.setenv("AZPROV_WIRESERVER", str(server.endpoint))
        assert shell("goal-state")[0] == 0

    for address in ("nowhere", ""):
        monkeypatch.setenv("AZPROV_WIRESERVER", address)
        assert shell("goal-state")[2].startswith(
            f"azprov: AZPROV_WIRESERVER is not a numeric address: {address!r}"
        )


def test_version_and_help_touch_nothing(shell: Shell) -> None:
    """They answer, on stdout, with exit 0."""
    assert shell("--version") == (0, f"azprov {__version__}\n", "")
    # What an archive says of itself is in test_pyz.py; the sources are of no commit.
    assert json.loads(shell("--version", "--json")[1]) == {
        "command": None,
        "ok": True,
        "exit_code": 0,
        "version": __version__,
        "commit": None,
        "packages": [],
        "bytecode": [],
    }
    code, out, err = shell("--help")
    assert (code, err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in out
        code, help_text, err = shell(command, "--help")
        assert (code, err) == (0, "")
        assert help_text.startswith(f"usage: azprov.pyz {command}")
    told = json.loads(shell("unit", "--help", "--json")[1])
    assert told["help"].startswith("usage: azprov.pyz unit")


@pytest.mark.parametrize(
    ("number", "code", "sentence"),
    [
        (signal.SIGTERM, 143, "azprov: stopped by SIGTERM"),
        (signal.SIGHUP, 129, "azprov: stopped by SIGHUP"),
        (signal.SIGINT, 130, "azprov: interrupted"),
    ],
)
def test_a_signal_stops_a_wait(
    shell: Shell, number: signal.Signals, code: int, sentence: str
) -> None:
    """At any moment of a wait, with one line and the code of the contract."""
    stop = threading.Timer(0.3, os.kill, (os.getpid(), number))
    stop.start()

    got, out, err = shell("report-ready", "--wireserver", "127.0.0.1:9", "--json")

    assert got == code
    assert err.splitlines()[-1] == (f"{sentence}; nothing is half done, run it again to continue")
    assert json.loads(out)["exit_code"] == code


def test_the_journal_gets_levels(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are prefixed where JOURNAL_STREAM names stderr, and only there."""
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    replies = [http(b"", "503 Busy"), *HEALTHY]

    _, _, err = shell.against("report-ready", replies=replies)

    lines = err.splitlines()
    assert lines[0] == "<6>Retrieving goal state from the Wireserver"
    assert lines[1].startswith("<4>goal state request to 127.0.0.1:")
    assert lines[-1] == "<6>Response: 200 OK"
    assert shell("nonsense")[2].startswith("<3>azprov: ")
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    assert shell("nonsense")[2].startswith("azprov: ")


def test_a_bug_is_one_line_and_a_traceback_only_on_demand(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was not foreseen ends as exit 70."""
    broken = ModuleType("goal_state")
    monkeypatch.setitem(sys.modules, "azprov.cli.commands.goal_state", broken)

    code, out, err = shell("goal-state")

    assert (code, out) == (70, "")
    assert err.startswith("azprov: a bug in azprov: AttributeError: ")
    assert len(err.splitlines()) == 1
    verbose = shell("goal-state", "-v")[2]
    assert "Traceback" in verbose
    assert verbose.splitlines()[-1] + "\n" == err


def test_every_exit_code_of_the_contract_has_its_meaning() -> None:
    """The table has one home, and it is complete."""
    assert list(EXIT_CODES) == [0, 1, 2, 69, 70, 73, 76, 77, 78, 143]
