"""Reports Ready like the sample Python script: one GET, one POST, no second attempt.

    python sample_script.py HOST[:PORT]

The original is on Microsoft's page "Creating generalized images without a provisioning
agent". This is an equivalent: it has the same modules, requests, headers and output.
"""

import http.client
import sys
from xml.etree import ElementTree


def main() -> None:
    wireserver = http.client.HTTPConnection(sys.argv[1])
    print("Retrieving goal state from the Wireserver")
    wireserver.request("GET", "/machine?comp=goalstate", headers={"x-ms-version": "2012-11-30"})
    reply = wireserver.getresponse()
    if reply.status != 200:
        sys.exit("Unable to connect with wireserver")
    goal_state = ElementTree.fromstring(reply.read().decode("utf-8"))  # noqa: S314 - like the original
    container_id = goal_state.findtext("Container/ContainerId")
    instance_id = goal_state.findtext("Container/RoleInstanceList/RoleInstance/InstanceId")
    incarnation = goal_state.findtext("Incarnation")
    print(f"ContainerId: {container_id}")
    print(f"InstanceId: {instance_id}")
    print(f"Incarnation: {incarnation}")
    report = ElementTree.Element("Health")
    ElementTree.SubElement(report, "GoalStateIncarnation").text = incarnation
    container = ElementTree.SubElement(report, "Container")
    ElementTree.SubElement(container, "ContainerId").text = container_id
    role = ElementTree.SubElement(ElementTree.SubElement(container, "RoleInstanceList"), "Role")
    ElementTree.SubElement(role, "InstanceId").text = instance_id
    health = ElementTree.SubElement(role, "Health")
    ElementTree.SubElement(health, "State").text = "Ready"
    document = ElementTree.tostring(report, encoding="unicode", method="xml")
    print("Sending the following data to Wireserver:")
    print(document)
    headers = {
        "x-ms-version": "2012-11-30",
        "Content-Type": "text/xml;charset=utf-8",
        "x-ms-agent-name": "custom-provisioning",
    }
    wireserver.request("POST", "/machine?comp=health", headers=headers, body=document)
    reply = wireserver.getresponse()
    print(f"Response: {reply.status} {reply.reason}")
    wireserver.close()


if __name__ == "__main__":
    main()
