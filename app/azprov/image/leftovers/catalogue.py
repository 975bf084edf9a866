"""Where a machine that was used leaves what every VM of its image would share, as tables."""

# Folders, and the files there, of systemd, sysvinit, Alpine, systemd-boot and Debian.
_RANDOM_SEEDS = (
    ("/var/lib/systemd", "random-seed"),
    ("/var/lib/urandom", "random-seed"),
    ("/var/lib/misc", "random-seed"),
    ("/var/lib/seedrng", "seed.*"),
    ("/var/lib", "random-seed"),
    ("/boot/loader", "random-seed"),
    ("/efi/loader", "random-seed"),
    ("/boot/efi/loader", "random-seed"),
)
# Of dhclient, dhcpcd, NetworkManager, udhcpc and wicked, with what they tell a VM apart by.
_LEASES = (
    ("/var/lib/dhcp", "*.lease*"),
    ("/var/lib/dhclient", "*.lease*"),
    ("/var/lib/dhcpcd", "*.lease*"),
    ("/var/lib/dhcpcd", "duid"),
    ("/var/lib/dhcpcd", "secret"),
    ("/etc", "dhcpcd.duid"),
    ("/etc", "dhcpcd.secret"),
    ("/var/lib/NetworkManager", "*.lease"),
    ("/var/lib/NetworkManager", "secret_key"),
    ("/var/lib/udhcpc", "*.lease*"),
    ("/var/lib/wicked", "lease-*"),
    ("/var/lib/wicked", "duid.xml"),
)
_NET_RULES = (("/etc/udev/rules.d", "70-persistent-net.rules"),)
# What opens systemd's encrypted credentials; it makes a new one where there is none.
_CREDENTIAL_SECRETS = (("/var/lib/systemd", "credential.secret"),)
# Of auditd, and who logged in when, as PAM has it where wtmp would end in 2038.
_OTHER_LOGS = (
    ("/var/log/audit", "audit.log*"),
    ("/var/lib/wtmpdb", "wtmp.db*"),
    ("/var/lib/lastlog", "lastlog2.db*"),
)
#: By the rule: what it is, and the folders with patterns of the names there.
FILES = (
    ("random-seed", "random seed", _RANDOM_SEEDS),
    ("credential-secret", "key of encrypted credentials", _CREDENTIAL_SECRETS),
    ("leases", "DHCP lease or identity", _LEASES),
    ("net-rules", "network names by MAC address", _NET_RULES),
    ("logs", "log or record of logins", _OTHER_LOGS),
)

#: By which systemd and others tell that they run in Docker's or Podman's container.
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
#: What other agents keep there: certificates, private keys, the deployment's own data.
AGENT_DATA = ("/var/lib/waagent", "/var/lib/cloud", "/var/lib/azure-init")

#: Who was there, and what was said: also the records of logins, once they are rotated.
LOG_FOLDER, JOURNAL = "/var/log", "/var/log/journal"
LOGS = (
    *("auth.log*", "secure*", "syslog*", "messages*", "wtmp?*", "btmp?*"),
    *("cloud-init*.log", "waagent.log*", "azure-provisioning.log"),
)
#: These have to be there, if only empty.
RECORDS = ("wtmp", "btmp", "lastlog")

#: In a home, by the rule: what it is, in which folder, and the names of files there.
IN_HOMES = (
    ("histories", "what was typed", "", (".*_history", ".lesshst", ".viminfo", ".wget-hsts")),
    ("histories", "what was typed", "/.local/share/fish", ("fish_history*",)),
    ("private-keys", "user's key or known hosts", "/.ssh", ("id_*", "*.pem", "known_hosts*")),
    ("private-keys", "user's passwords", "", (".netrc", ".git-credentials", ".pgpass")),
    ("private-keys", "user's keys of AWS", "/.aws", ("credentials",)),
    (
        *("private-keys", "user's tokens of Azure", "/.azure"),
        ("msal_token_cache*", "service_principal_entries*", "accessTokens.json"),
    ),
    ("private-keys", "user's passwords of registries", "/.docker", ("config.json",)),
    ("private-keys", "user's keys of clusters", "/.kube", ("config",)),
)
