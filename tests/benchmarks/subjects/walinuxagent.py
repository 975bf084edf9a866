"""Reports Ready with walinuxagent's own wire client: walinuxagent.py PATH HOST[:PORT].

It downloads only the goal state, which a report needs. The agent would also download
certificates, extensions and more.
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
            # The first step of the agent's update_goal_state.
            protocol.client._goal_state = GoalState(protocol.client)
            break
        except ProtocolError:
            time.sleep(PROBE_INTERVAL)  # like ProtocolUtil
    protocol.report_provision_status(ProvisionStatus(status="Ready"))


if __name__ == "__main__":
    main()
