"""Other provisioning agents. Azure accepts only the first final report of a VM."""

from typing import Iterator, NamedTuple, Tuple

from ...formats.host.config_syntax import uncommented
from ..facts import packages
from ..facts.image import Image
from ..facts.packages import Package
from ..finding import ERROR, WARNING, Check, Finding, Rule
from ..fixes import has_package, remove


class _Agent(NamedTuple):
    """A program that reports Ready: its services, its programs and its package."""

    name: str
    services: Tuple[str, ...]
    programs: Tuple[str, ...]
    package: Package


_CLOUD_INIT = "cloud-init"
_CLOUD_INIT_OFF = "/etc/cloud/cloud-init.disabled"
_CLOUD_INIT_SETTINGS = "/etc/cloud/cloud.cfg"
_CLOUD_INIT_FOLDER = "/etc/cloud/cloud.cfg.d"

_AGENTS = (
    _Agent(
        _CLOUD_INIT,
        (
            "cloud-init",
            "cloud-init-local",
            "cloud-init-main",
            "cloud-init-network",
            "cloud-config",
            "cloud-final",
        ),
        ("/usr/bin/cloud-init",),
        packages.CLOUD_INIT,
    ),
    _Agent(
        "walinuxagent",
        ("walinuxagent", "waagent"),
        ("/usr/sbin/waagent", "/usr/bin/waagent"),
        packages.WALINUXAGENT,
    ),
    _Agent(
        "azure-init",
        ("azure-init", "azure-provisioning-agent"),
        ("/usr/bin/azure-init", "/usr/sbin/azure-init"),
        packages.AZURE_INIT,
    ),
    _Agent(
        "tiny-cloud",
        (
            "tiny-cloud",
            "tiny-cloud-boot",
            "tiny-cloud-early",
            "tiny-cloud-main",
            "tiny-cloud-final",
        ),
        ("/sbin/tiny-cloud", "/usr/sbin/tiny-cloud", "/usr/bin/tiny-cloud"),
        packages.TINY_CLOUD,
    ),
    # The other services of afterburn, such as coreos-metadata, report nothing.
    _Agent(
        "afterburn",
        ("afterburn-checkin", "afterburn-firstboot-checkin"),
        (),
        packages.AFTERBURN,
    ),
    _Agent("tiny-azagent", ("tiny-azagent",), ("/usr/bin/tiny-azagent",), packages.TINY_AZAGENT),
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
    "another provisioning agent is installed and would report to Azure once it is enabled",
    "remove its package",
)


def check_agents(image: Image) -> Iterator[Finding]:
    """Find other agents: two of them would both report and change the VM, cloud-init issue 3156."""
    for agent in _AGENTS:
        fix = _fix(image, agent)
        if image.services.starts(*agent.services) and _reports(image, agent):
            yield AGENT_ENABLED.found(
                f"{agent.name} also starts at boot and reports to Azure; Azure accepts only the "
                "first report, so the VM may count as Ready or failed before azprov is done",
                fix,
            )
        elif image.services.is_there(*agent.services) or image.is_there(*agent.programs):
            yield AGENT_INSTALLED.found(
                f"{agent.name} is installed; it does not report to Azure now, but would compete "
                "with azprov once it is enabled",
                fix,
            )


def _fix(image: Image, agent: _Agent) -> str:
    """Remove the package, or without one the files of the services, which someone copied."""
    copied = image.services.files(*agent.services)
    if not copied or has_package(image, agent.package):
        return remove(image, agent.package)
    return " ".join(["rm", *(image.typed(path, follow=False) for path in copied)])


def _reports(image: Image, agent: _Agent) -> bool:
    """Whether an agent that starts at boot reports to Azure."""
    if agent.name != _CLOUD_INIT:
        return True
    if image.is_there(_CLOUD_INIT_OFF):
        return False
    sources = [
        line
        for path in [_CLOUD_INIT_SETTINGS, *image.matching(_CLOUD_INIT_FOLDER, ".cfg")]
        for line in uncommented(image.text(path))
        if line.startswith("datasource_list:") and "[" in line and "]" in line
    ]
    return not sources or "Azure" in sources[-1]


CHECKS = (Check(check_agents, (AGENT_ENABLED, AGENT_INSTALLED)),)
