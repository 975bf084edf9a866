"""Tables of the files that a used machine leaves and that every VM of its image would share.

A file of one more program is one more line here. catalogue_of_homes.py has the files in homes,
and catalogue_of_logs.py has logs and similar traces. What virt-sysprep, waagent and cloud-init
remove was read from their sources.
"""

from ...formats.host.sent_hostname import (
    DHCLIENT,
    DHCPCD,
    IFCFG,
    INTERFACES,
    KEYFILE,
    NETPLAN,
    NETWORKD,
    SUSE,
)

# Of systemd, sysvinit, Alpine, systemd-boot and Debian: folders, and patterns of names.
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
# Of dhclient, dhcpcd, NetworkManager, udhcpc and wicked: leases, and the IDs that a DHCP server
# uses to tell clients apart.
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
# lvmdevices(8): the serial numbers of the disks that LVM may use. Without the file it uses all.
_LVM_DEVICES = (
    ("/etc/lvm/devices", "system.devices"),
    ("/etc/lvm/devices/backup", "system.devices*"),
)
# systemd creates a new key if this file is missing.
_CREDENTIAL_SECRETS = (("/var/lib/systemd", "credential.secret"),)
#: Folders of systemd's credentials, systemd.exec(5) and systemd-stub(7).
CREDENTIALS = (
    "/etc/credstore",
    "/etc/credstore.encrypted",
    "/usr/local/lib/credstore",
    "/usr/local/lib/credstore.encrypted",
    "/usr/lib/credstore",
    "/usr/lib/credstore.encrypted",
    "/boot/loader/credentials",
    "/efi/loader/credentials",
    "/boot/efi/loader/credentials",
)
# Those with which it sets passwords and keys at a boot, systemd.system-credentials(7).
_PASSWORD_CREDENTIALS = tuple((folder, "passwd.*-password.*") for folder in CREDENTIALS)
_KEY_CREDENTIALS = tuple((folder, "ssh.*authorized_keys*") for folder in CREDENTIALS)
# Of dropbear on OpenWrt; and for an SSH server in the initramfs of Debian, Arch and Fedora.
# logins_in_initramfs.py names the initramfs that has copies.
_OTHER_KEYS = (
    ("/etc/dropbear", "authorized_keys"),
    ("/etc/dropbear/initramfs", "authorized_keys"),
    ("/etc/dropbear-initramfs", "authorized_keys"),
    ("/etc/dropbear", "root_key"),
    ("/etc/tinyssh", "root_key"),
    ("/etc/dracut-sshd", "authorized_keys"),
    ("/root/.ssh", "dracut_authorized_keys"),
)
#: Host keys of dropbear, also in the initramfs of Debian, of tinysshd and of dracut-sshd.
OTHER_HOST_KEYS = (
    ("/etc/dropbear", "dropbear_*_host_key"),
    ("/etc/dropbear/initramfs", "dropbear_*_host_key"),
    ("/etc/dropbear-initramfs", "dropbear_*_host_key"),
    ("/etc/tinyssh/sshkeydir", "*"),
    ("/etc/ssh", "dracut_ssh_host_*_key"),
)
#: Settings of DHCP clients that may have a fixed host name: the folder, a pattern of names, and
#: the kind of formats/host/sent_hostname.py.
SENT_HOSTNAMES = (
    ("/etc/sysconfig/network-scripts", "ifcfg-*", IFCFG),
    ("/etc/sysconfig/network", "ifcfg-*", IFCFG),
    ("/etc/sysconfig/network", "dhcp", SUSE),
    ("/etc/dhcp", "dhclient*.conf", DHCLIENT),
    ("/etc", "dhclient*.conf", DHCLIENT),
    ("/etc", "dhcpcd.conf", DHCPCD),
    ("/etc/network", "interfaces", INTERFACES),
    ("/etc/network/interfaces.d", "*", INTERFACES),
    ("/etc/systemd/network", "*.network", NETWORKD),
    ("/etc/NetworkManager/system-connections", "*", KEYFILE),
    ("/etc/netplan", "*.yaml", NETPLAN),
)
#: What installers leave: answer files with hashes of passwords, copies of them, and logs. Files
#: and folders, as folders with patterns of names.
INSTALLER_FILES = (
    ("/root", "*-ks.cfg"),
    ("/root", "install.log*"),
    ("/root", "anaconda-post.log"),
    ("/var/log", "anaconda*"),
    ("/var/log", "installer"),
    ("/var/adm", "autoinstall"),
)
# With these, a machine shows who it is: to Red Hat, SUSE and Ubuntu Pro, to Kerberos, NVMe over
# fabrics, samba, configuration management, and networks of Tailscale and ZeroTier.
_IDENTITIES = (
    ("/etc/pki/consumer", "*.pem"),
    ("/etc/pki/entitlement", "*.pem"),
    ("/etc/sysconfig/rhn", "systemid"),
    ("/var/lib/yum", "uuid"),
    ("/etc/zypp/credentials.d", "SCCcredentials"),
    ("/var/lib/ubuntu-advantage/private", "machine-token.json"),
    ("/etc", "krb5.keytab"),
    ("/etc/nvme", "hostid"),
    ("/etc/nvme", "hostnqn"),
    ("/var/lib/samba/private", "secrets.tdb"),
    ("/etc/salt/pki/minion", "minion.p*"),
    ("/etc/salt", "minion_id"),
    ("/etc/chef", "client.pem"),
    ("/etc/puppetlabs/puppet/ssl/private_keys", "*.pem"),
    ("/var/lib/puppet/ssl/private_keys", "*.pem"),
    ("/var/lib/tailscale", "tailscaled.state"),
    ("/var/lib/zerotier-one", "identity.*"),
)
# ruserok(3), and sshd(8) under FILES.
_EQUIVALENT_HOSTS = (
    ("/etc", "hosts.equiv"),
    ("/etc", "shosts.equiv"),
    ("/etc/ssh", "shosts.equiv"),
)
#: The rule, a description, and folders with patterns of names.
FILES = (
    ("random-seed", "random seed", _RANDOM_SEEDS),
    ("credential-secret", "key of encrypted credentials", _CREDENTIAL_SECRETS),
    ("leases", "DHCP lease or client ID", _LEASES),
    ("net-rules", "network names by MAC address", _NET_RULES),
    ("lvm-devices", "list of disks for LVM", _LVM_DEVICES),
    ("passwords", "password for systemd", _PASSWORD_CREDENTIALS),
    ("authorized-keys", "authorized SSH keys", (*_KEY_CREDENTIALS, *_OTHER_KEYS)),
    ("trusted-hosts", "list of trusted hosts", _EQUIVALENT_HOSTS),
    ("machine-identity", "identity of this machine", _IDENTITIES),
)

