"""Reports Ready by walinuxagent's own wire client: walinuxagent.py PATH HOST[:PORT].

Of the goal state it fetches the part that a report needs; certificates, extensions
and the rest, which the agent fetches as well, are left out.
"""

import sys
import time


def main() -> None:
    packages, address = sys.argv[1:]
    sys.path[1:1] = packages.split(":")
    from azurelinuxagent.common.exception import ProtocolError
    from azurelinuxagent.common.protocol.goal_state import GoalState
    from azurelinuxagent.common.protocol.restapi import ProvisionStatus
    from azurelinuxagent.common.protocol.util import MAX_RETRY, PROBE_INTERVAL
    from azurelinuxagent.common.protocol.wire import WireProtocol

    protocol = WireProtocol(address)
    for _ in range(MAX_RETRY):
        try:
            # What its update_goal_state does before it asks for the rest.
            protocol.client._goal_state = GoalState(protocol.client)
            break
        except ProtocolError:
            time.sleep(PROBE_INTERVAL)  # as its ProtocolUtil does
    protocol.report_provision_status(ProvisionStatus(status="Ready"))


if __name__ == "__main__":
    main()
