"""PAM stacks that accept a login without a password of shadow are named, sound ones are not."""

from pathlib import Path
from typing import Dict

import pytest

from azprov.image.leftovers.open_logins import find_open_logins
from azprov.system.root import Root
from sound_image import change

DEBIAN = {
    "etc/pam.d/common-auth": "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n"
    "auth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\nauth\toptional\tpam_cap.so\n",
    "etc/pam.d/sshd": "@include common-auth\naccount    required     pam_nologin.so\n"
    "session [success=ok ignore=ignore module_unknown=ignore default=bad] pam_selinux.so close\n",
    "etc/pam.d/login": "auth optional pam_faildelay.so delay=3000000\n"
    "auth requisite pam_nologin.so\n@include common-auth\nauth optional pam_group.so\n",
    "etc/pam.d/su": "auth sufficient pam_rootok.so\n# auth sufficient pam_wheel.so trust\n"
    "@include common-auth\n",
    "etc/pam.d/su-l": "#%PAM-1.0\nauth\t\tinclude\t\tsu\n",
    "etc/pam.d/other": "@include common-auth\n@include common-account\n",
    "etc/pam.conf": "# a comment\n",
}
FEDORA = {
    "etc/pam.d/sshd": "#%PAM-1.0\nauth       substack     password-auth\n"
    "auth       include      postlogin\naccount    required     pam_sepermit.so\n",
    "etc/pam.d/password-auth": "-> /etc/authselect/password-auth",
    "etc/authselect/password-auth": "auth required pam_env.so\n"
    "auth required pam_faildelay.so delay=2000000\n"
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
    "auth [default=1 ignore=ignore success=ok] pam_localuser.so\n"
    "auth sufficient pam_unix.so nullok\n"
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular\n"
    "auth sufficient pam_sss.so forward_pass\nauth required pam_deny.so\n",
    "etc/pam.d/postlogin": "session optional pam_umask.so silent\n"
    "session [success=1 default=ignore] pam_succeed_if.so service !~ gdm* quiet\n",
    "etc/pam.d/login": "auth substack system-auth\nauth include postlogin\n",
    "etc/pam.d/system-auth": "auth required pam_env.so\nauth required pam_faillock.so preauth\n"
    "auth sufficient pam_fprintd.so\nauth sufficient pam_unix.so nullok\n"
    "auth required pam_faillock.so authfail\nauth required pam_deny.so\n",
    "etc/pam.d/su": "auth\t\tsufficient\tpam_rootok.so\nauth\t\tsubstack\tsystem-auth\n"
    "auth\t\tinclude\t\tpostlogin\n",
    "etc/pam.d/other": "auth required pam_deny.so\n",
}
RHEL_7 = {
    "etc/pam.d/login": "auth [user_unknown=ignore success=ok ignore=ignore default=bad] "
    "pam_securetty.so\nauth substack system-auth\nauth include postlogin\n",
    "etc/pam.d/system-auth": "auth required pam_env.so\nauth sufficient pam_unix.so nullok\n"
    "auth requisite pam_succeed_if.so uid >= 1000 quiet_success\nauth required pam_deny.so\n",
    "etc/pam.d/postlogin": "",
}
SUSE = {
    "usr/lib/pam.d/sshd": "auth        requisite   pam_nologin.so\n"
    "auth        include     common-auth\naccount     requisite   pam_nologin.so\n",
    "etc/pam.d/common-auth": "-> common-auth-pc",
    "etc/pam.d/common-auth-pc": "auth\trequired\tpam_env.so\t\n"
    "auth\toptional\tpam_gnome_keyring.so\nauth\trequired\tpam_unix.so\ttry_first_pass \n",
    "usr/lib/pam.d/su": "auth     sufficient     pam_rootok.so\nauth include common-auth\n",
    "usr/lib/pam.d/other": "auth required pam_warn.so\nauth required pam_deny.so\n",
}
ARCH = {
    "etc/pam.d/sshd": "#%PAM-1.0\n\nauth      include   system-remote-login\n",
    "etc/pam.d/system-remote-login": "auth include system-login\n",
    "etc/pam.d/system-login": "auth required pam_shells.so\nauth requisite pam_nologin.so\n"
    "auth include system-auth\n",
    "etc/pam.d/system-auth": "auth required pam_faillock.so preauth\n"
    "-auth [success=2 default=ignore] pam_systemd_home.so\n"
    "auth [success=1 default=bad] pam_unix.so try_first_pass nullok\n"
    "auth [default=die] pam_faillock.so authfail\nauth optional pam_permit.so\n"
    "auth required pam_env.so\nauth required pam_faillock.so authsucc\n",
    "etc/pam.d/su": "auth sufficient pam_rootok.so\n#auth sufficient pam_wheel.so trust use_uid\n"
    "auth required pam_unix.so\n",
    "etc/pam.d/other": "auth required pam_deny.so\nauth required pam_warn.so\n",
}
ALPINE = {
    "etc/pam.d/sshd": "auth include base-auth\n",
    "etc/pam.d/base-auth": "auth required pam_env.so\nauth required pam_nologin.so successok\n"
    "auth required pam_unix.so nullok\n",
    "etc/pam.d/other": "auth required pam_deny.so\n",
}
SYSTEMS = {
    "Debian": DEBIAN,
    "Fedora": FEDORA,
    "RHEL 7": RHEL_7,
    "SUSE": SUSE,
    "Arch": ARCH,
    "Alpine": ALPINE,
}
UNCLEAR = "users without a password may be able to log in: line {} of {{root}}/{} can be read in "


