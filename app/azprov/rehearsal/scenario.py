"""A scenario: how the platform behaves, and how the rehearsal must end. It is data."""

from typing import NamedTuple, Tuple

#: The host name in the image.
IMAGE_NAME = "image"


class Reply(NamedTuple):
    """A scripted reply of the platform, in place of the correct one."""

    #: With 0 the connection is closed without a reply.
    status: int
    body: bytes = b""
    headers: Tuple[Tuple[str, str], ...] = ()
    #: With this reply the goal state gets its next incarnation.
    raises_incarnation: bool = False
    #: How many seconds the platform is silent before it replies.
    silent_s: float = 0.0


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
    #: The result on Azure, if a first boot of azprov ends as expected.
    meaning: str
    #: What is expected of any agent, and the source of that; empty if the scenario is azprov's.
    expected: str = ""
    boots: Tuple[Boot, ...] = (Boot(),)
    #: Replies to the first goal state requests; later ones get the correct reply.
    goal_states: Tuple[Reply, ...] = ()
    #: Replies to the first health reports; later ones are checked.
    reports: Tuple[Reply, ...] = ()
    #: Replies to the first requests for metadata.
    instances: Tuple[Reply, ...] = ()
    #: The first incarnation of the goal state.
    incarnation: int = 1
    #: Variables of the environment.
    variables: Tuple[Tuple[str, str], ...] = ()
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
