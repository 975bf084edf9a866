"""install and uninstall write and remove exactly the documented files."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azprov.errors import HostError
from azprov.image.install import install
from azprov.image.python import check_python, find_python
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from images import MODULES, add_python, files, tree
from project import ROOT
from pyz import PYZ, azprov
from shells import SHELLS, command_of

UNIT = "azure-provisioning.service"
SHIPPED = (ROOT / "unit" / UNIT).read_text()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with a merged /usr, and with links as distributions make them."""
    root = tmp_path / "image"
    add_python(root)
    (root / "bin").symlink_to("usr/bin")
    (root / "etc").mkdir()
    return root


NO_USER = (
    "The first boot creates no user, so the user that a deployment names will not exist on its VM; "
    "to have the user, install with --admin-user\n"
)
INSTALLED = [
    "etc/systemd/system-preset/00-azprov.preset",
    "etc/systemd/system/azure-provisioning.service",
    "etc/systemd/system/multi-user.target.wants/azure-provisioning.service",
    "usr/local/bin/azprov",
    "usr/local/lib/azprov/azprov.pyz",
]


def test_install_writes_the_documented_files(image: Path) -> None:
    """install writes exactly the documented files, with their modes and link targets."""
    before = files(image)

    code, out, err = azprov("install", "--root", image)

    assert (code, err) == (0, NO_USER)
    assert sorted(set(files(image)) - set(before)) == INSTALLED
    assert out.splitlines() == [
        f"installed {image}/usr/local/lib/azprov/azprov.pyz",
        f"installed {image}/usr/local/bin/azprov",
        f"installed {image}/etc/systemd/system/azure-provisioning.service",
        f"installed {image}/etc/systemd/system-preset/00-azprov.preset",
        f"installed {image}/etc/systemd/system/multi-user.target.wants/azure-provisioning.service",
    ]
    pyz = image / "usr/local/lib/azprov/azprov.pyz"
    assert pyz.read_bytes() == PYZ.read_bytes()
    assert stat.S_IMODE(pyz.stat().st_mode) == 0o755
    assert os.readlink(image / "usr/local/bin/azprov") == "/usr/local/lib/azprov/azprov.pyz"
    unit = image / "etc/systemd/system" / UNIT
    assert stat.S_IMODE(unit.stat().st_mode) == 0o644
    assert unit.read_text().startswith(SHIPPED)
    link = image / "etc/systemd/system/multi-user.target.wants" / UNIT
    assert os.readlink(link) == f"/etc/systemd/system/{UNIT}"