def lay(root: Path, files: Dict[str, str]) -> Root:
    change(root, files)
    return Root(str(root))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_stacks_of_a_distribution_are_not_named(name: str, tmp_path: Path) -> None:
    """As distributions ship them, all logins by PAM need a password of shadow."""
    assert find_open_logins(lay(tmp_path, SYSTEMS[name])) == []


@pytest.mark.parametrize(
    ("path", "text", "module", "line"),
    [
        ("etc/pam.d/sshd", "auth required pam_permit.so\n", "pam_permit", 1),
        ("etc/pam.d/sshd", "AUTH Required pam_permit.so\n", "pam_permit", 1),
        ("etc/pam.d/su", "auth \\\n sufficient pam_permit.so\n@include common-auth\n", "", 2),
        ("etc/pam.d/su", "auth sufficient /opt/pam_unix.so\n@include common-auth\n", "pam_unix", 1),
        ("etc/pam.d/su", "auth sufficient [pam_x.so]\n@include common-auth\n", "pam_x", 1),
        ("etc/pam.d/su", "auth [default=done] pam_permit.so\n@include common-auth\n", "", 1),
        ("etc/pam.d/su", "auth [success = done default=bad] pam_permit.so\n", "pam_permit", 1),
        ("etc/pam.d/su", "auth [success=ok default=die] pam_permit.so\n", "pam_permit", 1),
        ("etc/pam.d/su", "auth sufficient pam_pwdfile.so pwdfile /x\n", "pam_pwdfile", 1),
        ("etc/pam.d/su", "auth [success=3] pam_x.so\n@include common-auth\n", "pam_x", 1),
        ("etc/pam.d/su", "auth optional pam_unix.so\nauth required pam_env.so\n", "pam_env", 2),
        ("etc/pam.d/login", "auth sufficient pam_wheel.so trust\n", "pam_wheel", 1),
        ("etc/pam.d/other", "auth required pam_permit.so\n", "pam_permit", 1),
        ("usr/lib/pam.d/remote", "auth required pam_permit.so\n", "pam_permit", 1),
        ("usr/etc/pam.d/remote", "auth required pam_permit.so\n", "pam_permit", 1),
        ("etc/pam.conf", "# c\nsshd auth sufficient pam_permit.so\n", "pam_permit", 2),
        ("etc/pam.conf", "OTHER auth sufficient pam_permit.so\n", "pam_permit", 1),
    ],
)
def test_a_module_that_is_enough_is_named(
    path: str, text: str, module: str, line: int, tmp_path: Path
) -> None:
    """The sentence has the module and the line by which libpam accepts a login."""
    root = lay(tmp_path, {**DEBIAN, path: text})

    (login,) = find_open_logins(root)

    assert login.what == (
        f"users that {module or 'pam_permit'} accepts can log in, because line {line} of "
        f"{tmp_path}/{path} makes that sufficient"
    )


@pytest.mark.parametrize("way", ["auth include zz", "auth substack zz", "@include zz"])
def test_a_module_in_an_included_file_is_named(way: str, tmp_path: Path) -> None:
    """A file of any name counts if a login includes it, and an absolute path counts too."""
    files = {**DEBIAN, "etc/pam.d/zz": "auth sufficient pam_permit.so\n"}
    for number, line in enumerate((way, way.replace("zz", "/etc/pam.d/zz"))):
        root = lay(tmp_path / str(number), {**files, "etc/pam.d/sshd": f"{line}\n"})

        assert [login.what for login in find_open_logins(root)] == [
            f"users that pam_permit accepts can log in, because line 1 of {tmp_path}/{number}"
            "/etc/pam.d/zz makes that sufficient"
        ]


def test_the_service_that_sshd_names_is_judged(tmp_path: Path) -> None:
    """sshd 10 uses the service of PAMServiceName; without that line no login uses the file."""
    files = {**DEBIAN, "etc/pam.d/my": "auth sufficient pam_permit.so\n"}
    root = lay(tmp_path, files)
    assert find_open_logins(root) == []

    lay(tmp_path, {"etc/ssh/sshd_config": "Match User x\npamservicename my\n"})

    assert len(find_open_logins(root)) == 1


def test_an_empty_folder_of_a_package_is_no_directory(tmp_path: Path) -> None:
    """Fedora's sssd has a folder for settings, and starts only if there are any."""
    root = lay(tmp_path, FEDORA)
    (tmp_path / "etc/sssd/conf.d").mkdir(parents=True)

    assert find_open_logins(root) == []


