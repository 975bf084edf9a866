"""Stores of logins that deprovision does not change are named."""

from pathlib import Path
from typing import Dict

import pytest

from azprov.image.leftovers.open_logins import find_open_logins
from azprov.system.root import Root
from images import azprov
from sound_image import change

CLOUD = {"usr/bin/cloud-init": ""}
CLOUD_FILE = "etc/cloud/cloud.cfg.d/99-installer.cfg"
EXTENSION = (
    "someone may be able to log in, because {root}/%s is merged into the system at boot and was "
    "not examined"
)
SNAPSHOT = "the snapshot in {root}/%s may have earlier passwords of users and private keys"
RECORD = "a user may log in with the password or keys in the user record {root}/%s"
SEED = (
    "someone may be able to log in, because {root}/%s lets cloud-init set up users or run "
    "commands at the first boot"
)
BY_CLOUD_INIT = (
    "someone may be able to log in, because line %d of {root}/"
    f"{CLOUD_FILE} lets cloud-init set up users or run commands at the first boot"
)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"home/ops.homedir/.identity": "{}"}, RECORD % "home/ops.homedir"),
        ({"home/ops.home": "x"}, RECORD % "home/ops.home"),
        (
            {"var/lib/confexts/a/etc/ssh/sshd_config.d/a.conf": ""},
            EXTENSION % "var/lib/confexts/a",
        ),
        ({"var/lib/extensions/a.raw": "x"}, EXTENSION % "var/lib/extensions/a.raw"),
        ({"etc/extensions/a/usr/bin/a": "x"}, EXTENSION % "etc/extensions/a"),
        ({".snapshots/1/snapshot/etc/shadow": "x"}, SNAPSHOT % ".snapshots/1/snapshot"),
        (
            {"timeshift/snapshots/2/localhost/etc/shadow": ""},
            SNAPSHOT % "timeshift/snapshots/2/localhost",
        ),
        (
            {"ostree/deploy/fedora/deploy/a.0/etc/shadow": "root:$6$a::::::\n"},
            "the deployment in {root}/ostree/deploy/fedora/deploy/a.0 may have earlier passwords "
            "of users and private keys",
        ),
        ({CLOUD_FILE: "a: b\nusers:\n- name: ops\n  passwd: $6$a\n", **CLOUD}, BY_CLOUD_INIT % 3),
        (
            {CLOUD_FILE: "users: [{name: a, ssh_authorized_keys: [a]}]\n", **CLOUD},
            BY_CLOUD_INIT % 1,
        ),
        ({CLOUD_FILE: "password: a\nchpasswd: {expire: false}\n", **CLOUD}, BY_CLOUD_INIT % 1),
        *(
            ({CLOUD_FILE: f"# comment\n{lines}\n", **CLOUD}, BY_CLOUD_INIT % number)
            for lines, number in (
                ("runcmd:\n- [useradd, ops]", 2),
                ("bootcmd: [echo]", 2),
                ("{a: b, 'runcmd' : [a]}", 2),
                ("write_files:\n- path: /root/.ssh/authorized_keys", 2),
                ("chpasswd:\n  list: |\n    root:secret", 2),
                ("ssh_authorized_keys: [ssh-ed25519 AAAA]", 2),
                ("users: [default, ops]", 2),
                ("users:\n- default # cloud-init's\n- {name: ops, ssh-authorized-keys: [a]}", 4),
                ("users:\n  - default\n  - name: ops", 4),
                ("users:\n  ops: {}\nruncmd: [a]", 4),
                ("datasource:\n  NoCloud:\n    user-data: |\n      #!/bin/sh", 4),
                ("datasource:\n  NoCloud: {seedfrom: 'http://a/'}", 3),
                ("conf_d: /opt/settings", 2),
            )
        ),
        ({"boot/firmware/user-data": "#!/bin/sh\n", **CLOUD}, SEED % "boot/firmware/user-data"),
        (
            {"boot/ignition/config.ign": "{}"},
            "someone may be able to log in, because {root}/boot/ignition/config.ign lets Ignition "
            "set up users or run commands at the first boot",
        ),
        (
            {"etc/extensions/a.raw": "-> /opt/extensions/a/a-1.raw"},
            EXTENSION % "etc/extensions/a.raw",
        ),
        (
            {"usr/local/lib/confexts/a.raw": "x"},
            EXTENSION % "usr/local/lib/confexts/a.raw",
        ),
        (
            {"etc/extensions/a.raw": "-> /usr/../var/a.raw"},
            EXTENSION % "etc/extensions/a.raw",
        ),
        (
            {"etc/default/dropbear": 'A=b\nDROPBEAR_EXTRA_ARGS="-s -D /srv/keys"\n'},
            "keys that deprovision does not find may allow logins, because line 2 of "
            "{root}/etc/default/dropbear gives dropbear another folder of keys",
        ),
    ],
)
def test_a_store_of_logins_is_named(files: Dict[str, str], what: str, tmp_path: Path) -> None:
    """deprovision cannot tell whether such a store is intended, so it names it and exits 1."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    change(tmp_path, files)

    (login,) = find_open_logins(Root(str(tmp_path)))
    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert login.what == what.format(root=tmp_path)
    assert (code, login.what in log) == (1, True)


@pytest.mark.parametrize(
    "files",
    [
        {CLOUD_FILE: "users:\n- name: ops\n  passwd: $6$a\n"},
        {CLOUD_FILE: "password: a\n", "etc/cloud/cloud-init.disabled": "", **CLOUD},
        {
            "etc/cloud/cloud.cfg": "users:\n  - default\ndisable_root: true\n"
            "cloud_config_modules:\n  - ssh_import_id\n  - set_passwords\nsystem_info:\n"
            "  default_user:\n    name: debian\n    lock_passwd: True\nssh_pwauth: false\n",
            CLOUD_FILE: "# password: a\n",
            **CLOUD,
        },
        {
            "etc/cloud/cloud.cfg": "users: [default]\ncloud_init_modules:\n  - bootcmd\n"
            "  - write_files\n  - users_groups\n  - [runcmd, always]\ndatasource_list: [Azure]\n"
            "system_info:\n  default_user: {name: azureuser, lock_passwd: true}\n",
            "etc/cloud/cloud.cfg.d/05_logging.cfg": "output: {all: '| tee -a /var/log/a.log'}\n",
            "boot/firmware/user-data": "",
            **CLOUD,
        },
        {
            "usr/share/flatcar/sysext/docker-flatcar.raw": "x",
            "etc/extensions/docker-flatcar.raw": "-> /usr/share/flatcar/sysext/docker-flatcar.raw",
            "etc/extensions/containerd-flatcar.raw": "-> /dev/null",
            "etc/extensions/oem-azure.raw": "-> /oem/sysext/oem-azure-4230.2.0.raw",
            "var/lib/extensions/oem-azure.raw": "-> ../../../oem/sysext/oem-azure-4230.2.0.raw",
            "usr/lib/confexts/vendor.raw": "x",
        },
        {".snapshots/1/info.xml": "", "home/ops/a": ""},
        {".snapshots/1/snapshot": "-> /", "etc/shadow": "root:*:::::::\n"},
        {
            # With composefs, only /etc is the same folder.
            "ostree/deploy/fedora/deploy/a.0/etc": "-> /etc",
            "ostree/deploy/fedora/deploy/b.0": "-> /",
            "etc/shadow": "root:*:::::::\n",
        },
        {"etc/default/dropbear": '#DROPBEAR_EXTRA_ARGS="-D /a"\nDROPBEAR_RECEIVE_WINDOW=65536\n'},
    ],
)
def test_a_system_without_such_a_store_is_silent(files: Dict[str, str], tmp_path: Path) -> None:
    """cloud-init's defaults lock its user, and openSUSE's system is a snapshot itself."""
    change(tmp_path, files)

    assert find_open_logins(Root(str(tmp_path))) == []


def test_a_seed_of_cloud_init_is_named_and_kept(tmp_path: Path) -> None:
    """An image maker wrote it, as `cloud-init clean` assumes, so deprovision exits 1."""
    seed = "var/lib/cloud/seed/nocloud-net/user-data"
    (tmp_path / "usr/bin").mkdir(parents=True)
    change(tmp_path, {seed: "#cloud-config\nruncmd: [a]\n", **CLOUD})

    code, _, _ = azprov("deprovision", "--root", tmp_path, "--yes")

    logins = [login.what for login in find_open_logins(Root(str(tmp_path)))]
    assert logins == [SEED.format(root=tmp_path) % seed]
    assert (code, (tmp_path / seed).exists()) == (1, True)
