"""The scenarios: how the platform behaves, and how the rehearsal must end.

A scenario is data. To add one, add an entry to SCENARIOS, with a new Reply for a new
bad reply, and a new field of Boot for a new event.
"""

from typing import NamedTuple, Optional, Tuple


class Reply(NamedTuple):
    """A scripted reply of the platform, in place of the correct one."""

    status: int
    body: bytes = b""
    headers: Tuple[Tuple[str, str], ...] = ()
    #: With this reply the goal state gets its next incarnation.
    raises_incarnation: bool = False


class Boot(NamedTuple):
    """A boot of the VM, and its expected exit code."""

    exit_code: int = 0
    #: This boot must send no request.
    is_silent: bool = False
    #: This boot is of a second VM, created from an image of the first one.
    is_captured: bool = False
    #: The power fails after the platform has acknowledged Ready, before the VM gets the reply.
    loses_power: bool = False


class Scenario(NamedTuple):
    name: str
    story: str
    #: The result on Azure, if the scenario ends as expected.
    meaning: str
    boots: Tuple[Boot, ...] = (Boot(),)
    #: Replies to the first goal state requests; later ones get the correct reply.
    goal_states: Tuple[Reply, ...] = ()
    #: Replies to the first health reports; later ones are checked.
    reports: Tuple[Reply, ...] = ()
    #: Additional options of `provision`.
    options: Tuple[str, ...] = ()
    #: The host name, admin user and public keys in the instance metadata.
    computer_name: str = "rehearsal-vm"
    admin_username: str = "azureuser"
    public_keys: Tuple[str, ...] = ()
    #: How many seconds the ports of WireServer and of the metadata service stay closed.
    closed_s: float = 0.0
    imds_closed_s: float = 0.0
    timeout_s: float = 60.0
    imds_timeout_s: float = 20.0
    #: The expected end: numbers of acknowledged reports, keys, host name, service.
    ready_reports: int = 1
    failure_reports: int = 0
    #: The number of authorized keys of the admin user.
    keys: int = 0
    hostname: str = "rehearsal-vm"
    is_disabled: bool = True


FOR_EVER = 1000
FOR_EVER_S = 1e6

UNAVAILABLE = Reply(503, b"<html><body>Service Unavailable</body></html>")
TOO_MANY = Reply(429, headers=(("Retry-After", "1"),))
HTML = Reply(200, b"<html><body><p>Welcome to the guest network<br></body></html>")
TRUNCATED = Reply(
    200,
    b'<?xml version="1.0" encoding="utf-8"?><GoalState><Incarnation>1</Incarnation>'
    b"<Container><ContainerId>2c6e5e",
)
WITHOUT_IDS = Reply(
    200,
    b'<?xml version="1.0" encoding="utf-8"?><GoalState><Incarnation>1</Incarnation>'
    b"<Container><ContainerId></ContainerId></Container></GoalState>",
)
#: The reply to a report or a request for an old goal state (WALinuxAgent #2960).
OLD_GOAL_STATE = Reply(
    410, b'<?xml version="1.0" encoding="utf-8"?><Error><Code>ResourceNotAvailable</Code></Error>'
)
GONE = OLD_GOAL_STATE._replace(raises_incarnation=True)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS rehearsal"
# A key with line ends, from a file on Windows.
BROKEN_KEY = KEY[:40] + "\r\n" + KEY[40:] + "\r\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIC+TCCAeGgAwIBAgIUe\n-----END CERTIFICATE-----\n"
CUT_KEY = KEY[:60]

#: The host name in the image.
IMAGE_NAME = "image"

_RUNNING = "the VM is shown as running."

