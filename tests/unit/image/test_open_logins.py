"""Logins that deprovision does not prevent are named, and check warns of them."""

from pathlib import Path
from typing import Dict, List

import pytest

from azprov.image.leftovers.open_login import OpenLogin
from azprov.image.leftovers.open_logins import find_open_logins
from azprov.system.root import Root
from images import azprov
from sound_image import change

CONFIG = "etc/ssh/sshd_config"
CA = {"etc/ssh/ca.pub": "ssh-ed25519 AAAA\n"}
MUSL = {"lib/ld-musl-x86_64.so.1": ""}
GETTY = "etc/systemd/system/serial-getty@ttyS0.service.d/a.conf"


def lay(root: Path, files: Dict[str, str]) -> Root:
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    change(root, files)
    return Root(str(root))


def by_line(who: str, line: int, keyword: str) -> str:
    return f"{who} can log in, because line {line} of {{root}}/{CONFIG} sets {keyword}"


BY_CA = "anyone with a certificate of the CA in {root}/etc/ssh/ca.pub"
BY_PROGRAM = "anyone with a key that {root}/bin/keys prints"
BY_KERBEROS = "users of the Kerberos realm of {root}/etc/krb5.conf"
OTHER = "keys that deprovision does not find may allow logins, because line 1 of {root}/"
BY_NIS = "users of the name service nis can log in, because {root}/etc/nsswitch.conf"


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (
            {CONFIG: "Port 22\nTrustedUserCAKeys /etc/ssh/ca.pub\n", **CA},
            by_line(BY_CA, 2, "trustedusercakeys"),
        ),
        (
            {
                CONFIG: "TrustedUserCAKeys none\nMatch all\ntrustedusercakeys=/etc/ssh/ca.pub\n",
                **CA,
            },
            by_line(BY_CA, 3, "trustedusercakeys"),
        ),
        (
            {CONFIG: 'AuthorizedKeysCommand "/bin/keys" %u\n', "bin/keys": ""},
            by_line(BY_PROGRAM, 1, "authorizedkeyscommand"),
        ),
        (
            {CONFIG: "GSSAPIAuthentication yes\n", "etc/krb5.conf": "default_keytab_name = /k\n"},
            by_line(BY_KERBEROS, 1, "gssapiauthentication"),
        ),
        (
            {"etc/default/ssh": "SSHD_OPTS='-o TrustedUserCAKeys=/etc/ca'\n"},
            f"{OTHER}etc/default/ssh starts sshd with other settings",
        ),
        (
            {"etc/systemd/system/ssh2.service": "ExecStart=/usr/sbin/sshd -D -f /etc/ssh/two\n"},
            f"{OTHER}etc/systemd/system/ssh2.service starts sshd with other settings",
        ),
        (
            {"etc/nsswitch.conf": "passwd: files nis systemd\n"},
            f"{BY_NIS} lists it for passwd or shadow",
        ),
        ({"etc/nsswitch.conf": "shadow: nis files\n"}, f"{BY_NIS} lists it for passwd or shadow"),
        (
            {"usr/etc/nsswitch.conf": "passwd: nis\n"},
            f"{BY_NIS} lists it for passwd or shadow".replace("/etc", "/usr/etc"),
        ),
        (
            {"etc/nsswitch.conf": "passwd: files db\n", "var/db/shadow.db": "x"},
            "users of {root}/var/db/shadow.db can log in, because {root}/etc/nsswitch.conf lists "
            "the name service db",
        ),
        (
            {"etc/nsswitch.conf": "passwd: files db\n", "var/lib/misc/passwd.db": "x"},
            "users of {root}/var/lib/misc/passwd.db can log in, because "
            "{root}/etc/nsswitch.conf lists the name service db",
        ),
        (
            {"etc/passwd": "root:x:0:0::/:/bin/sh\n+::::::\n"},
            "users of NIS can log in, because {root}/etc/passwd includes them with +",
        ),
        (
            {"etc/passwd": "root:x:0:0::/:/bin/sh\n#toor:x:0:0::/root:/bin/sh\n", **MUSL},
            "#toor may be able to log in, because musl treats line 2 of {root}/etc/passwd as a "
            "user",
        ),
        (
            {"etc/userdb/ops.user": "{}"},
            "a user may log in with the password or keys in the user record "
            "{root}/etc/userdb/ops.user",
        ),
        (
            {GETTY: "ExecStart=-/sbin/agetty --autologin root ttyS0\n"},
            f"someone may be able to log in without a password, because line 1 of {{root}}/{GETTY} "
            "starts a getty with arguments that may skip the password",
        ),
        (
            {
                "etc/pam.d/login": "@include common-auth\n",
                "etc/krb5.conf": "[libdefaults]\ndefault_realm = EXAMPLE.COM\n",
                "etc/pam.d/common-auth": "auth [success=2 default=ignore] pam_krb5.so\n"
                "auth [success=1 default=ignore] pam_unix.so nullok\n"
                "auth requisite pam_deny.so\nauth required pam_permit.so\n",
            },
            "users that pam_krb5 accepts can log in, because line 1 of "
            "{root}/etc/pam.d/common-auth makes that sufficient",
        ),
    ],
)
def test_a_login_by_a_setting_is_named(files: Dict[str, str], what: str, tmp_path: Path) -> None:
    """deprovision says who can log in and why, and exits 1; check has the same sentence."""
    root = lay(tmp_path, files)
    sentence = what.format(root=tmp_path)

    (login,) = find_open_logins(root)
    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (login.what, login.is_unread) == (sentence, False)
    assert code == 1
    assert sentence in log
    assert "someone can still log in to every VM of this image" in log.splitlines()[-1]
    assert f"warning: {sentence}\n" in azprov("check", "--root", tmp_path)[1]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {CONFIG: "TrustedUserCAKeys none\n"},
        {CONFIG: "TrustedUserCAKeys none\nTrustedUserCAKeys /etc/ssh/ca.pub\n", **CA},
        {CONFIG: "PubkeyAuthentication no\nTrustedUserCAKeys /etc/ssh/ca.pub\n", **CA},
        {
            CONFIG: "AuthorizedKeysCommand /bin/userdbctl ssh-authorized-keys %u\n",
            "bin/userdbctl": "",
        },
        {CONFIG: "GSSAPIAuthentication yes\n"},
        {"etc/default/ssh": "# -f /etc/x\nSSHD_OPTS='-o Ciphers=a -f /etc/ssh/sshd_config'\n"},
        {"usr/lib/systemd/system/ssh.service": "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n"},
        {
            "usr/lib/systemd/system/sshd@.service": "ExecStart=-/usr/sbin/sshd -i $SSHD_OPTS -o "
            '"AuthorizedKeysFile ${CREDENTIALS_DIRECTORY}/ssh.ephemeral-authorized_keys-all '
            '.ssh/authorized_keys"\n'
        },
        {"etc/nsswitch.conf": "passwd: files systemd\nnetgroup: nis\n"},
        {"etc/nsswitch.conf": "passwd: files sss\n"},
        {"etc/passwd": "#toor:x:0:0::/root:/bin/sh\n"},
        {"etc/passwd": "# comment: x\nroot:x:0:0::/root:/bin/sh\n", **MUSL},
        {"etc/nsswitch.conf": "passwd: compat mymachines systemd\n"},
        {"etc/nsswitch.conf": "#passwd: nis\n# passwd: nis\npasswd: files [UNAVAIL=return] db\n"},
        {
            "usr/lib/systemd/system/getty@.service": "ExecStart=-/sbin/agetty -o '-p -- \\\\u' "
            "--noclear - $TERM\n"
        },
        {GETTY: "-> /dev/null"},
        {
            "etc/pam.d/common-auth": "auth [success=1 default=ignore] pam_unix.so nullok\n"
            "auth requisite pam_deny.so\nauth required pam_permit.so\n"
        },
        {"etc/pam.d/gdm-password": "auth sufficient pam_succeed_if.so user ingroup x\n"},
    ],
)
def test_a_setting_that_lets_no_one_in_is_not_named(files: Dict[str, str], tmp_path: Path) -> None:
    """Defaults of distributions, missing files and lines without effect allow no login."""
    assert find_open_logins(lay(tmp_path, files)) == []


