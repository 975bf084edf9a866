"""Reports Ready as walinuxagent does: walinuxagent.py PATH.

It runs the agent's protocol detection, which fetches the whole goal state, and sends the two
reports of a provisioning. Users, keys and the host name need a VM with a provisioning DVD, and
are left out. The agent believes that there is no DHCP client, because the simulated network has
no DHCP server; then it uses WireServer's known address.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path


def main() -> None:
    sys.path[1:1] = sys.argv[1].split(":")
    from azurelinuxagent.common import conf, logger
    from azurelinuxagent.common.exception import ProtocolError
    from azurelinuxagent.common.protocol.restapi import ProvisionStatus
    from azurelinuxagent.common.protocol.util import get_protocol_util

    logger.add_logger_appender(logger.AppenderType.STDOUT, logger.LogLevel.INFO)
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "waagent.conf")
        configuration.write_text(f"Lib.Dir={folder}\n")
        conf.load_conf_from_file(str(configuration))
        util = get_protocol_util()
        util.osutil.is_dhcp_available = lambda: False
        protocol = util.get_protocol()
        with suppress(ProtocolError):  # like the agent's ProvisionHandler
            starting = ProvisionStatus("NotReady", "Provisioning", "Starting")
            protocol.report_provision_status(starting)
        protocol.report_provision_status(ProvisionStatus("Ready"))


if __name__ == "__main__":
    main()
