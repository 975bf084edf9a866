"""The table of logs, mail, crash dumps and temporary files of the machine that made an image.

A file of one more program is one more line here.
"""

LOG_FOLDER = "/var/log"
#: Logins are recorded only if these files exist, so they are emptied.
RECORDS = ("wtmp", "btmp", "lastlog", "faillog", "tallylog")
#: Patterns of names in LOG_FOLDER, of files. Rotated logs match, too.
LOGS = (
    "alternatives.log*",
    "auth.log*",
    "azure-provisioning.log",
    "boot.log*",
    "bootstrap.log",
    "btmp?*",
    "cloud-init*.log",
    "cron*",
    "daemon.log*",
    "debug*",
    "dmesg*",
    "dnf*.log*",
    "dpkg.log*",
    "emerge*.log*",
    "faillog?*",
    "fontconfig.log*",
    "hawkey.log*",
    "kern.log*",
    "kernel*",
    "lastlog?*",
    "mail*",
    "messages*",
    "pacman.log*",
    "secure*",
    "spooler*",
    "sudo.log*",
    "syslog*",
    "tallylog?*",
    "ubuntu-advantage*.log*",
    "user.log*",
    "waagent.log*",
    "warn*",
    "wtmp?*",
    "Xorg.*.log*",
    "yum.log*",
    "zypper.log*",
)
#: Folders, and patterns of names in them, of files and folders.
OTHER_LOGS = (
    ("/var/log/journal", "*"),
    ("/var/log/apt", "*.log*"),
    ("/var/log/apt", "eipp.log*"),
    ("/var/log/audit", "audit.log*"),
    ("/var/log/azure", "*"),
    ("/var/log/chrony", "*.log*"),
    ("/var/log/exim4", "*log*"),
    ("/var/log/rhsm", "*.log*"),
    ("/var/log/sa", "sa*"),
    ("/var/log/sssd", "*.log*"),
    ("/var/log/sudo-io", "*"),
    ("/var/log/sysstat", "sa*"),
    ("/var/log/tuned", "*.log*"),
    ("/var/log/unattended-upgrades", "*.log*"),
    ("/var/log/YaST2", "*"),
    ("/var/log/zypp", "*"),
    # The login databases that replace wtmp and lastlog after 2038, and process accounting.
    ("/var/lib/wtmpdb", "wtmp.db*"),
    ("/var/lib/lastlog", "lastlog2.db*"),
    ("/var/log/account", "pacct?*"),
    ("/var/account", "pacct?*"),
)

#: A link of one to the other is usual.
MAIL_FOLDERS = ("/var/mail", "/var/spool/mail")
#: Of the kernel, systemd, ABRT and Apport.
CRASH_FOLDERS = (
    "/var/crash",
    "/var/log/dump",
    "/var/lib/systemd/coredump",
    "/var/lib/systemd/pstore",
    "/var/spool/abrt",
    "/var/lib/apport/coredump",
)
#: Programs of a running machine use them, so they are emptied below a root only.
TEMPORARY_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - they are emptied, not used