LONG = 60000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/pam.d/sshd", f"auth [{'success=1 ' * LONG}\n"),
        ("etc/pam.d/sshd", f"auth sufficient {'/' * LONG}\n"),
        ("etc/nsswitch.conf", "\n" * LONG),
        ("etc/nsswitch.conf", "passwd:" + "[" * LONG),
        ("etc/inittab", "a:b:respawn:login " + "x " * LONG),
        ("etc/default/ssh", "=-f" + " " * LONG),
        ("etc/default/ssh", " -o" * LONG),
        ("etc/passwd", "a:" + "!" * LONG),
    ],
)
def test_lines_made_to_take_time_take_none(path: str, text: str, tmp_path: Path) -> None:
    """Each of these lines would be read LONG times over if the work were not linear."""
    assert len(find_open_logins(lay(tmp_path, {path: text}))) <= 1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A loop of links hides settings that may allow a login."""
    root = lay(tmp_path, {"etc/nsswitch.conf": "-> nsswitch.conf"})

    assert find_open_logins(root) == [
        OpenLogin(
            f"could not examine {tmp_path}/etc/nsswitch.conf (Too many levels of symbolic links), "
            "so it is unknown who else can log in",
            "fix the links on this path: they form a loop",
            is_unread=True,
        )
    ]


@pytest.mark.parametrize(
    "paths",
    [
        ["etc/hosts.equiv"],
        ["etc/ssh/shosts.equiv"],
        ["srv/db/.rhosts"],
        ["srv/db/.shosts"],
        ["srv/db/.k5login"],
        ["etc/dropbear/authorized_keys"],
        ["etc/dropbear/initramfs/authorized_keys"],
        ["etc/credstore/ssh.authorized_keys.root"],
        ["etc/credstore/ssh.ephemeral-authorized_keys-all"],
        ["srv/db/.ssh/authorized_keys", "srv/extra/.ssh/authorized_keys2"],
    ],
)
def test_files_that_let_someone_in_are_removed(paths: List[str], tmp_path: Path) -> None:
    """Lists of hosts and keys count for system users, and for users of other name services."""
    lay(tmp_path, dict.fromkeys(paths, "x\n"))
    lay(
        tmp_path,
        {
            "etc/passwd": "db:x:0:0::/srv/db:/bin/sh\n",
            "var/lib/extrausers/passwd": "extra:x:0:0::/srv/extra:/bin/sh\n",
        },
    )

    assert azprov("deprovision", "--root", tmp_path, "--yes")[0] == 0

    assert [path for path in paths if (tmp_path / path).exists()] == []
