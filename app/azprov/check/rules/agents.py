"""Other provisioning agents: the platform takes the first final report, and wants one."""

from typing import Iterator, NamedTuple, Tuple

from ...formats.host.config_syntax import uncommented
from ..facts.image import Image
from ..finding import ERROR, WARNING, Check, Finding, Rule


class _Agent(NamedTuple):
    """A program that reports Ready: its services, its files, and its package's names."""

    name: str
    services: Tuple[str, ...]
    files: Tuple[str, ...]
    package: str
    dnf: str = ""


_CLOUD_INIT = "cloud-init"
_WALINUXAGENT = "walinuxagent"
_CLOUD_INIT_OFF = "/etc/cloud/cloud-init.disabled"
_CLOUD_INIT_FOLDER = "/etc/cloud/cloud.cfg.d"

_AGENTS = (
    _Agent(
        _CLOUD_INIT,
        (
            *("cloud-init", "cloud-init-local", "cloud-init-main", "cloud-init-network"),
            *("cloud-config", "cloud-final"),
        ),
        ("/usr/bin/cloud-init",),
        "cloud-init",
    ),
    _Agent(
        _WALINUXAGENT,
        ("walinuxagent", "waagent"),
        ("/usr/sbin/waagent", "/usr/bin/waagent"),
        "walinuxagent",
        "WALinuxAgent",
    ),
    _Agent(
        "azure-init",
        ("azure-init", "azure-provisioning-agent"),
        ("/usr/bin/azure-init", "/usr/sbin/azure-init"),
        "azure-init",
    ),
    _Agent(
        "tiny-cloud",
        (
            *("tiny-cloud", "tiny-cloud-boot", "tiny-cloud-early", "tiny-cloud-main"),
            *("tiny-cloud-final",),
        ),
        ("/sbin/tiny-cloud", "/usr/sbin/tiny-cloud", "/usr/bin/tiny-cloud"),
        "tiny-cloud tiny-cloud-azure",
    ),
    # Its other services, coreos-metadata among them, only read.
    _Agent("afterburn", ("afterburn-checkin", "afterburn-firstboot-checkin"), (), "afterburn"),
    _Agent("tiny-azagent", ("tiny-azagent",), ("/usr/bin/tiny-azagent",), "tiny-azagent"),
)


AGENT_ENABLED = Rule(
    "agent-enabled",
    ERROR,
    "another provisioning agent starts at boot and reports to Azure too",
    "remove its package",
)
AGENT_INSTALLED = Rule(
    "agent-installed",
    WARNING,
    "another provisioning agent is installed, and would report to Azure once it is enabled",
    "remove its package",
)


def check_agents(image: Image) -> Iterator[Finding]:
    """Two agents report twice, and their first boots meet: cloud-init issue 3156."""
    for agent in _AGENTS:
        is_debians = agent.name == _WALINUXAGENT and image.os_release.get("ID") == "debian"
        fix = image.remove(
            "waagent" if is_debians else agent.package,
            dnf=agent.dnf or agent.package,
            tdnf=agent.dnf or agent.package,
            zypper="python-azure-agent" if agent.name == _WALINUXAGENT else agent.package,
        )
        if image.services.starts(*agent.services) and _reports(image, agent):
            yield AGENT_ENABLED.found(
                f"{agent.name} starts at boot too, so the platform hears two agents, and the "
                "first final report of the two counts, whatever the other still has to do",
                fix,
            )
        elif image.services.is_there(*agent.services) or image.is_there(*agent.files):
            yield AGENT_INSTALLED.found(
                f"{agent.name} is installed; it does not report from this image now, and would "
                "beside azprov as soon as something enables it",
                fix,
            )


def _reports(image: Image, agent: _Agent) -> bool:
    """Whether an agent that starts would also speak to Azure."""
    if agent.name != _CLOUD_INIT:
        return True
    if image.is_there(_CLOUD_INIT_OFF):
        return False
    sources = [
        line
        for path in ["/etc/cloud/cloud.cfg", *image.matching(_CLOUD_INIT_FOLDER, ".cfg")]
        for line in uncommented(image.text(path))
        if line.startswith("datasource_list:") and "[" in line and "]" in line
    ]
    return not sources or "Azure" in sources[-1]


CHECKS = (Check(check_agents, (AGENT_ENABLED, AGENT_INSTALLED)),)
