"""Ways to log in to a used machine, for tests that try each before and after deprovision."""

import subprocess
from pathlib import Path
from typing import Callable, Dict, NamedTuple

import needs
from login_judge import LoginJudge

SECRET = "correct horse"  # noqa: S105 - of a test


class Way(NamedTuple):
    """A way in. After `prepare`, `succeeds` says whether it leads in."""

    prepare: Callable[[LoginJudge], None]
    succeeds: Callable[[LoginJudge], bool]
    #: What deprovision says about a way that it keeps; "{root}" is the root.
    named: str = ""


def add(judge: LoginJudge, path: str, text: str, mode: int = 0o644) -> Path:
    """Append to a file of the root; root owns it."""
    file = judge.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text((file.read_text() if file.exists() else "") + text)
    file.chmod(mode)
    return file


def set_field(judge: LoginJudge, path: str, name: str, field: str) -> None:
    """Set the password field of a name in passwd or shadow."""
    file = judge.root / path
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines):
        fields = line.split(":")
        if fields[0] == name:
            lines[number] = ":".join([name, field, *fields[2:]])
    file.write_text("".join(f"{line}\n" for line in lines))


def settings(judge: LoginJudge, text: str) -> None:
    """Put settings before the others of sshd."""
    add(judge, "etc/ssh/sshd_config.d/10-test.conf", text)


def hashed() -> str:
    openssl = [needs.program("openssl"), "passwd", "-6", SECRET]
    return subprocess.run(openssl, capture_output=True, text=True, check=True).stdout.strip()


def _hash_in(path: str, name: str = "root", before: str = "") -> Callable[[LoginJudge], None]:
    return lambda judge: set_field(judge, path, name, before + hashed())


def _unlocked(judge: LoginJudge) -> bool:
    judge.run("usermod", "--unlock", "root")
    return judge.su("root", SECRET)


def _restored(judge: LoginJudge) -> bool:
    """Whether a backup of shadow lets root in: the administrator's usual repair."""
    judge.run("cp", "/etc/shadow-", "/etc/shadow")
    return judge.su("root", SECRET)


def _backup(judge: LoginJudge) -> None:
    (judge.root / "etc/shadow-").unlink(missing_ok=True)
    add(judge, "etc/shadow-", f"root:{hashed()}:19000::::::\n")


def _restored_from(path: str) -> Way:
    """A backup of shadow with an unusual name, from which root's password is restored."""

    def prepare(judge: LoginJudge) -> None:
        add(judge, path, f"root:{hashed()}:19000::::::\n")

    def succeeds(judge: LoginJudge) -> bool:
        judge.run("cp", f"/{path}", "/etc/shadow")
        return judge.su("root", SECRET)

    return Way(prepare, succeeds)


_GETTY = "etc/systemd/system/serial-getty@.service.d/a.conf"


def _console(command: str, reason: str) -> Way:
    """A drop-in for the serial console. The command is run on a terminal, as systemd would."""
    line = f"line 3 of {{root}}/{_GETTY} {reason}"

    def prepare(judge: LoginJudge) -> None:
        add(judge, _GETTY, f"[Service]\nExecStart=\nExecStart=-{command}\n")

    return Way(
        prepare,
        lambda judge: judge.console(command),
        f"someone may be able to log in without a password, because {line}",
    )


_BY_GETTY = "starts a getty with arguments that may skip the password"


def _second_root(judge: LoginJudge) -> None:
    """An account that has fewer fields and other numbers than useradd writes."""
    add(judge, "etc/passwd", f"  toor:{hashed()}:+00:0::/\n")


def _second_root_with_key(judge: LoginJudge) -> None:
    add(judge, "etc/passwd", "toor:*:+00:0::/etc/toor:/bin/sh\n")
    add(judge, "etc/toor/.ssh/authorized_keys", judge.make_key("k"), 0o600)


def _keys_outside_homes(judge: LoginJudge) -> None:
    settings(
        judge, "AuthorizedKeysFile none\nMatch User root\nAuthorizedKeysFile /x /etc/k/%u.%U\n"
    )
    add(judge, "etc/k/root.0", judge.make_key("k"), 0o600)


def _certificate(before: str = "", after: str = "") -> Callable[[LoginJudge], None]:
    def prepare(judge: LoginJudge) -> None:
        settings(judge, f"{before}TrustedUserCAKeys /etc/ssh/ca.pub\n{after}")
        add(judge, "etc/ssh/ca.pub", judge.make_key("ca"))
        judge.make_key("k")
        judge.sign("ca", "k", "root")

    return prepare


def _keys_beside_other_lines(judge: LoginJudge) -> None:
    settings(judge, "authorizedkeysfile /etc/keys\n")
    add(judge, "etc/keys", f"{judge.make_key('k')}UUID=1 / ext4\n", 0o600)


def _certificate_in_match_block(judge: LoginJudge) -> None:
    settings(
        judge,
        "TrustedUserCAKeys none\nMatch User root\n  TrustedUserCAKeys /etc/ssh/ca.pub\n"
        "  AuthorizedPrincipalsFile /etc/ssh/principals\n",
    )
    add(judge, "etc/ssh/principals", "operators\n")
    add(judge, "etc/ssh/ca.pub", judge.make_key("ca"))
    judge.make_key("k")
    judge.sign("ca", "k", "operators")


def _certificate_of_a_home(judge: LoginJudge) -> None:
    add(judge, "root/.ssh/authorized_keys", f"cert-authority {judge.make_key('ca')}", 0o600)
    judge.make_key("k")
    judge.sign("ca", "k", "root")