@pytest.mark.parametrize("options", [["--admin-user"], ["--ssh-keys", "root"]])
def test_install_says_nothing_about_users_if_the_first_boot_has_one(
    image: Path, options: List[str]
) -> None:
    """The sentence about the missing user is only for images that give no one keys."""
    (image / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")

    assert azprov("install", "--root", image, *options)[2] == ""


def test_install_is_idempotent(image: Path) -> None:
    """A second install changes nothing and says so."""
    azprov("install", "--root", image)
    once = tree(image)

    assert azprov("install", "--root", image) == (0, "everything is already installed\n", "")
    assert tree(image) == once


def test_install_repairs_a_damaged_installation(image: Path) -> None:
    """A second install restores the content, the modes and the links."""
    azprov("install", "--root", image)
    good = tree(image)
    pyz = image / "usr/local/lib/azprov/azprov.pyz"
    pyz.write_bytes(b"half")
    pyz.chmod(0o600)
    (image / "usr/local/bin/azprov").unlink()

    assert azprov("install", "--root", image)[0] == 0
    assert tree(image) == good

    pyz.chmod(0o600)
    assert azprov("install", "--root", image)[1] == f"installed {pyz}\n"
    assert tree(image) == good


def owners(image: Path) -> Dict[str, Tuple[int, int]]:
    found = {}
    for name in [*INSTALLED, "usr/local/lib/azprov"]:
        status = (image / name).lstat()
        found[name] = (status.st_uid, status.st_gid)
    return found


@pytest.mark.needs("root")
def test_files_installed_by_root_belong_to_root(image: Path) -> None:
    """Installed files belong to root even in a setgid folder, or if an old file did not."""
    (image / "usr/local/lib").mkdir(parents=True)
    # A group without members cannot change what is installed.
    (image / "etc/group").write_text("root:x:0:\nstaff:x:50:\n")
    os.chown(image / "usr/local/lib", 0, 50)
    (image / "usr/local/lib").chmod(0o2775)
    azprov("install", "--root", image)
    assert set(owners(image).values()) == {(0, 0)}

    pyz = image / "usr/local/lib/azprov/azprov.pyz"
    unit = image / "etc/systemd/system" / UNIT
    os.chown(pyz, 1000, 1000)
    os.chown(unit, 0, 1000)
    _, out, _ = azprov("install", "--root", image)
    assert out.splitlines() == [f"installed {pyz}", f"installed {unit}"]
    assert set(owners(image).values()) == {(0, 0)}


@pytest.mark.needs("root")
def test_files_installed_by_a_user_belong_to_that_user(image: Path) -> None:
    """An ordinary user cannot change owners, so install does not try."""
    for path in (image, *image.rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)
    root = Root(str(image))

    for _ in range(2):
        with root.as_user((1000, 1000)) as user_root, acting_as(1000, 1000):
            install(user_root, b"x", SHIPPED, [], init=SYSTEMD, enable=True, force=False)

    assert set(owners(image).values()) == {(1000, 1000)}


def test_no_enable_removes_the_link(image: Path) -> None:
    """The service is disabled afterwards, even if it was enabled before."""
    link = image / "etc/systemd/system/multi-user.target.wants" / UNIT
    azprov("install", "--root", image)
    assert link.is_symlink()

    code, out, _ = azprov("install", "--root", image, "--no-enable")

    preset = image / "etc/systemd/system-preset/00-azprov.preset"
    assert (code, out) == (0, f"removed {link}\nremoved {preset}\n")
    assert not link.is_symlink()
    azprov("install", "--root", image)
    assert link.is_symlink()


FOREIGN = {
    "usr/local/bin/azprov": "is a different command",
    "lib/systemd/system/azure-provisioning.service": "is a service of the same name",
    "usr/lib/systemd/system/azure-provisioning.service": "is a service of the same name",
}


@pytest.mark.parametrize("path", FOREIGN)
def test_foreign_files_are_replaced_only_with_force(image: Path, path: str) -> None:
    """Without --force, another command or a service of the same name stops install."""
    (image / path).parent.mkdir(parents=True, exist_ok=True)
    (image / path).write_text("another program")
    before = tree(image)

    code, _, err = azprov("install", "--root", image)

    assert code == 73
    assert FOREIGN[path] in err
    assert tree(image) == before
    assert azprov("install", "--root", image, "--force")[0] == 0


def test_ssh_keys_needs_an_existing_user(image: Path) -> None:
    """A missing user stops install, even with --force."""
    (image / "etc/passwd").write_text("ops:x:1000:1000::/home/ops:/bin/sh\n")
    before = tree(image)

    code, _, err = azprov("install", "--root", image, "--force", "--ssh-keys", "opps")

    assert (code, tree(image)) == (2, before)
    assert "there is no user 'opps'" in err


def test_a_service_account_gets_no_ssh_keys(image: Path) -> None:
    """Root and a system user with a login shell, such as Flatcar's core, are no such account."""
    (image / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
        "core:x:500:500::/home/core:/bin/bash\n"
    )
    before = tree(image)

    code, _, err = azprov("install", "--root", image, "--force", "--ssh-keys", "daemon")

    assert (code, tree(image)) == (2, before)
    assert err == (
        "azprov: daemon is a service account, with UID 1 and the shell /usr/sbin/nologin, and "
        "gets no SSH keys; name the account of a person, or use --admin-user to create the "
        "platform's admin user\n"
    )
    for name in ("root", "core"):
        assert azprov("install", "--root", image, "--force", "--ssh-keys", name)[0] == 0


def test_a_service_with_other_options_is_replaced_only_with_force(image: Path) -> None:
    """The message says that the service is an azprov service with different options."""
    azprov("install", "--root", image)

    code, _, err = azprov("install", "--root", image, "--keep-enabled")

    assert code == 73
    assert (
        "is an azprov service with different options, from another version, or edited (it has no "
        "options, and the new one would have the options --keep-enabled); replace it with --force"
    ) in err
    code, _, err = azprov("install", "--root", image, "--keep-enabled", "--force")
    assert (code, err) == (
        0,
        f"The service had no options, and now has the options --keep-enabled\n{NO_USER}",
    )
    assert " provision --keep-enabled\n" in (image / "etc/systemd/system" / UNIT).read_text()


EXTRAS = {
    "nothing more": [],
    "folders that are there": ["etc/systemd/system/multi-user.target.wants", "usr/local/bin"],
    "an empty folder of ours": ["usr/local/lib"],
}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("options", [[], ["--no-enable"], ["--keep-enabled", "--no-hostname"]])
def test_uninstall_undoes_install(image: Path, extra: str, options: List[str]) -> None:
    """Folders that install made are removed, and older folders are kept."""
    for folder in EXTRAS[extra]:
        (image / folder).mkdir(parents=True, exist_ok=True)
    before = tree(image)

    assert azprov("install", "--root", image, *options)[0] == 0
    assert azprov("install", "--root", image, *options)[0] == 0
    assert tree(image) != before
    assert azprov("uninstall", "--root", image)[0] == 0

    assert tree(image) == before
    assert azprov("uninstall", "--root", image) == (0, "azprov is not installed\n", "")


def test_uninstall_removes_the_folders_of_a_failed_install(image: Path) -> None:
    """A folder is noted in the service file before it is made."""
    before = tree(image)
    (image / "etc/systemd/system").mkdir(parents=True)
    (image / "usr/local").mkdir()
    (image / "usr/local/bin").symlink_to("/no/such")
    assert azprov("install", "--root", image)[0] == 73
    (image / "usr/local/bin").unlink()

    assert azprov("install", "--root", image)[0] == 0
    azprov("uninstall", "--root", image)

    left = sorted(set(tree(image)) - set(before))
    assert left == ["etc/systemd", "etc/systemd/system", "usr/local"]


def test_uninstall_keeps_a_link_that_replaced_a_folder(image: Path) -> None:
    """A link or file at the path of a folder that install made belongs to someone else."""
    azprov("install", "--root", image)
    (image / "usr/local/bin/azprov").unlink()
    (image / "usr/local/bin").rmdir()
    (image / "usr/local/bin").symlink_to("/srv")
    (image / "srv").mkdir()

    assert azprov("uninstall", "--root", image)[0] == 0

    assert (image / "usr/local/bin").is_symlink()


def test_uninstall_keeps_foreign_files(image: Path) -> None:
    """A service and a command of the same name are kept if they do not start azprov."""
    (image / "etc/systemd/system").mkdir(parents=True)
    (image / "etc/systemd/system" / UNIT).write_text("[Service]\nExecStart=/bin/other\n")
    (image / "usr/local/bin").mkdir(parents=True)
    (image / "usr/local/bin/azprov").symlink_to("/opt/other")
    before = tree(image)

    azprov("uninstall", "--root", image)

    assert tree(image) == before


@pytest.mark.parametrize(
    ("kind", "said"), [("other", "is a different service"), ("masked", "is masked")]
)
def test_a_foreign_or_masked_service_is_replaced_only_with_force(
    image: Path, kind: str, said: str
) -> None:
    """Without --force the failure is reported before the first change."""
    unit = image / "etc/systemd/system" / UNIT
    unit.parent.mkdir(parents=True)
    if kind == "masked":
        unit.symlink_to("/dev/null")
    else:
        unit.write_text("[Service]\nExecStart=/usr/bin/python3 /usr/local/azure-provisioning.py\n")
    before = tree(image)

    code, out, err = azprov("install", "--root", image)

    assert (code, out) == (73, "")
    assert said in err
    assert "--force" in err
    assert tree(image) == before
    assert azprov("install", "--root", image, "--force")[0] == 0
    assert not unit.is_symlink()
    assert unit.read_text().startswith(SHIPPED)


def test_absolute_links_stay_inside_the_image(tmp_path: Path, image: Path) -> None:
    """If /etc and /usr/local are absolute links, install follows them inside the image."""
    (image / "etc").rmdir()
    (image / "data/etc").mkdir(parents=True)
    (image / "data/local").mkdir()
    (image / "etc").symlink_to("/data/etc")
    (image / "usr/local").symlink_to("/data/local")

    assert azprov("install", "--root", image)[0] == 0

    assert (image / "data/etc/systemd/system" / UNIT).is_file()
    assert (image / "data/local/lib/azprov/azprov.pyz").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image"]


def test_the_service_has_the_options_of_install(image: Path) -> None:
    """The command has the steps and the Python; `unit` prints the same and changes nothing."""
    add_python(image, 9, "usr/local/bin/python3", link=False)
    options = ["--no-hostname", "--keep-enabled", "--python", "/usr/local/bin/python3"]
    before = tree(image)

    _, printed, _ = azprov("unit", "--root", image, *options)
    assert tree(image) == before
    azprov("install", "--root", image, *options)

    command = (
        "ExecStart=/usr/local/bin/python3 -I /usr/local/lib/azprov/azprov.pyz "
        "provision --no-hostname --keep-enabled"
    )
    assert command in printed.splitlines()
    assert (image / "etc/systemd/system" / UNIT).read_text().startswith(printed)


@pytest.mark.parametrize(
    "options",
    [[], ["--admin-user"], ["--ssh-keys", "ops"], ["--init", "openrc", "--admin-user"]],
    ids=" ".join,
)
def test_unit_prints_what_install_writes(image: Path, options: List[str]) -> None:
    """The texts differ only in the note of folders, for all options and init systems."""
    (image / "etc").mkdir(exist_ok=True)
    (image / "etc/passwd").write_text("ops:x:1000:1000::/home/ops:/bin/sh\n")

    _, printed, _ = azprov("unit", "--root", image, *options)
    assert azprov("install", "--root", image, *options)[0] == 0

    file = "etc/init.d/azure-provisioning" if "openrc" in options else f"etc/systemd/system/{UNIT}"
    written, _, note = (image / file).read_text().partition("# Folders that `install` made")
    assert written.replace("[X-azprov]\n", "").rstrip() == printed.rstrip()
    assert len(note.splitlines()) == 2


def test_the_shipped_service_is_the_default_one() -> None:
    """dist/ has the service that install writes for /usr/bin/python3 without options."""
    assert render_unit("/usr/bin/python3", []) == SHIPPED


@pytest.mark.parametrize("word", ["/a b", "/a%h", "/a$X", "/a;b", "/a'b", "/a\\b", "/a\nb", ""])
def test_words_that_systemd_would_expand_are_refused(word: str) -> None:
    """A word of the command that systemd would expand or split is an error."""
    with pytest.raises(HostError, match="cannot be used in a service file"):
        render_unit(word, [])


PYTHONS: Dict[str, Tuple[List[Tuple[str, int]], str]] = {
    "the usual": ([("usr/bin/python3", 11), ("usr/local/bin/python3", 13)], "/usr/bin/python3"),
    "platform-python": ([("usr/libexec/platform-python", 6)], "/usr/libexec/platform-python"),
    "the newest": ([("usr/bin/python3.9", 9), ("usr/bin/python3.12", 12)], "/usr/bin/python3.12"),
    "local": ([("usr/local/bin/python3", 8)], "/usr/local/bin/python3"),
    "too old, then one": ([("usr/bin/python3", 5), ("usr/bin/python3.8", 8)], "/usr/bin/python3.8"),
}


@pytest.mark.parametrize("case", PYTHONS)
def test_the_python_of_the_image_is_found(tmp_path: Path, case: str) -> None:
    """The documented order decides, and a Python that cannot run azprov is skipped."""
    pythons, found = PYTHONS[case]
    for path, minor in pythons:
        add_python(tmp_path, minor, path, link=path.endswith(("bin/python3", "platform-python")))

    assert find_python(Root(str(tmp_path))).path == found


LACKING: Dict[str, Tuple[Optional[int], str, str]] = {
    "none": (None, "", "there is no Python 3 in "),
    "too old": (5, "", "/usr/bin/python3 is Python 3.5"),
    "minimal": (11, "http", "/usr/bin/python3 lacks the modules http"),
}


@pytest.mark.parametrize("case", LACKING)
def test_an_image_without_a_usable_python_is_refused(tmp_path: Path, case: str) -> None:
    """The message says what is missing, and nothing is changed."""
    minor, lack, said = LACKING[case]
    (tmp_path / "usr/bin").mkdir(parents=True)
    if minor is not None:
        add_python(tmp_path, minor, lack=lack)
    before = tree(tmp_path)

    code, _, err = azprov("install", "--root", tmp_path)

    assert code == 73
    assert said in err
    assert "install a complete python3" in err
    assert tree(tmp_path) == before


def test_the_python_of_the_option_is_examined(tmp_path: Path) -> None:
    """A path that is missing, not executable or no Python is refused."""
    root = Root(str(tmp_path))
    with pytest.raises(HostError, match="there is no "):
        check_python(root, "/opt/python3")

    with pytest.raises(HostError, match="is not an absolute path"):
        check_python(root, "python3")

    add_python(tmp_path, link=False)
    (tmp_path / "usr/bin/sh").write_text("")
    (tmp_path / "usr/bin/sh").chmod(0o755)
    with pytest.raises(HostError, match="does not have the name of a Python"):
        check_python(root, "/usr/bin/sh")
    (tmp_path / "usr/bin/python3").chmod(0o644)
    with pytest.raises(HostError, match="is not executable"):
        check_python(root, "/usr/bin/python3")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minor=st.integers(0, 20), lack=st.sampled_from(["", *MODULES]))
