"""The commands, in the order in which help and README list them.

Each command is a module of this package, named like the command with underscores. It has
SUMMARY (one line), EXAMPLE (a purpose and a command line), configure(parser) and
run(options) -> Answer, DESCRIPTION if the help needs to say more than the summary, and USAGE if the
options do not come last.

Only the names are here, so that a first boot imports the one command that it runs.
"""

COMMANDS = (
    "report-ready",
    "report-failure",
    "goal-state",
    "metadata",
    "set-hostname",
    "ssh-keys",
    "admin-user",
    "provision",
    "install",
    "uninstall",
    "check",
    "deprovision",
    "unit",
    "script",
    "rehearse",
    "simulate",
    "completion",
)
