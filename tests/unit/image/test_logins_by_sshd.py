"""Settings and options of sshd that let someone in after deprovision are named."""

from pathlib import Path
from typing import Dict, List

import pytest

from azprov.image.leftovers.open_logins import find_open_logins
from azprov.system.root import Root
from images import azprov
from sound_image import change

CONFIG = "etc/ssh/sshd_config"
UNIT = "usr/lib/systemd/system/ssh.service"
DROP_IN = "etc/systemd/system/ssh.service.d/a.conf"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINf5 ops\n"
BY_CA = "anyone with a certificate of the CA in {root}/etc/ssh/ca.pub can log in, because line "
OTHER = (
    "keys that deprovision does not find may allow logins, because line {} of {{root}}/{} "
    "starts sshd"
)
KEPT = (
    "keys in {{root}}/{} may allow logins, because AuthorizedKeysFile names it and deprovision "
    "keeps it: line {} is not a key"
)


def lay(root: Path, files: Dict[str, str]) -> Root:
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    change(root, files)
    return Root(str(root))


def named(root: Path, files: Dict[str, str]) -> List[str]:
    return [login.what for login in find_open_logins(lay(root, files))]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("TrustedUserCAKeys /etc/ssh/ca.pub\n", 1),
        (
            "TrustedUserCAKeys /etc/ssh/ca.pub\nMatch User sftp\n PubkeyAuthentication no\n",
            1,
        ),
        (
            "dsaauthentication yes\nPubkeyAuthentication no\ntrustedusercakeys /etc/ssh/ca.pub\n",
            3,
        ),
        (
            "pubkeyauthentication no\nMatch all\nDSAAuthentication yes\n"
            "TrustedUserCAKeys /etc/ssh/ca.pub\n",
            4,
        ),
    ],
)
def test_a_ca_is_named_if_some_login_accepts_keys(text: str, line: int, tmp_path: Path) -> None:
    """The file of the CA need not exist in the image, since it may be made at boot."""
    (what,) = named(tmp_path, {CONFIG: text})

    assert what.startswith(BY_CA.format(root=tmp_path) + f"{line} of")


