"""The command line: answers, log, JSON and exit codes, over a real socket."""

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
from azprov.cli.shared_options import wireserver_settings
from azprov.errors import EXIT_CODES
from ports import RawServer, replying
from sample_files import sample

GOAL_STATE_XML = sample("goal_state/version-2012-11-30.xml")
READY_XML = sample("health_report/ready.xml")
CONTAINER = "6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901"
INSTANCE = "0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01"


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


Run = Tuple[int, str, str]


class Shell:
    """Runs commands, with a server of scripted replies as WireServer if wanted."""

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


def test_report_ready_logs_to_stderr(shell: Shell) -> None:
    """stdout stays empty, and the last line of the log is the platform's response."""
    code, out, err = shell.against("report-ready", replies=HEALTHY)

    assert (code, out) == (0, "")
    assert err.splitlines()[0] == "Retrieving goal state from the Wireserver"
    assert err.splitlines()[-1] == "Response: 200 OK"


def test_quiet_logs_nothing_on_success(shell: Shell) -> None:
    """With -q, a successful report writes nothing at all."""
    assert shell.against("report-ready", "-q", replies=HEALTHY) == (0, "", "")


def test_verbose_shows_requests_and_replies(shell: Shell) -> None:
    """With --verbose, the log has a line for each request and one for its reply."""
    _, _, err = shell.against("report-ready", "--verbose", replies=HEALTHY)

    lines = err.splitlines()
    assert any(line.startswith("> POST http://127.0.0.1:") for line in lines)
    assert "< 200 OK, 0 bytes" in lines


def test_report_ready_as_json(shell: Shell) -> None:
    """`report-ready --json` prints one object with the identifiers, the document and the status."""
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


