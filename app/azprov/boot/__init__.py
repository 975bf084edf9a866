"""The first boot: settings, clients, steps, reports, and its outcome."""