@pytest.mark.parametrize(
    "text",
    [
        "DSAAuthentication no\nTrustedUserCAKeys /etc/ssh/ca.pub\n",
        "PubkeyAuthentication no\nDSAAuthentication yes\nTrustedUserCAKeys /etc/ssh/ca.pub\n",
        "AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u\n",
        "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u /dev/null\n",
        "GSSAPIAuthentication yes\nKerberosAuthentication no\n",
    ],
)
def test_settings_that_let_no_one_in_are_not_named(text: str, tmp_path: Path) -> None:
    """The first value counts, also under the old name of PubkeyAuthentication."""
    assert named(tmp_path, {CONFIG: text}) == []


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (
            "AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u --chain /opt/x\n",
            "anyone with a key that {root}/usr/bin/userdbctl prints",
        ),
        (
            "AuthorizedKeysCommand /opt/userdbctl ssh-authorized-keys %u\n",
            "anyone with a key that {root}/opt/userdbctl prints",
        ),
        (
            "AuthorizedKeysFile /run/keys/%u\n",
            "anyone with a key that is in {root}/run/keys/%u after a boot",
        ),
        (
            "AuthorizedKeysFile .ssh/authorized_keys /dev/shm/keys\n",
            "anyone with a key that is in {root}/dev/shm/keys after a boot",
        ),
        (
            "AuthorizedKeysFile /var/run/keys\n",
            "anyone with a key that is in {root}/var/run/keys after a boot",
        ),
        ("KerberosAuthentication yes\n", "users of a Kerberos realm"),
        ("gssapiauthentication yes\n", "users of the Kerberos realm of {root}/etc/krb5.conf"),
    ],
)
def test_keys_that_no_file_of_the_image_has_are_named(text: str, who: str, tmp_path: Path) -> None:
    """A program may print keys, a boot may make them, and a keytab may have another name."""
    (tmp_path / "var").mkdir()
    files = {CONFIG: text, "var/run": "-> /run", "etc/krb5.conf": " default_keytab_name = /x\n"}

    (what,) = named(tmp_path, files)

    assert what.startswith(f"{who.format(root=tmp_path)} can log in, because line 1 of ")


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (UNIT, "ExecStart=/usr/sbin/sshd -Df /etc/other\n", 1),
        (UNIT, "ExecStart=/usr/sbin/sshd -D\t-f /etc/other\n", 1),
        (UNIT, 'ExecStart=/usr/sbin/sshd "-f" /etc/other\n', 1),
        (UNIT, "ExecStart=/usr/sbin/sshd \\x2df /etc/other\n", 1),
        (UNIT, "ExecStart=/usr/sbin/sshd -D \\\n -f/etc/other\n", 1),
        (UNIT, "ExecStart=/usr/sbin/sshd -Dp22 -o 'trustedusercakeys=/x'\n", 1),
        (UNIT, "ExecStart=/usr/sbin/sshd -DoAuthorizedKeysFile=/x\n", 1),
        (UNIT, "ExecStart=/usr/sbin/sshd -oPubkeyAuthentication=yes\n", 1),
        (UNIT, "ExecStart=/bin/sh -c 'exec /usr/sbin/sshd -f /x'\n", 1),
        (UNIT, "ExecStart=/opt/start\n", 1),
        (DROP_IN, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -e -D -f /x\n", 3),
        (DROP_IN, '[Service]\nEnvironment="SSHD_OPTS=-f /x"\n', 2),
        (DROP_IN, "[Service]\nEnvironment=KRB5_KTNAME=/x\n", 2),
        (DROP_IN, "[Service]\nEnvironmentFile=-/run/opts\n", 2),
        ("etc/systemd/system/remote.service", "[Service]\nExecStart=/usr/sbin/sshd -f /x\n", 2),
        ("etc/systemd/system/two.service", "ExecStart=/usr/sbin/sshd-second -D -f /x\n", 1),
        (DROP_IN, "[Service]\nExecStart=\nExecStart=/opt/ssh/sbin/sshd -D\n", 3),
        ("etc/systemd/system/two.service", "ExecStart=/usr/local/sbin/sshd -D\n", 1),
        ("etc/rc.local", "#!/bin/sh\n/usr/sbin/sshd -f /x\n", 2),
        ("etc/init.d/ssh2", "#!/bin/sh\nstart() {\n  /usr/sbin/sshd -o AuthorizedKeysFile=/x\n", 3),
        ("etc/cron.d/ssh", "@reboot root /usr/sbin/sshd -f /x\n", 1),
        ("var/spool/cron/crontabs/root", "@reboot /opt/sshd\n", 1),
        ("etc/default/ssh", "SSHD_OPTS=\nSSHD_OPTS='-oAuthorizedKeysFile=/x'\n", 2),
        ("etc/default/ssh", "SSHD_OPTS=-4f/etc/other\n", 1),
        ("etc/default/ssh", "SSHD_OPTS=$(cat /x)\n", 1),
        ("etc/default/ssh", ". /etc/x\n", 1),
        ("etc/conf.d/sshd", 'cfgfile="/etc/other"\n', 1),
        ("etc/conf.d/sshd", 'SSHD_CONFIG="/etc/other"\n', 1),
        ("etc/inetd.conf", "ssh stream tcp nowait root /usr/sbin/sshd sshd -if /x\n", 1),
        ("etc/xinetd.d/ssh", "server = /usr/sbin/sshd\nserver_args = -i -f /x\n", 2),
        ("etc/sv/sshd/run", "#!/bin/sh\nexec /usr/sbin/sshd -D -f /x\n", 2),
    ],
)
def test_options_that_name_other_settings_are_named(
    path: str, text: str, line: int, tmp_path: Path
) -> None:
    """Any spelling of -f and -o counts, as do variables and other units than ssh.service."""
    assert named(tmp_path, {path: text}) == [
        OTHER.format(line, path).format(root=tmp_path) + " with other settings"
    ]


def test_a_file_of_variables_that_a_unit_names_is_read(tmp_path: Path) -> None:
    """systemd's EnvironmentFile may have any name."""
    files = {DROP_IN: "[Service]\nEnvironmentFile=-/etc/x\n", "etc/x": 'OPTS="-f /etc/other"\n'}

    assert named(tmp_path, files) == [
        OTHER.format(1, "etc/x").format(root=tmp_path) + " with other settings"
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            UNIT,
            "EnvironmentFile=-/etc/default/ssh\nExecStartPre=/usr/sbin/sshd -t\n"
            "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\nExecReload=/usr/sbin/sshd -t\n"
            "ExecReload=/bin/kill -HUP $MAINPID\n",
        ),
        (
            "usr/lib/systemd/system/sshd.service",
            "EnvironmentFile=-/etc/sysconfig/sshd\n"
            "EnvironmentFile=-/etc/crypto-policies/back-ends/opensshserver.config\n"
            "ExecStart=/usr/sbin/sshd -D $OPTIONS $CRYPTO_POLICY\n",
        ),
        (
            "usr/lib/systemd/system/sshd.service",
            "Environment=SSH_USE_STRONG_RNG=0\nExecStart=/usr/bin/sshd -D\n",
        ),
        (
            "usr/lib/systemd/system/sshd-keygen@.service",
            "EnvironmentFile=-/etc/sysconfig/sshd\nExecStart=/usr/libexec/openssh/sshd-keygen %i\n",
        ),
        (DROP_IN, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -p 2222 -oUsePAM=no -e\n"),
        ("etc/default/ssh", "# Options to pass to sshd\nSSHD_OPTS=\n"),
        (
            "etc/systemd/system/sshd.service",
            "ExecStart=/nix/store/0a-openssh-10.0/bin/sshd -D -f /etc/ssh/sshd_config\n",
        ),
        (
            # Debian 13.
            "etc/init.d/ssh",
            "test -x /usr/sbin/sshd || exit 0\n"
            "mkdir /run/sshd\n"
            "( /usr/sbin/sshd -\\? 2>&1 | grep -q OpenSSH ) 2>/dev/null || exit 0\n"
            "/usr/sbin/sshd $SSHD_OPTS -t || exit 1\n"
            "start-stop-daemon --start --quiet --oknodo --chuid 0:0 --pidfile /run/sshd.pid "
            "--exec /usr/sbin/sshd -- $SSHD_OPTS\n",
        ),
        ("etc/sysconfig/ssh", '## Type: string\nSSHD_OPTS=""\nSSHD_AUTO_KEYGEN="yes"\n'),
        (
            "etc/sysconfig/sshd",
            "SSH_USE_STRONG_RNG=0\n"
            "CRYPTO_POLICY='-oCiphers=a,b -oMACs=c -oPubkeyAcceptedKeyTypes=ssh-rsa,d "
            "-oGSSAPIKexAlgorithms=e'\n",
        ),
        ("etc/conf.d/sshd", '#SSHD_CONFDIR="/x"\nSSHD_CONFDIR="/etc/ssh"\nrc_need=net\n'),
        (
            "etc/sv/sshd/run",
            "#!/bin/sh\nssh-keygen -A >/dev/null 2>&1 || exit 1\n"
            "[ -r conf ] && . ./conf\nexec /usr/sbin/sshd -D $OPTS 2>&1\n",
        ),
    ],
)
def test_options_of_distributions_are_not_named(path: str, text: str, tmp_path: Path) -> None:
    """Ports, ciphers and variables whose files are read as well lead to no other keys."""
    assert named(tmp_path, {path: text}) == []


