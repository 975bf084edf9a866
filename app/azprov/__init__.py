"""azprov takes a Linux VM on Azure from first boot to Ready without an agent."""

__version__ = "0.1.0"
