"""What can be rehearsed: how the platform behaves, and how it must end.

A scenario is data. A new one is a new entry of SCENARIOS; a new way to
misbehave is a new Reply, a new turn of events a new field of Boot.
"""

from typing import NamedTuple, Optional, Tuple


class Reply(NamedTuple):
    """One scripted reply of the platform, in place of the right one."""

    status: int
    body: bytes = b""
    headers: Tuple[Tuple[str, str], ...] = ()
    #: The platform moves the VM to its next incarnation with this reply.
    moves_on: bool = False


class Boot(NamedTuple):
    """One boot of the VM, and the exit code it must have."""

    exit_code: int = 0
    #: The platform is not asked for anything.
    is_silent: bool = False
    #: Another VM, made from the image of this one.
    is_captured: bool = False
    #: The power goes when the platform has acknowledged Ready, before the VM hears of it.
    is_cut: bool = False


class Scenario(NamedTuple):
    name: str
    story: str
    #: What it means for a VM when it ends as it should.
    meaning: str
    boots: Tuple[Boot, ...] = (Boot(),)
    #: Replies to the first requests for the goal state; after them the right one.
    goal_states: Tuple[Reply, ...] = ()
    #: Replies to the first health reports; after them they are judged.
    reports: Tuple[Reply, ...] = ()
    #: What the first boot is asked for besides, as options of `provision`.
    options: Tuple[str, ...] = ()
    #: The host name, the admin user and the public keys that the metadata service names.
    computer_name: str = "rehearsal-vm"
    admin_username: str = "azureuser"
    public_keys: Tuple[str, ...] = ()
    #: WireServer's and the metadata service's ports are closed for so many seconds.
    closed_s: float = 0.0
    imds_closed_s: float = 0.0
    timeout_s: float = 60.0
    imds_timeout_s: float = 20.0
    #: What must be so in the end.
    ready_reports: int = 1
    failure_reports: int = 0
    #: How many keys may log in as the admin user.
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
GONE = Reply(
    410,
    b'<?xml version="1.0" encoding="utf-8"?><Error><Code>ResourceNotAvailable</Code></Error>',
    moves_on=True,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS rehearsal"
# As a portal hands it on that took it from a file of Windows.
BROKEN_KEY = KEY[:40] + "\r\n" + KEY[40:] + "\r\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIC+TCCAeGgAwIBAgIUe\n-----END CERTIFICATE-----\n"
CUT_KEY = KEY[:60]

#: The host name in the image.
IMAGE_NAME = "image"

_RUNNING = "Azure shows the VM as running."

SCENARIOS = (
    Scenario(
        name="healthy",
        story="the platform answers from the start",
        meaning=_RUNNING + " The next boot does nothing.",
    ),
    Scenario(
        name="network-late",
        story="nothing answers for the first 3 seconds",
        meaning=_RUNNING + " Ready went out as soon as it could be heard.",
        closed_s=3.0,
        imds_closed_s=3.0,
    ),
    Scenario(
        name="busy",
        story="WireServer answers 503, then 429 with Retry-After, then 503 to the report",
        meaning=_RUNNING + " It was asked again at a pace that it can bear.",
        goal_states=(UNAVAILABLE, TOO_MANY),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="wrong-answers",
        story="a web page, half a document and a goal state without ids come first",
        meaning=_RUNNING + " No report was made up from an answer that was none.",
        goal_states=(HTML, TRUNCATED, WITHOUT_IDS),
    ),
    Scenario(
        name="ids-change",
        story="the first report is answered 410, and the goal state moves on",
        meaning=_RUNNING + " The report names the incarnation that the platform asked for last.",
        reports=(GONE,),
    ),
    Scenario(
        name="refused",
        story="no report is ever acknowledged, and the deadline is short",
        meaning=(
            "Nothing is marked as done and the exit code says so: the service stays enabled, "
            "and tries again after Azure's restart."
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
            "Azure shows the VM as running, after a wait of 10 s that is 2 s here. It keeps the "
            "image's host name until a later boot can ask for its own; the service has failed, "
            "and stays enabled for that."
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
        meaning=_RUNNING + " It has its own host name.",
        imds_closed_s=2.0,
    ),
    Scenario(
        name="bad-host-name",
        story="the metadata service names a host name that is none",
        meaning=_RUNNING + " It keeps the image's host name; the exit code and each boot say why.",
        boots=(Boot(exit_code=78), Boot(exit_code=78)),
        computer_name="my_vm; reboot",
        hostname=IMAGE_NAME,
        is_disabled=False,
    ),
    Scenario(
        name="second-boot",
        story="the VM boots a second time, and the service runs again",
        meaning=_RUNNING + " The second boot asked the platform nothing.",
        boots=(Boot(), Boot(is_silent=True)),
    ),
    Scenario(
        name="captured-image",
        story="a second VM is made from the image of the first one, service enabled again",
        meaning="Azure shows both VMs as running. Each has reported once.",
        boots=(Boot(), Boot(is_captured=True)),
        ready_reports=2,
    ),
    Scenario(
        name="power-cut",
        story="the power goes between the platform's acknowledgement and the VM's note of it",
        meaning=_RUNNING + " The second boot reported once more: better twice than never.",
        boots=(Boot(exit_code=-9, is_cut=True), Boot()),
        ready_reports=2,
    ),
    Scenario(
        name="user-and-keys",
        story="the first boot creates the admin user, with the public key that was deployed",
        meaning=_RUNNING + " Whoever has the private key logs in as azureuser, and may use sudo.",
        options=("--admin-user",),
        public_keys=(KEY,),
        keys=1,
    ),
    Scenario(
        name="user-network-late",
        story="nothing answers, for longer than the metadata service may take to name the user",
        meaning=_RUNNING + " Its time began with the network, and nobody was told of a failure.",
        options=("--admin-user",),
        public_keys=(KEY,),
        closed_s=4.0,
        imds_closed_s=4.0,
        imds_timeout_s=2.0,
        keys=1,
    ),
    Scenario(
        name="bad-keys",
        story="a certificate, half a key and a key with line ends inside are among the keys",
        meaning=_RUNNING + " The key that could be mended logs in; the others are told of above.",
        options=("--admin-user",),
        public_keys=(CERTIFICATE, CUT_KEY, BROKEN_KEY),
        keys=1,
    ),
    Scenario(
        name="failed-provisioning",
        story="no public key can be used, so nobody could log in as the admin user",
        meaning=(
            "The deployment fails at once, and says why, in place of after 40 minutes. The second "
            "boot reports nothing: what Azure was told is final."
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
        story="Ready is reported in the newer form, JSON, and the first answer to it is 503",
        meaning=_RUNNING + " No page documents that form yet: it is off unless it is asked for.",
        options=("--protocol", "json"),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="json-failure",
        story="no public key can be used, and that is reported in the newer form",
        meaning="The deployment fails at once, and says why.",
        boots=(Boot(exit_code=78),),
        options=("--protocol", "json", "--admin-user"),
        public_keys=(CERTIFICATE,),
        ready_reports=0,
        failure_reports=1,
        is_disabled=False,
    ),
)


def find_scenario(name: str) -> Optional[Scenario]:
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)