def _command(judge: LoginJudge) -> None:
    settings(judge, "AuthorizedKeysCommand /opt/keys %u\nAuthorizedKeysCommandUser root\n")
    add(judge, "opt/keys", f"#!/bin/sh\necho '{judge.make_key('k').strip()}'\n", 0o755)


def _pam(text: str, *, is_alone: bool = False) -> Callable[[LoginJudge], None]:
    """Put lines before those of su, or in their place."""

    def prepare(judge: LoginJudge) -> None:
        file = judge.root / "etc/pam.d/su"
        lines = file.read_text().split("\n")
        kept = [line for line in lines if not (is_alone and line.startswith(("auth", "@")))]
        file.write_text(text + "\n".join(kept))
        # Another name than those that shared files usually have.
        add(judge, "etc/pam.d/zz", "auth sufficient pam_permit.so\n")

    return prepare


def _by_pam(line: int, name: str = "su") -> str:
    return (
        f"users that pam_permit accepts can log in, because line {line} of {{root}}/etc/pam.d/"
        f"{name} makes that sufficient"
    )


def _by_key(judge: LoginJudge) -> bool:
    return judge.ssh("root", key="k")


def _toor_by_key(judge: LoginJudge) -> bool:
    return judge.ssh("toor", key="k")


def _by_password(judge: LoginJudge) -> bool:
    return judge.ssh("root", password=SECRET)


def _by_su(judge: LoginJudge) -> bool:
    return judge.su("root", SECRET)


def _by_empty_password(judge: LoginJudge) -> bool:
    return judge.su("root", "")


WAYS: Dict[str, Way] = {
    "hash in shadow": Way(_hash_in("etc/shadow"), _by_su),
    "hash in shadow, by SSH": Way(_hash_in("etc/shadow"), _by_password),
    "hash in passwd": Way(_hash_in("etc/passwd"), _by_su),
    "hash in passwd, by SSH": Way(_hash_in("etc/passwd"), _by_password),
    "empty field in passwd": Way(
        lambda judge: set_field(judge, "etc/passwd", "root", ""), _by_empty_password
    ),
    "empty field in shadow": Way(
        lambda judge: set_field(judge, "etc/shadow", "root", ""), _by_empty_password
    ),
    "hash behind a lock": Way(_hash_in("etc/shadow", before="!"), _unlocked),
    "backup of shadow": Way(_backup, _restored),
    "backup of shadow with a date": _restored_from("etc/shadow-20240101"),
    "backup of shadow with a suffix": _restored_from("etc/shadow_bak"),
    "backup of shadow of an editor": _restored_from("etc/.shadow.swp"),
    "console with --autolog": _console("/sbin/agetty --autolog root -", _BY_GETTY),
    "console with -8a": _console("/sbin/agetty -8a root -", _BY_GETTY),
    "console with an option at the end": _console("/sbin/agetty - 9600 vt100 -aroot", _BY_GETTY),
    "console with options of login": _console("/sbin/agetty -n -o '-f root' -", _BY_GETTY),
    "console with another login program": _console("/sbin/agetty -nl /bin/bash -", _BY_GETTY),
    "console with login": _console("/bin/login -f root", "starts a shell"),
    "console with a shell": _console("/bin/bash -l", "starts a shell"),
    "second root": Way(_second_root, lambda judge: judge.su("toor", SECRET)),
    "second root with a key": Way(_second_root_with_key, _toor_by_key),
    "keys outside homes": Way(_keys_outside_homes, _by_key),
    "certificate of a home": Way(_certificate_of_a_home, _by_key),
    **{
        f"certificate: {before!r} {after!r}": Way(
            _certificate(before, after),
            _by_key,
            "anyone with a certificate of the CA in {root}/etc/ssh/ca.pub can log in, because line "
            f"{before.count(end) + 1} of {{root}}/etc/ssh/sshd_config.d/10-test.conf sets "
            "trustedusercakeys",
        )
        for before, after, end in (
            ("", "", "\n"),
            ("", "Match User sftp\n  PubkeyAuthentication no\n", "\n"),
            ("dsaauthentication yes\nPubkeyAuthentication no\n", "", "\n"),
        )
    },
    "keys beside other lines": Way(
        _keys_beside_other_lines,
        _by_key,
        "keys in {root}/etc/keys may allow logins, because AuthorizedKeysFile names it and "
        "deprovision keeps it: line 2 is not a key",
    ),
    "certificate in a Match block": Way(
        _certificate_in_match_block,
        _by_key,
        "anyone with a certificate of the CA in {root}/etc/ssh/ca.pub can log in, because line 3 "
        "of {root}/etc/ssh/sshd_config.d/10-test.conf sets trustedusercakeys",
    ),
    "program that prints keys": Way(
        _command,
        _by_key,
        "anyone with a key that {root}/opt/keys prints can log in, because line 1 of "
        "{root}/etc/ssh/sshd_config.d/10-test.conf sets authorizedkeyscommand",
    ),
    **{
        f"PAM: {text!r}": Way(_pam(text), _by_empty_password, _by_pam(line, name))
        for text, line, name in (
            ("auth sufficient pam_permit.so\n", 1, "su"),
            ("-AUTH \\\n Sufficient pam_permit.so\n", 2, "su"),
            ("auth [success = done default=ignore] [pam_permit.so]\n", 1, "su"),
            ("auth include zz\n", 1, "zz"),
            ("auth substack zz\nauth sufficient pam_permit.so\n", 2, "su"),
        )
    },
    "PAM: only pam_permit": Way(
        _pam("auth required pam_permit.so\naccount required pam_permit.so\n", is_alone=True),
        _by_empty_password,
        _by_pam(1),
    ),
}