def test_verbose_shows_the_source_of_the_address(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With -v, the log names the option or the variable that gave WireServer's address."""
    with RawServer(replying(http(GOAL_STATE_XML))) as server:
        _, _, err = shell("goal-state", "-v", "--wireserver", str(server.endpoint))
        assert f"WireServer is at {server.endpoint} by --wireserver" in err.splitlines()

        monkeypatch.setenv("AZPROV_WIRESERVER", str(server.endpoint))
        _, _, err = shell("report-ready", "-v", "--dry-run")
        assert f"WireServer is at {server.endpoint} by AZPROV_WIRESERVER" in err.splitlines()


@pytest.mark.parametrize("before", [True, False])
def test_common_options_may_precede_or_follow_the_command(shell: Shell, before: bool) -> None:
    """Options without a value have the same effect before and after the command."""
    argv = ["--json", "-q", "goal-state"] if before else ["goal-state", "-q", "--json"]

    code, out, err = shell.against(*argv, replies=HEALTHY)

    assert (code, err) == (0, "")
    assert json.loads(out)["command"] == "goal-state"


def test_dry_run_prints_the_document(shell: Shell) -> None:
    """The document is printed to stdout, and nothing is posted."""
    code, out, err = shell.against("report-ready", "--dry-run", replies=HEALTHY)

    assert (code, out) == (0, READY_XML.decode() + "\n")
    assert "Sending" not in err
    _, out, _ = shell.against("report-ready", "--dry-run", "--json", replies=HEALTHY)
    assert json.loads(out)["acknowledged"] is False
    assert json.loads(out)["status"] is None


@pytest.mark.parametrize(
    ("argv", "seconds"),
    [
        (["report-ready"], 900.0),
        (["report-ready", "--dry-run"], 10.0),
        (["report-ready", "--dry-run", "--timeout", "60"], 60.0),
        (["report-failure", "--reason", "broken"], 900.0),
        (["report-failure", "--reason", "broken", "--dry-run"], 10.0),
    ],
)
def test_a_dry_run_waits_no_longer_than_a_person_does(argv: List[str], seconds: float) -> None:
    """A report is tried for 15 minutes, but its dry run for 10 seconds."""
    options = command_parser(argv[0]).parse(argv[1:])

    assert wireserver_settings(options).timeout_s == seconds


def test_report_failure_posts_the_reason(shell: Shell) -> None:
    """The report has the state NotReady, and the reason in its description."""
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


def test_a_reason_is_utf_8_without_a_locale(shell: Shell) -> None:
    """A reason is read as UTF-8, also where Python 3.6 decodes the arguments as ASCII."""
    argv = ["report-failure", "--dry-run", "--reason", "caf\udcc3\udca9"]

    code, out, _ = shell.against(*argv, replies=HEALTHY)

    assert code == 0
    assert "|reason=café|" in out.replace("&amp;", "&")


def test_a_shortened_reason_is_logged(shell: Shell) -> None:
    """A warning says that the reason was shortened; a reason that fits gives no warning."""
    _, _, err = shell.against("report-failure", "--reason", "x" * 5000, replies=HEALTHY)
    assert "the reason was shortened or cleaned to fit into the report" in err

    _, _, err = shell.against("report-failure", "--reason", "x" * 800, replies=HEALTHY)
    assert "does not fit" not in err


def test_goal_state_shows_the_identifiers(shell: Shell) -> None:
    """goal-state prints incarnation, container id and instance id, as text or as JSON."""
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


def test_goal_state_raw_prints_any_reply(shell: Shell) -> None:
    """--raw prints the body of any reply with status 200, also if it is not a goal state."""
    page = b"<html>\xe9 \x00</html>\r\n"

    code, out, _ = shell.against("goal-state", "--raw", replies=[http(page)])

    assert code == 0
    assert out == "<html>\ufffd ?</html>\n"


FAILURES: Dict[str, Tuple[List[bytes], int, str]] = {
    "an error until the deadline": (
        [http(b"", "503 Busy")],
        69,
        r"azprov: gave up after (?:0\.\d|less than 0\.1) s: goal state request to 127\.0\.0\.1:\d+ "
        r"failed: 503 Busy; try again later: the platform may recover\Z",
    ),
    "a web page until the deadline": (
        [http(b"<html><br></html>")],
        76,
        r"azprov: gave up after (?:0\.\d|less than 0\.1) s: the reply is a web page \(HTML\), "
        r"not a goal state; run azprov\.pyz goal-state --raw to see the reply, and check for a "
        r"proxy or filter\Z",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.parametrize("verbose", [(), ("-v",)])
def test_a_failure_ends_in_one_sentence(shell: Shell, case: str, verbose: Tuple[str]) -> None:
    """The last line has cause and next step, the exit code fits, and JSON has the same words."""
    replies, exit_code, sentence = FAILURES[case]
    argv = ("report-ready", "--timeout", "0.5", "--json", *verbose)

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


def test_verbose_shows_the_body_of_an_error(shell: Shell) -> None:
    """With -v, the log has the body of a refusal, without its control characters."""
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
def test_verbose_hides_metadata_and_shows_other_bodies(
    shell: Shell, body: bytes, shown: str, status: str, exit_code: int
) -> None:
    """Bodies are logged with any status, unless they could be metadata, which may hold secrets."""
    with RawServer(replying(http(body, status))) as server:
        imds = f"--imds={server.endpoint}"
        code, _, err = shell("metadata", "-v", "--imds-timeout", "0.5", imds)

    assert code == exit_code
    assert f"< {shown}" in err.splitlines()
    assert "c2VjcmV0" not in err


@pytest.mark.parametrize("command", ["goal-state", "metadata"])
def test_a_command_that_shows_something_gives_up_after_10_seconds(command: str) -> None:
    """goal-state and metadata have the same option --timeout, with the same default."""
    parser = command_parser(command)

    limits = [vars(parser.parse(words)) for words in ([], ["--timeout", "3"])]

    name = "imds_timeout" if command == "metadata" else "timeout"
    assert [limit[name] for limit in limits] == [10.0, 3.0]


def test_an_unreachable_platform_is_exit_69(shell: Shell) -> None:
    """A port that refuses connections until the deadline gives exit code 69."""
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
        "azprov.pyz --help lists the commands",
    ),
    "an unknown option": (
        ["report-ready", "--wire"],
        "there is no option '--wire'; did you mean --wireserver? "
        "azprov.pyz report-ready --help lists its options",
    ),
    "a line end in an option": (
        ["report-ready", "--wi\nre"],
        "there is no option '--wi\\nre'; azprov.pyz report-ready --help lists its options",
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
    "a host name instead of an address": (
        ["goal-state", "--wireserver", "wireserver"],
        "--wireserver is not a numeric address: 'wireserver'; "
        "give it as auto, 168.63.129.16 or 127.0.0.1:8080",
    ),
    "an empty address": (
        ["goal-state", "--wireserver", ""],
        "--wireserver is not a numeric address: ''; "
        "give it as auto, 168.63.129.16 or 127.0.0.1:8080",
    ),
    "auto for the metadata service": (
        ["metadata", "--imds", "auto"],
        "--imds is not a numeric address: 'auto'; give it as 169.254.169.254 or 127.0.0.1:8080",
    ),
    "a root that does not exist": (
        ["uninstall", "--root", "no/such"],
        "argument --root: there is no folder 'no/such'; "
        "azprov.pyz uninstall --help lists its options",
    ),
    "a time limit for metadata that is too long": (
        ["metadata", "--imds-timeout", "301"],
        "argument --timeout/--imds-timeout: more than 300 seconds: '301'; "
        "azprov.pyz metadata --help lists its options",
    ),
    "a word instead of a number of seconds": (
        ["goal-state", "--timeout", "soon"],
        "argument --timeout: not a number of seconds above 0: 'soon'; "
        "azprov.pyz goal-state --help lists its options",
    ),
    "a line end in the agent name": (
        ["goal-state", "--agent-name", "a\r\nb: c"],
        "argument --agent-name: not 1 to 128 printable ASCII characters: 'a\\r\\nb: c'; "
        "azprov.pyz goal-state --help lists its options",
    ),
    "a file as the root": (
        ["check", "--root", "/etc/passwd"],
        "argument --root: '/etc/passwd' is not a folder: if it is a disk file, give it as "
        "--image, or mount it and give the mount point; azprov.pyz check --help lists its options",
    ),
    "an unusable user name": (
        ["ssh-keys", "--user", "a b"],
        "argument --user: the user name 'a b' cannot be used: it has other characters than the "
        "letters A to Z and a to z, digits, '_', '.' and '-'; azprov.pyz ssh-keys --help lists its "
        "options",
    ),
    "an empty user name": (
        ["deprovision", "--user", ""],
        "argument --user: the user name '' cannot be used: it is empty; "
        "azprov.pyz deprovision --help lists its options",
    ),
    "an unusable host name": (
        ["set-hostname", "web_01"],
        "argument NAME: the host name 'web_01' cannot be used: it is not made of letters, digits "
        "and inner hyphens; azprov.pyz set-hostname --help lists its options",
    ),
    "the value of an unknown option": (
        ["set-hostname", "--timeout", "5"],
        "there is no option '--timeout'; did you mean --imds-timeout? "
        "azprov.pyz set-hostname --help lists its options",
    ),
    "an unknown short option": (
        ["deprovision", "-y"],
        "there is no option '-y'; did you mean --yes? "
        "azprov.pyz deprovision --help lists its options",
    ),
    "a part of an option": (
        ["install", "--user", "ops"],
        "there is no option '--user'; did you mean --admin-user? "
        "azprov.pyz install --help lists its options",
    ),
    "the opposite of an option": (
        ["install", "--enable"],
        "there is no option '--enable'; that is the default, and --no-enable prevents it; "
        "azprov.pyz install --help lists its options",
    ),
    "an option without its value": (
        ["install", "--ssh-keys", "--admin-user"],
        "--ssh-keys needs a value, USER; azprov.pyz install --help lists its options",
    ),
    "a last option without its value": (
        ["check", "--root"],
        "--root needs a value, DIR; azprov.pyz check --help lists its options",
    ),
    "a value for an option without one": (
        ["check", "--json=1"],
        "--json takes no value; azprov.pyz check --help lists its options",
    ),
    "a root without its option": (
        ["check", "R"],
        "'R' is an unexpected argument; did you mean --root R? "
        "azprov.pyz check --help lists its options",
    ),
    "a path without its option": (
        ["provision", "/mnt"],
        "'/mnt' is an unexpected argument; did you mean --root /mnt? "
        "azprov.pyz provision --help lists its options",
    ),
    "a scenario without its option": (
        ["rehearse", "nope"],
        "'nope' is an unexpected argument; did you mean --scenario nope? "
        "azprov.pyz rehearse --help lists its options",
    ),
    "a user without the option": (
        ["ssh-keys", "root"],
        "'root' is an unexpected argument; did you mean --user root? "
        "azprov.pyz ssh-keys --help lists its options",
    ),
    "a user or a root without the option": (
        ["deprovision", "bob"],
        "'bob' is an unexpected argument; did you mean --user bob or --root bob? "
        "azprov.pyz deprovision --help lists its options",
    ),
    "a root without the option": (
        ["deprovision", "/"],
        "'/' is an unexpected argument; did you mean --root /? "
        "azprov.pyz deprovision --help lists its options",
    ),
    "an option without its dashes": (
        ["goal-state", "raw"],
        "'raw' is an unexpected argument; did you mean --raw? "
        "azprov.pyz goal-state --help lists its options",
    ),
    "a word that fits no option": (
        ["admin-user", "bob\x1b[1m"],
        "'bob\\x1b[1m' is an unexpected argument; leave out the name of the user, since the "
        "deployment has it; azprov.pyz admin-user --help lists its options",
    ),
    "the name of the admin user": (
        ["provision", "--admin-user", "bob"],
        "'bob' is an unexpected argument, since --admin-user takes no value; leave out the name of "
        "the user, since the deployment has it; azprov.pyz provision --help lists its options",
    ),
    "the name of the admin user after an equals sign": (
        ["install", "--admin-user=bob"],
        "--admin-user takes no value; leave out the name of the user, since the deployment has it; "
        "azprov.pyz install --help lists its options",
    ),
    "an option for the name of the admin user": (
        ["admin-user", "--user", "bob"],
        "there is no option '--user'; leave out the name of the user, since the deployment has it; "
        "azprov.pyz admin-user --help lists its options",
    ),
    "an option for the host name": (
        ["set-hostname", "--name", "web1"],
        "there is no option '--name'; the name needs no option: azprov.pyz set-hostname NAME; "
        "azprov.pyz set-hostname --help lists its options",
    ),
    "an option for the host name of a first boot": (
        ["provision", "--hostname", "web1"],
        "there is no option '--hostname'; the deployment has the host name, and --no-hostname "
        "keeps that of the image; azprov.pyz provision --help lists its options",
    ),
    "a value of an option without one": (
        ["report-ready", "--dry-run", "yes"],
        "'yes' is an unexpected argument, since --dry-run takes no value; azprov.pyz report-ready "
        "--help lists its options",
    ),
    "a word after the option that it fits": (
        ["uninstall", "--root", "/", "image"],
        "'image' is an unexpected argument; azprov.pyz uninstall --help lists its options",
    ),
    "two host names": (
        ["set-hostname", "web1", "web2"],
        "'web2' is an unexpected argument; azprov.pyz set-hostname --help lists its options",
    ),
    "help as a command": (
        ["help", "check"],
        "there is no command 'help'; did you mean azprov.pyz check --help? "
        "azprov.pyz --help lists the commands",
    ),
    "options before the command": (
        ["--root", "img", "check"],
        "there is no command 'img'; did you mean azprov.pyz check --root img? "
        "azprov.pyz --help lists the commands",
    ),
    "a part of a command": (
        ["ready"],
        "there is no command 'ready'; did you mean report-ready? "
        "azprov.pyz --help lists the commands",
    ),
    "an unknown rule among others": (
        ["check", "--ignore", "leases,lgs"],
        "there is no rule 'lgs'; did you mean logs? azprov.pyz check --list-rules lists them",
    ),
    "an unknown scenario": (
        ["rehearse", "--scenario", "x"],
        "there is no scenario 'x'; azprov.pyz rehearse --list lists them",
    ),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_wrong_usage_is_exit_2_and_one_line(shell: Shell, mistake: str) -> None:
    """The one line names the mistake and the help that lists the right words."""
    argv, sentence = USAGE[mistake]

    assert shell(*argv) == (2, "", f"azprov: {sentence}\n")


@pytest.mark.parametrize(
    "seconds", ["0", "-1", "nan", "inf", "", "1s", "1_0", "1e3", "\N{FULLWIDTH DIGIT ONE}"]
)
def test_a_timeout_must_be_a_number_above_zero(shell: Shell, seconds: str) -> None:
    """Zero, negative and infinite numbers, and other spellings of numbers, are wrong usage."""
    assert shell("goal-state", f"--timeout={seconds}")[0] == 2


@pytest.mark.parametrize("name", ["root", "_apt", "www-data", "systemd-network", "Ops.1"])
def test_names_of_system_users_are_accepted(name: str) -> None:
    """User names that distributions use for their services are valid option values."""
    for command in ("ssh-keys", "deprovision"):
        assert command_parser(command).parse(["--user", name]).user == name


def test_the_address_may_come_from_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AZPROV_WIRESERVER is used if --wireserver is not given, and is validated in the same way."""
    with RawServer(replying(*HEALTHY)) as server:
        monkeypatch.setenv("AZPROV_WIRESERVER", str(server.endpoint))
        assert shell("goal-state")[0] == 0

    monkeypatch.setenv("AZPROV_WIRESERVER", "nowhere")
    assert shell("goal-state")[2].startswith(
        "azprov: AZPROV_WIRESERVER is not a numeric address: 'nowhere'"
    )


def test_version_and_help_are_answers(shell: Shell) -> None:
    """--version and --help print to stdout, log nothing and exit with 0."""
    assert shell("--version") == (0, f"azprov {__version__}\n", "")
    # The sources have no commit and no packages; test_pyz.py tests the archive's.
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
    answer = json.loads(shell("unit", "--help", "--json")[1])
    assert answer["help"].startswith("usage: azprov.pyz unit")


@pytest.mark.parametrize(
    ("number", "code", "sentence"),
    [
        (signal.SIGTERM, 143, "azprov: stopped by SIGTERM"),
        (signal.SIGHUP, 129, "azprov: stopped by SIGHUP"),
        (signal.SIGINT, 130, "azprov: interrupted"),
    ],
)
# The signal may come while a socket is made; the process, which ends, then closes it.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_signal_stops_a_wait(
    shell: Shell, number: signal.Signals, code: int, sentence: str
) -> None:
    """A signal ends a wait with 128 plus its number; the last line says what it waited for."""
    stop = threading.Timer(0.3, os.kill, (os.getpid(), number))
    stop.start()

    got, out, err = shell("report-ready", "--wireserver", "127.0.0.1:9", "--json")

    assert got == code
    assert re.sub(r"0\.\d s", "T", err.splitlines()[-1]) == (
        f"{sentence} after T: 127.0.0.1:9 cannot be reached (Connection refused); check that "
        "127.0.0.1 is the platform's address, and that no firewall rejects TCP port 9"
    )
    assert json.loads(out)["exit_code"] == code


def test_a_blocked_signal_stops_a_wait(shell: Shell) -> None:
    """A signal that the caller of azprov blocks ends a wait too, even if it was sent before."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    # To this thread, because another one of the test session does not block the signal.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    got, _, err = shell("report-ready", "--wireserver", "127.0.0.1:9", "--timeout", "5")

    assert got == 143
    assert err.splitlines() == [
        "azprov: stopped by SIGTERM; run it again to continue; nothing is half done"
    ]


def test_the_journal_gets_levels(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines have level prefixes if JOURNAL_STREAM names stderr, and otherwise none."""
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


def test_a_bug_is_one_line_and_has_a_traceback_with_v(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unforeseen exception gives exit code 70; only -v shows its traceback."""
    broken = ModuleType("goal_state")
    monkeypatch.setitem(sys.modules, "azprov.cli.commands.goal_state", broken)

    code, out, err = shell("goal-state")

    assert (code, out) == (70, "")
    assert err.startswith("azprov: a bug in azprov: AttributeError: ")
    assert len(err.splitlines()) == 1
    verbose = shell("goal-state", "-v")[2]
    assert "Traceback" in verbose
    assert verbose.splitlines()[-1] + "\n" == err


def test_the_exit_codes_are_those_of_the_contract() -> None:
    """errors.EXIT_CODES has these exit codes and no others."""
    assert list(EXIT_CODES) == [0, 1, 2, 69, 70, 73, 76, 77, 78, 143]