SCENARIOS = (
    Scenario(
        name="healthy",
        story="the platform answers from the start",
        meaning=_RUNNING + " The next boot does nothing.",
    ),
    Scenario(
        name="network-late",
        story="nothing answers for the first 3 seconds",
        meaning=_RUNNING + " Ready was sent as soon as WireServer could be reached.",
        closed_s=3.0,
        imds_closed_s=3.0,
    ),
    Scenario(
        name="busy",
        story="WireServer answers 503, then 429 with Retry-After, then 503 to the report",
        meaning=_RUNNING + " WireServer was asked again after growing pauses.",
        goal_states=(UNAVAILABLE, TOO_MANY),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="wrong-answers",
        story="the first replies are a web page, half a document and a goal state without ids",
        meaning=_RUNNING + " No report was made from a bad reply.",
        goal_states=(HTML, TRUNCATED, WITHOUT_IDS),
    ),
    Scenario(
        name="ids-change",
        story="the first report is answered 410, and the goal state has a new incarnation",
        meaning=_RUNNING + " The second report has the new incarnation.",
        reports=(GONE,),
    ),
    Scenario(
        name="refused",
        story="no report is ever acknowledged, and the deadline is short",
        meaning=(
            "the VM is not ready. Azure restarts it, and the service, which stays enabled, "
            "tries again."
        ),
        boots=(Boot(exit_code=69),),
        reports=(UNAVAILABLE,) * FOR_EVER,
        timeout_s=5.0,
        ready_reports=0,
        is_disabled=False,
    ),
    Scenario(
        name="imds-down",
        story="the metadata service never answers",
        meaning=(
            "the VM is shown as running at once. azprov asks for the host name for 300 s more (2 s "
            "here), and then keeps the image's. The service fails and stays enabled, so the next "
            "boot asks again."
        ),
        boots=(Boot(exit_code=69),),
        imds_closed_s=FOR_EVER_S,
        imds_timeout_s=2.0,
        hostname=IMAGE_NAME,
        is_disabled=False,
    ),
    Scenario(
        name="imds-late",
        story="the metadata service does not answer for the first 2 seconds",
        meaning=_RUNNING + " It has its host name from Azure.",
        imds_closed_s=2.0,
    ),
    Scenario(
        name="bad-host-name",
        story="the host name in the instance metadata is invalid",
        meaning=_RUNNING + " It keeps the image's host name. Every boot reports why.",
        boots=(Boot(exit_code=78), Boot(exit_code=78)),
        computer_name="my_vm; reboot",
        hostname=IMAGE_NAME,
        is_disabled=False,
    ),
    Scenario(
        name="second-boot",
        story="the VM boots a second time, and the service runs again",
        meaning=_RUNNING + " The second boot sent no request.",
        boots=(Boot(), Boot(is_silent=True)),
    ),
    Scenario(
        name="captured-image",
        story="a second VM is created from an image of the first one, with the service enabled",
        meaning="both VMs are shown as running. Each has reported Ready once.",
        boots=(Boot(), Boot(is_captured=True)),
        ready_reports=2,
    ),
    Scenario(
        name="power-cut",
        story="the power fails after the platform acknowledged Ready, before the VM recorded it",
        meaning=_RUNNING
        + " The second boot reported again, because two reports are better than none.",
        boots=(Boot(exit_code=-9, loses_power=True), Boot()),
        ready_reports=2,
    ),
    Scenario(
        name="user-and-keys",
        story="the first boot creates the admin user, with the public key of the deployment",
        meaning=_RUNNING
        + " The owner of the private key can log in as azureuser, and may use sudo.",
        options=("--admin-user",),
        public_keys=(KEY,),
        keys=1,
    ),
    Scenario(
        name="user-network-late",
        story="nothing answers for longer than the time limit of the metadata service",
        meaning=_RUNNING + " The time limit began with the network, so no failure was reported.",
        options=("--admin-user",),
        public_keys=(KEY,),
        closed_s=4.0,
        imds_closed_s=4.0,
        imds_timeout_s=2.0,
        keys=1,
    ),
    Scenario(
        name="bad-keys",
        story="the keys are a certificate, half a key, and a key with line ends inside",
        meaning=_RUNNING + " The third key was fixed and can log in. The log names the other two.",
        options=("--admin-user",),
        public_keys=(CERTIFICATE, CUT_KEY, BROKEN_KEY),
        keys=1,
    ),
    Scenario(
        name="failed-provisioning",
        story="no public key is usable, so no one could log in as the admin user",
        meaning=(
            "the deployment fails at once with the reason, not after 40 minutes. The second boot "
            "reports nothing, because a failure report is final."
        ),
        boots=(Boot(exit_code=78), Boot(exit_code=78)),
        options=("--admin-user",),
        public_keys=(CERTIFICATE,),
        ready_reports=0,
        failure_reports=1,
        is_disabled=False,
    ),
    Scenario(
        name="json",
        story="Ready is reported in JSON, the newer form, and the first reply is 503",
        meaning=_RUNNING + " Microsoft does not document that form yet, so it is off by default.",
        options=("--protocol", "json"),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="json-failure",
        story="no public key is usable, and the failure is reported in JSON",
        meaning="the deployment fails at once with the reason.",
        boots=(Boot(exit_code=78),),
        options=("--protocol", "json", "--admin-user"),
        public_keys=(CERTIFICATE,),
        ready_reports=0,
        failure_reports=1,
        is_disabled=False,
    ),
)


#: The scenarios in which any agent has something to do: what they expect of Ready holds for all.
FOR_ANY_AGENT = (
    "healthy",
    "network-late",
    "busy",
    "wrong-answers",
    "ids-change",
    "refused",
    "imds-down",
)


def find_scenario(name: str) -> Optional[Scenario]:
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)
