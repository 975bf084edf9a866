"""The documents of the simulated WireServer, in the form that agents get on Azure.

Sources: the fixtures of walinuxagent (tests/data/wire) and cloud-init, read 2026-11-28. Element
by element on lines of their own, because the bash script of Microsoft's page reads lines, and
with the line ends that this script removes.
"""

from typing import Dict
from urllib.parse import quote

from ..azure.endpoint import WIRESERVER_ADDRESS
from ..formats.platform.goal_state import GoalState
from ..formats.platform.xml import escape

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_GOAL_STATE = (
    _HEAD
    + """\
<GoalState xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="goalstate10.xsd">
  <Version>2012-11-30</Version>
  <Incarnation>{incarnation}</Incarnation>
  <Machine>
    <ExpectedState>Started</ExpectedState>
    <StopRolesDeadlineHint>300000</StopRolesDeadlineHint>
    <LBProbePorts>
      <Port>16001</Port>
    </LBProbePorts>
    <ExpectHealthReport>FALSE</ExpectHealthReport>
  </Machine>
  <Container>
    <ContainerId>{container}</ContainerId>
    <RoleInstanceList>
      <RoleInstance>
        <InstanceId>{instance}</InstanceId>
        <State>Started</State>
        <Configuration>
          <HostingEnvironmentConfig>{config}hostingEnvironmentConfig{of}</HostingEnvironmentConfig>
          <SharedConfig>{config}sharedConfig{of}</SharedConfig>
          <ExtensionsConfig>{config}extensionsConfig{of}</ExtensionsConfig>
          <FullConfig>{config}fullConfig{of}</FullConfig>
          <Certificates>{role}?comp=certificates{of}</Certificates>
          <ConfigName>{instance}.{incarnation}.xml</ConfigName>
        </Configuration>
      </RoleInstance>
    </RoleInstanceList>
  </Container>
</GoalState>
"""
)
_ROLE = """\
  <Deployment name="rehearsal" guid="{{00000000-0000-0000-0000-000000000001}}" incarnation="0">
    <Service name="rehearsal" guid="{{00000000-0000-0000-0000-000000000000}}" />
    <ServiceInstance name="rehearsal.0" guid="{{00000000-0000-0000-0000-000000000002}}" />
  </Deployment>
  <Incarnation number="{incarnation}" instance="{instance}" \
guid="{{00000000-0000-0000-0000-000000000003}}" />
  <Role guid="{{00000000-0000-0000-0000-000000000004}}" name="rehearsal" settleTimeSeconds="10" />
"""
_HOSTING_ENVIRONMENT = (
    _HEAD
    + '<HostingEnvironmentConfig version="1.0.0.0" goalStateIncarnation="{incarnation}">\n'
    + _ROLE
    + "</HostingEnvironmentConfig>\n"
)
_SHARED = (
    _HEAD
    + '<SharedConfig version="1.0.0.0" goalStateIncarnation="{incarnation}">\n'
    + _ROLE
    + """\
  <Instances>
    <Instance id="{instance}" address="10.0.0.4">
      <FaultDomains randomId="0" updateId="0" updateCount="0" />
    </Instance>
  </Instances>
</SharedConfig>
"""
)
_EXTENSIONS = (
    _HEAD
    + """\
<Extensions version="1.0.0.0" goalStateIncarnation="{incarnation}">
  <GuestAgentExtension xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
    <GAFamilies>
    </GAFamilies>
  </GuestAgentExtension>
  <Plugins>
  </Plugins>
  <PluginSettings>
  </PluginSettings>
</Extensions>
"""
)
# A deployment whose keys are in the metadata has no certificates.
_CERTIFICATES = (
    _HEAD
    + """\
<CertificateFile>
  <Version>2012-11-30</Version>
  <Incarnation>{incarnation}</Incarnation>
  <Format>Pkcs7BlobWithPfxContents</Format>
</CertificateFile>
"""
)
_CONFIGURATIONS = {
    "hostingEnvironmentConfig": _HOSTING_ENVIRONMENT,
    "sharedConfig": _SHARED,
    "extensionsConfig": _EXTENSIONS,
}

VERSIONS = (
    _HEAD
    + """\
<Versions>
  <Preferred>
    <Version>2015-04-05</Version>
  </Preferred>
  <Supported>
    <Version>2015-04-05</Version>
    <Version>2012-11-30</Version>
    <Version>2012-09-15</Version>
    <Version>2012-05-15</Version>
    <Version>2011-12-31</Version>
    <Version>2011-10-15</Version>
    <Version>2011-08-31</Version>
    <Version>2011-04-07</Version>
    <Version>2010-12-15</Version>
    <Version>2010-28-10</Version>
  </Supported>
</Versions>
"""
).encode("ascii")


def role_path(goal_state: GoalState) -> str:
    """The path of the documents that belong to a goal state."""
    return f"/machine/{_quoted(goal_state.container_id)}/{_quoted(goal_state.instance_id)}"


def goal_state_document(goal_state: GoalState) -> bytes:
    """The goal state of a VM with one started role."""
    role = f"http://{WIRESERVER_ADDRESS}:80{role_path(goal_state)}"
    return _filled_in(
        _GOAL_STATE,
        goal_state,
        container=goal_state.container_id,
        role=role,
        config=f"{role}?comp=config&type=",
        of=f"&incarnation={_quoted(goal_state.incarnation)}",
    )


def role_documents(goal_state: GoalState) -> Dict[str, bytes]:
    """The documents that a goal state names, by the query of their URLs."""
    of = f"&incarnation={_quoted(goal_state.incarnation)}"
    documents = {
        f"comp=config&type={name}{of}": _filled_in(text, goal_state)
        for name, text in _CONFIGURATIONS.items()
    }
    documents[f"comp=certificates{of}"] = _filled_in(_CERTIFICATES, goal_state)
    return documents


def _filled_in(template: str, goal_state: GoalState, **values: str) -> bytes:
    values.update(incarnation=goal_state.incarnation, instance=goal_state.instance_id)
    escaped = {name: escape(value).replace('"', "&quot;") for name, value in values.items()}
    # Line ends in values are escaped.
    return template.format_map(escaped).replace("\n", "\r\n").encode("utf-8")


def _quoted(text: str) -> str:
    return quote(text, safe="")