def test_a_complete_python_from_3_6_on_is_accepted(
    tmp_path_factory: pytest.TempPathFactory, minor: int, lack: str
) -> None:
    """An older or incomplete Python is refused."""
    root = tmp_path_factory.mktemp("image")
    add_python(root, minor, lack=lack)

    try:
        found: Optional[int] = find_python(Root(str(root))).minor
    except HostError:
        found = None

    assert found == (minor if minor >= 6 and not lack else None)


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A copy of dist/, as an air-gapped build gets it."""
    folder = tmp_path / "carried in"
    shutil.copytree(PYZ.parent, folder)
    return folder


def install_sh(shell: str, delivery: Path, *argv: object) -> Tuple[int, str, str]:
    done = subprocess.run(
        [*command_of(shell), str(delivery / "install.sh"), *map(str, argv)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_install_sh_runs_install(shell: str, delivery: Path, image: Path) -> None:
    """install.sh works from a folder with a space in its name and from any working folder."""
    code, _, err = install_sh(shell, delivery, "--root", image, "--keep-enabled")

    assert (code, err) == (0, NO_USER)
    assert set(INSTALLED) <= set(files(image))
    assert " provision --keep-enabled\n" in (image / "etc/systemd/system" / UNIT).read_text()
    assert install_sh(shell, delivery, "--root", image / "none")[0] == 2


def damage_delivery(how: str, delivery: Path) -> None:
    sums = delivery / "SHA256SUMS"
    if how == "altered":
        with (delivery / "azprov.pyz").open("ab") as archive:
            archive.write(b"x")
    elif how == "missing":
        (delivery / UNIT).unlink()
    elif how == "no sums":
        sums.unlink()
    elif how == "an unreadable line":
        # GNU's sha256sum -c ignores this line, and so does not check its file.
        (delivery / "azprov.pyz").write_bytes(b"x")
        sums.write_text("X" + sums.read_text()[1:])
    else:
        sums.write_text("".join(sums.read_text().splitlines(keepends=True)[1:]))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("altered", "checksum does not match: azprov.pyz in FOLDER"),
        ("missing", f"checksum does not match: {UNIT} in FOLDER"),
        ("no sums", "there is no FOLDER/SHA256SUMS"),
        ("an unreadable line", "FOLDER/SHA256SUMS is damaged"),
        ("a line less", "FOLDER/SHA256SUMS is damaged"),
    ],
)
def test_install_sh_refuses_a_damaged_copy(
    shell: str, how: str, said: str, delivery: Path, image: Path
) -> None:
    """Every file of dist/ has to have the checksum of the build."""
    damage_delivery(how, delivery)
    before = tree(image)

    code, out, err = install_sh(shell, delivery, "--root", image)

    assert (code, out) == (73, "")
    sentence = said.replace("FOLDER", str(delivery))
    assert err == f"install.sh: {sentence}; copy all of dist/ again\n"
    assert tree(image) == before


def test_install_sh_detects_any_damage_to_the_checksums(delivery: Path, image: Path) -> None:
    """One bit is flipped in every seventh byte of SHA256SUMS, and nothing is installed."""
    sums = (delivery / "SHA256SUMS").read_bytes()
    script = (ROOT / "unit/install.sh").read_text().replace("exec ", "echo installs; exit; exec ")
    (delivery / "install.sh").write_text(script)

    for number in range(0, len(sums), 7):
        flipped = bytes([sums[number] ^ 1 << number % 7])
        (delivery / "SHA256SUMS").write_bytes(sums[:number] + flipped + sums[number + 1 :])
        code, out, _ = install_sh("dash", delivery, "--root", image)
        assert (code, out) == (73, ""), number


def test_install_sh_can_be_called_through_a_link(
    delivery: Path, image: Path, tmp_path: Path
) -> None:
    """install.sh uses the files beside the target of the link."""
    link = tmp_path / "install.sh"
    link.symlink_to(delivery / "install.sh")

    done = subprocess.run(
        ["sh", link, "--root", image], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, NO_USER)


@pytest.mark.needs("shellcheck")
@pytest.mark.parametrize(
    "script",
    [
        "install.sh",
        "azure-provisioning.openrc",
        "azure-provisioning.runit",
        "azure-provisioning.sysvinit",
    ],
)
def test_shellcheck_accepts_the_scripts(script: str) -> None:
    """shellcheck reports nothing for POSIX sh."""
    check = subprocess.run(
        ["shellcheck", "--shell=sh", ROOT / "unit" / script],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (check.returncode, check.stdout) == (0, "")


@pytest.mark.needs("systemd-analyze")
def test_systemd_accepts_the_service() -> None:
    """systemd-analyze verify reports nothing if the program exists."""
    check = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", ROOT / "unit" / UNIT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (check.returncode, check.stdout + check.stderr) == (0, "")


def test_a_failed_install_lists_what_it_has_written(image: Path) -> None:
    """The command's text and its JSON name the paths; a first installation is taken back."""
    link = image / "etc/systemd/system/multi-user.target.wants" / UNIT
    link.mkdir(parents=True)
    written = [f"/etc/systemd/system/{UNIT}", "/etc/systemd/system-preset/00-azprov.preset"]

    code, out, err = azprov("install", "--root", image)

    assert (code, out) == (73, "")
    assert str(link) in err
    assert not (image / "usr/local/lib/azprov").exists()
    assert not link.exists()
    assert azprov("install", "--root", image, "--no-enable")[0] == 0
    link.mkdir(parents=True)
    code, out, _ = azprov("install", "--root", image)
    assert (code, out) == (73, "".join(f"installed {image}{path}\n" for path in written))
    code, out, _ = azprov("install", "--root", image, "--json")
    answer = json.loads(out)
    assert (answer["ok"], answer["exit_code"], answer["changed"]) == (False, 73, [])
    assert str(link) in answer["error"]["summary"]
