"""Reports Ready with cloud-init's own code: cloud_init.py PATH HOST[:PORT]."""

import sys


def main() -> None:
    packages, address = sys.argv[1:]
    sys.path[1:1] = packages.split(":")
    from cloudinit.sources.helpers.azure import WALinuxAgentShim

    WALinuxAgentShim(endpoint=address).register_with_azure_and_fetch_data()


if __name__ == "__main__":
    main()
