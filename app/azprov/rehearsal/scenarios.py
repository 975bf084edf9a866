"""All scenarios: those for any agent, and those for azprov's own first boot.

To add one, add an entry here or in agent_scenarios.py, with a new Reply for a new bad reply,
and a new field of Boot for a new event.
"""

from typing import Optional

from .agent_scenarios import FOR_ANY_AGENT, UNAVAILABLE
from .agent_scenarios import RUNNING as _RUNNING
from .scenario import IMAGE_NAME, Boot, Scenario

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS rehearsal"
# A key with line ends, from a file on Windows.
BROKEN_KEY = KEY[:40] + "\r\n" + KEY[40:] + "\r\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIC+TCCAeGgAwIBAgIUe\n-----END CERTIFICATE-----\n"
CUT_KEY = KEY[:60]

SCENARIOS = (
    *FOR_ANY_AGENT,
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


def find_scenario(name: str) -> Optional[Scenario]:
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)