#: Files by which systemd and others detect a container of Docker or Podman.
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
#: Folders in which other agents keep certificates, private keys and the deployment's data, and
#: the names in them that stay: cloud-init's seed is an image maker's own.
AGENT_DATA = (
    ("/var/lib/waagent", ()),
    ("/var/lib/cloud", ("seed",)),
    ("/var/lib/azure-init", ()),
)
#: sssd's copies of accounts and of the hashes of passwords, and what it keeps secret.
IDENTITY_FOLDERS = ("/var/lib/sss/db", "/var/lib/sss/secrets")

#: Folders in which a file or folder has the name of its user, with a description.
NAMED_BY_USER = (
    ("/var/spool/cron/crontabs", "{}", "crontab"),
    ("/var/spool/cron/tabs", "{}", "crontab"),
    ("/var/spool/cron", "{}", "crontab"),
    ("/etc/crontabs", "{}", "crontab"),
    # fcron reads the first one; the others are its source, and a new version.
    ("/var/spool/fcron", "{}", "crontab"),
    ("/var/spool/fcron", "{}.orig", "crontab"),
    ("/var/spool/fcron", "new.{}", "crontab"),
    ("/var/spool/incron", "{}", "table of incron"),
    ("/var/spool/cron/lastrun", "{}", "record of jobs"),
    ("/var/lib/systemd/linger", "{}", "linger setting"),
    ("/etc/userdb", "{}.user", "user record"),
    ("/etc/userdb", "{}.user-privileged", "user record"),
    ("/etc/tcb", "{}", "password"),
    ("/var/lib/AccountsService/users", "{}", "AccountsService settings"),
    ("/var/lib/AccountsService/icons", "{}", "AccountsService picture"),
    ("/var/lib/sudo/lectured", "{}", "record of sudo"),
    ("/var/db/sudo/lectured", "{}", "record of sudo"),
)
#: Of these folders, the ones that show nothing about users who are gone: a record is itself a
#: user, cron of SUSE keeps its own stamps in lastrun, and each tcb is a folder.
KEPT_WITHOUT_USER = ("/etc/userdb", "/var/spool/cron/lastrun", "/etc/tcb")
#: Names that need no account: fcron's table of the system, fcrontab(1), and the two users that
#: nss-systemd(8) adds.
NEED_NO_ACCOUNT = ("systab", "root", "nobody")
#: Folders in which a file or folder has the number of its user, with a description.
NAMED_BY_UID = (
    ("/etc/systemd/system", "user@{}.service.d", "settings of the services"),
    ("/etc/systemd/system", "user-{}.slice.d", "settings of the services"),
)
#: Folders in which the owner of a file is the owner of the job: at(1) of Debian, Fedora, SUSE.
JOB_FOLDERS = (
    "/var/spool/cron/atjobs",
    "/var/spool/at",
    "/var/spool/atjobs",
    "/var/spool/cron/atspool",
    "/var/spool/at/spool",
)
# cron's variables may have values that look like a job.
_CRON_LINE = r"(?!\s*\w+\s*=)\s*(?:@\S+|(?:\S+\s+){{4}}\S+)\s+{0}\s"
_NAME = r"(?!\s*#).*[\s\"'=~/]{0}(?:[\s\"':/]|$)"
_POLKIT_RULE = r"[^#/]*[\"']{0}[\"']"
_POLKIT_IDENTITY = r".*\bunix-user:{0}(?![\w.-])"
_POLKIT_FOLDERS = ("/etc/polkit-1", "/usr/local/share/polkit-1", "/usr/share/polkit-1")
_LOCAL_AUTHORITIES = tuple(
    (f"{folder}/{name}.d", "*", "rule", _POLKIT_IDENTITY)
    for folder in ("/etc/polkit-1/localauthority", "/var/lib/polkit-1/localauthority")
    for name in ("10-vendor", "20-org", "30-site", "50-local", "90-mandatory")
)
_COMMAND_USER = r"\s*command_user\s*=\s*[\"']?{0}(?![\w.-])"
_XINETD_USER = r"\s*user\s*=\s*{0}\s*$"
#: Files that may name a user, with a description and a pattern for the start of such a line:
#: system crontabs, services, and rules of polkit.
MENTIONS = (
    ("/etc", "crontab", "job", _CRON_LINE),
    ("/etc/cron.d", "*", "job", _CRON_LINE),
    ("/etc", "anacrontab", "job", _NAME),
    ("/etc/incron.d", "*", "job", _NAME),
    ("/etc/init.d", "*", "service", _COMMAND_USER),
    ("/etc/conf.d", "*", "service", _COMMAND_USER),
    ("/etc/xinetd.d", "*", "service", _XINETD_USER),
    *((f"{folder}/rules.d", "*", "rule", _POLKIT_RULE) for folder in _POLKIT_FOLDERS),
    ("/etc/polkit-1/localauthority.conf.d", "*", "rule", _POLKIT_IDENTITY),
    *_LOCAL_AUTHORITIES,
)
#: The patterns in which the word is always a user.
NAMES_USER = (_CRON_LINE, _COMMAND_USER, _XINETD_USER, _POLKIT_IDENTITY)
#: The same for services of systemd and their drop-ins.
SERVICE_MENTION = r"\s*User\s*=\s*{0}\s*$"
#: The same for rules of sudo and doas that are not for that user alone.
RULE_MENTION = r"(?!\s*#)(?:.*[\s,=(!:\"])?{0}(?:[\s,)=:\"]|$)"
#: Rules of sudo and doas; sudoers may include other files.
RULES_FOLDERS = ("/etc/sudoers.d", "/etc/doas.d")
RULES_FILES = ("/etc/sudoers", "/usr/etc/sudoers", "/etc/doas.conf")