@pytest.mark.parametrize("settings", ["etc/sssd/sssd.conf", "etc/sssd/conf.d/a.conf"])
def test_a_directory_behind_pam_is_named(settings: str, tmp_path: Path) -> None:
    """Fedora's stack asks sssd, which knows users as soon as it has settings."""
    found = find_open_logins(lay(tmp_path, {**FEDORA, settings: ""}))

    assert [login.what for login in found] == [
        "users that pam_sss accepts can log in, because line 7 of "
        f"{tmp_path}/etc/pam.d/password-auth makes that sufficient"
    ]


KRB5 = "auth [success=1 default=ignore] pam_krb5.so minimum_uid=1000\n"
WINBIND = "auth [success=1 default=ignore] pam_winbind.so krb5_auth cached_login\n"
REFUSES = "auth requisite pam_deny.so\nauth required pam_permit.so\n"
KRB5_CONF = "etc/krb5.conf"
SMB_CONF = "etc/samba/smb.conf"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        (KRB5, {}),
        (KRB5, {KRB5_CONF: "[libdefaults]\n\tdefault_realm = ATHENA.MIT.EDU\n\trdns = false\n"}),
        (KRB5, {KRB5_CONF: "#default_realm = EXAMPLE.COM\ndns_lookup_realm = false\n"}),
        (WINBIND, {}),
        (WINBIND, {SMB_CONF: "[global]\n workgroup = A\n server role = standalone server\n"}),
        (WINBIND, {"var/lib/samba/private/passdb.tdb": "TDB file\nINFO/version"}),
    ],
)
def test_a_module_without_its_directory_is_not_named(
    line: str, files: Dict[str, str], tmp_path: Path
) -> None:
    """Debian enables pam_krb5 and pam_winbind when they are installed, without realm or domain."""
    stack = {"etc/pam.d/common-auth": line + REFUSES}

    assert find_open_logins(lay(tmp_path, {**DEBIAN, **stack, **files})) == []


@pytest.mark.parametrize(
    ("line", "files"),
    [
        (KRB5, {KRB5_CONF: "[libdefaults]\n default_realm = EXAMPLE.COM\n"}),
        (KRB5, {KRB5_CONF: "[libdefaults]\na = \\\ndefault_realm = EXAMPLE.COM\n"}),
        (KRB5, {KRB5_CONF: "[libdefaults]\ndns_lookup_realm=true\n"}),
        (KRB5, {KRB5_CONF: "includedir /etc/krb5.conf.d\n"}),
        (KRB5, {"etc/krb5.keytab": "x"}),
        (KRB5.replace("minimum", "realm=EXAMPLE.COM minimum"), {}),
        (WINBIND, {SMB_CONF: "[global]\n Security = ADS\n"}),
        (WINBIND, {SMB_CONF: "[global]\n server  role = member server\n"}),
        (WINBIND, {SMB_CONF: "[global]\n include = /etc/samba/b.conf\n"}),
        (WINBIND, {"var/lib/samba/private/passdb.tdb": "TDB file\nUSER_ops"}),
    ],
)
def test_a_module_with_its_directory_is_named(
    line: str, files: Dict[str, str], tmp_path: Path
) -> None:
    """A realm, a domain or users of Samba have passwords that are not in shadow."""
    stack = {"etc/pam.d/common-auth": line + REFUSES}

    (what,) = {one.what for one in find_open_logins(lay(tmp_path, {**DEBIAN, **stack, **files}))}

    assert f"line 1 of {tmp_path}/etc/pam.d/common-auth makes that sufficient" in what


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("auth [success=done pam_permit.so\n", 1),
        ("auth [success=1default=2] pam_unix.so\n", 1),
        ("auth [success=] pam_unix.so\n", 1),
        ("auth \\\n# comment\nsufficient pam_permit.so\n", 2),
        ("auth \\ \nsufficient pam_permit.so\n", 1),
        ("auth\n", 1),
        ("ahtu sufficient pam_permit.so\n", 1),
    ],
)
def test_a_line_that_can_be_read_in_several_ways_is_named(
    text: str, line: int, tmp_path: Path
) -> None:
    """No guess is made about a line that versions of libpam may read differently."""
    found = find_open_logins(lay(tmp_path, {**DEBIAN, "etc/pam.d/sshd": text}))

    (what,) = {login.what for login in found}
    assert what.startswith(UNCLEAR.format(line, "etc/pam.d/sshd").format(root=tmp_path))


def test_files_that_include_each_other_are_bounded(tmp_path: Path) -> None:
    """Each file includes itself twice; libpam stops at the 16th level, and azprov earlier."""
    (login,) = find_open_logins(lay(tmp_path, {"etc/pam.d/su": "auth include su\n" * 2}))

    assert login.is_unread
    assert login.what == (
        f"the PAM settings in {tmp_path} have more than 2000 lines, with all included files, so it "
        "is unknown who else can log in"
    )