@pytest.mark.parametrize(
    ("path", "content", "line"),
    [
        ("etc/fstab", "# disks\nUUID=1 / ext4 defaults 0 1\n", 2),
        ("etc/ssh/ssh_known_hosts", f"github.com {KEY}", 1),
        ("etc/ssh/keys", f"{KEY}UUID=1 / ext4\n", 2),
        ("usr/sbin/sshd", "\x7fELF", 1),
    ],
)
def test_a_file_that_is_not_one_of_keys_is_kept_and_named(
    path: str, content: str, line: int, tmp_path: Path
) -> None:
    """AuthorizedKeysFile may name any file of root, which is no reason to remove it."""
    lay(tmp_path, {CONFIG: f"AuthorizedKeysFile none\nMatch all\nauthorizedkeysfile /{path}\n"})
    lay(tmp_path, {path: content})
    sentence = KEPT.format(path, line).format(root=tmp_path)

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (tmp_path / path).read_text() == content
    assert code == 1
    assert sentence in log
    assert f"warning: {sentence}\n" in azprov("check", "--root", tmp_path)[1]


@pytest.mark.parametrize(
    ("home", "pattern", "victim"),
    [
        ("/usr/sbin", "sshd", "usr/sbin/sshd"),
        ("/", "%h/etc/fstab", "etc/fstab"),
        ("/etc", "hosts", "etc/hosts"),
        ("/home/ops", ".profile", "home/ops/.profile"),
        ("/home/ops", "../../etc/%u", "etc/ops"),
    ],
)
def test_a_file_of_a_home_is_kept_too(home: str, pattern: str, victim: str, tmp_path: Path) -> None:
    """The home of an account may be any folder, so the content decides there as well."""
    lay(tmp_path, {"etc/passwd": f"ops:x:0:0::{home}:/bin/sh\n", victim: "x y z\n"})
    lay(tmp_path, {CONFIG: f"AuthorizedKeysFile {pattern}\n", "home/ops/x": ""})

    code, _, _ = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (code, (tmp_path / victim).read_text()) == (1, "x y z\n")


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        f'# ops\n\n  from="10.0.0.0/8",no-pty {KEY}\r\n',
        "ssh-dss AAAAB3NzaC1kc3MAAACBAOLD old\n",
        f"cert-authority {KEY}",
        KEY * 3,
    ],
)
def test_a_file_with_nothing_but_keys_is_removed(content: str, tmp_path: Path) -> None:
    """Comments, options and keys of old releases are what such a file has."""
    lay(tmp_path, {CONFIG: "AuthorizedKeysFile /etc/keys\n", "etc/keys": content})

    assert azprov("deprovision", "--root", tmp_path, "--yes")[0] == 0

    assert not (tmp_path / "etc/keys").exists()


@pytest.mark.parametrize("content", ["", "# root's keys\n\n"])
def test_a_file_without_any_line_lets_no_one_in(content: str, tmp_path: Path) -> None:
    """It is kept, because it may be the settings of another program, and nothing is said."""
    lay(tmp_path, {CONFIG: "AuthorizedKeysFile /etc/motd\n", "etc/motd": content})

    assert azprov("deprovision", "--root", tmp_path, "--yes")[0] == 0

    assert (tmp_path / "etc/motd").read_text() == content
