"""Files that users other than root can change although root runs them at the first boot."""

import ast
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Optional

import pytest

from access_lists import allow
from azprov.check.finding import Finding
from azprov.errors import HostError
from azprov.image.install import install
from azprov.image.leftovers.catalogue_of_logs import TEMPORARY_FOLDERS
from azprov.image.ownership import PROGRAMS, Unsafe, find_unsafe, fix
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD, InitSystem
from azprov.system.init.openrc import OPENRC as OPENRC_INIT
from azprov.system.root import Root
from check.image_changes import found_by
from images import changes
from project import ROOT, SMALL_ARCHIVE
from sound_image import OPENRC, SYSTEM, WANTS, change

USER = 1000
PYZ = "usr/local/lib/azprov/azprov.pyz"
SERVICE = f"{SYSTEM}/azure-provisioning.service"
LIBRARY = "usr/lib/python3.11"
#: What root runs or reads at the first boot, with the folders on the way to it.
FOLDERS = (
    ".",
    "usr",
    "usr/local",
    "usr/local/lib",
    "usr/local/lib/azprov",
    "usr/local/bin",
    "etc",
    "etc/systemd",
    SYSTEM,
    WANTS,
    f"{SERVICE}.d",
    f"{SYSTEM}/service.d",
    "var",
    "var/lib",
    "var/lib/azprov",
    "usr/bin",
    "usr/bin/python3.11",
    "usr/bin/pyvenv.cfg",
    "usr/lib",
    LIBRARY,
    f"{LIBRARY}/dist-packages",
    "etc/python3.11",
    "etc/python3.11/sitecustomize.py",
    "usr/lib/python311.zip",
    "usr/lib/python3",
    "usr/lib/python3/dist-packages",
    "usr/local/lib/python3.11",
    "usr/local/lib/python3.11/site-packages",
    "etc/ld.so.preload",
    "usr/bin/dash",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib64/ld-linux-x86-64.so.2",
    "usr/local/sbin",
    "usr/local/sbin/getent",
    "usr/sbin",
    "usr/sbin/useradd",
    "usr/bin/systemctl",
)
#: Files that `install` writes again, and does not have to trust.
REPLACED = (PYZ, SERVICE)
#: Files below the folder that the sentence names.
INSIDE = (
    (LIBRARY, f"{LIBRARY}/os.py"),
    (LIBRARY, f"{LIBRARY}/http"),
    (LIBRARY, f"{LIBRARY}/lib-dynload/a/b.so"),
    ("usr/lib/python3/dist-packages", "usr/lib/python3/dist-packages/attack.pth"),
    (
        "usr/lib/python3/dist-packages",
        "usr/lib/python3/dist-packages/__pycache__/sitecustomize.cpython-311.pyc",
    ),
)


@pytest.fixture
def debian(image: Path) -> Path:
    """A sound image with everything that Debian's Python reads when it starts."""
    change(
        image,
        {
            "etc/python3.11/sitecustomize.py": "",
            f"{LIBRARY}/sitecustomize.py": "-> /etc/python3.11/sitecustomize.py",
            f"{LIBRARY}/os.py": "",
            f"{LIBRARY}/lib-dynload/a/b.so": "",
            f"{LIBRARY}/dist-packages/README": "",
            f"{LIBRARY}/test/data": "",
            "usr/lib/python311.zip": "",
            "etc/ld.so.preload": "",
            "usr/bin/dash": "program",
            "bin": "-> usr/bin",
            "usr/bin/sh": "-> dash",
            "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0": "",
            "usr/lib/x86_64-linux-gnu/libc.so.6": "",
            "usr/lib64/ld-linux-x86-64.so.2": "",
            "usr/lib/python3/dist-packages/attack.pth": "",
            "usr/lib/python3/dist-packages/attack/deeper.py": "",
            "usr/lib/python3/dist-packages/__pycache__/sitecustomize.cpython-311.pyc": "",
            "usr/local/lib/python3.11/site-packages/README": "",
            "usr/bin/pyvenv.cfg": "home = /usr/bin\n",
            "usr/local/sbin/getent": "",
            "usr/sbin/useradd": "",
            "usr/bin/systemctl": "",
            f"{SERVICE}.d/local.conf": "[Service]\n",
            f"{SYSTEM}/service.d/local.conf": "[Service]\n",
            "var/lib/azprov/state.json": "{}",
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nsync:x:4:0::/bin:/bin/sync\n",
            "etc/group": "root:x:0:root\nstaff:x:50:\nbuilders:x:60:builder\n",
        },
    )
    image.chmod(0o755)
    return image


def found(image: Path) -> List[Finding]:
    return found_by(image, "program-unguarded")


def install_again(image: Path, init: InitSystem = SYSTEMD) -> None:
    install(
        Root(str(image)),
        SMALL_ARCHIVE,
        render_unit("/usr/bin/python3", [], init=init),
        [],
        init=init,
        enable=True,
        force=True,
        python="/usr/bin/python3",
    )


def outside(image: Path, path: str) -> str:
    return f"{image}/" if path == "." else f"{image}/{path}"


@pytest.mark.parametrize("path", [*FOLDERS, *REPLACED])
def test_a_file_or_folder_that_everyone_can_write_is_found(debian: Path, path: str) -> None:
    """check names the file that everyone can write, and its fix takes the right away."""
    real = debian / path
    real.chmod(real.stat().st_mode | 0o002)
    shown = outside(debian, path)

    (finding,) = found(debian)

    assert finding == Finding(
        "program-unguarded",
        "warning",
        f"users other than root can change {shown}, and so choose what root runs at the first boot",
        f"chmod go-w {shown}",
    )
    subprocess.run(["sh", "-ec", finding.fix], check=True)
    assert found(debian) == []


@pytest.mark.needs("root")
@pytest.mark.parametrize("path", [*FOLDERS, *REPLACED])
def test_a_file_or_folder_of_another_user_is_found(debian: Path, path: str) -> None:
    """check names the file of another user, and its fix gives the file to root."""
    os.chown(debian / path, USER, USER)

    (finding,) = found(debian)

    assert finding.fix == f"chown root:root {outside(debian, path)}"
    subprocess.run(["sh", "-ec", finding.fix], check=True)
    assert found(debian) == []


@pytest.mark.needs("root")
@pytest.mark.parametrize(("folder", "path"), INSIDE)
def test_a_module_of_another_user_is_found(debian: Path, folder: str, path: str) -> None:
    """Everything that Python imports by itself has to be root's, at every depth."""
    os.chown(debian / path, USER, USER)
    (debian / path).chmod(0o777)

    (finding,) = found(debian)

    assert finding.what == (
        f"users other than root can change files in {debian}/{folder}, and so choose what root "
        "runs at the first boot"
    )
    assert finding.fix == (
        f"chown -hR root:root {debian}/{folder} && chmod -R go-w {debian}/{folder}"
    )
    subprocess.run(["sh", "-ec", finding.fix], check=True)
    assert found(debian) == []


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "owned", ["home/ops", "home/ops/python/lib/python3.11", "home/ops/python/lib/python3.11/os.py"]
)
def test_the_home_of_a_user_is_not_given_to_root(debian: Path, owned: str) -> None:
    """Without its files the user could not work: another Python is the fix, not chown."""
    library = "home/ops/python/lib/python3.11"
    change(
        debian,
        {
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n",
        },
    )
    (debian / library).parent.mkdir(parents=True)
    (debian / LIBRARY).rename(debian / library)
    (debian / LIBRARY).symlink_to(f"/{library}")
    os.chown(debian / owned, USER, USER)
    os.chown(debian / "usr/local/sbin/getent", USER, USER)

    found = find_unsafe(Root(str(debian)), ["/usr/local/sbin/getent"], python="/usr/bin/python3")

    assert fix(Root(str(debian)), found) == (
        f"chown root:root {debian}/usr/local/sbin/getent; keep root's programs out of "
        f"{debian}/home/ops: use a Python elsewhere, with azprov install --force --python PATH"
    )


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "path", [f"{LIBRARY}/test/data", "usr/lib/python3/dist-packages/attack/deeper.py"]
)
def test_files_that_python_does_not_import_by_itself_are_not_found(debian: Path, path: str) -> None:
    """Another user may own the library's tests, and the files of an unused package."""
    os.chown(debian / path, USER, USER)

    assert found(debian) == []


class Crowded(Root):
    """A root in which some folders have more names than a test could make."""

    def __init__(self, image: Path, counts: Dict[str, int]) -> None:
        super().__init__(str(image))
        self._counts = counts
        self.looked_at = 0

    def names(self, path: str) -> List[str]:
        return super().names(path) + ["?.py"] * self._counts.get(path, 0)

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        self.looked_at += 1
        return None if path.endswith("?.py") else super().status(path, follow=follow)


@pytest.mark.parametrize(
    ("counts", "trees"),
    [
        ({LIBRARY: 49_000}, []),
        ({LIBRARY: 51_000}, [LIBRARY]),
        ({LIBRARY: 9_000_000}, [LIBRARY]),
        (
            {LIBRARY: 30_000, "usr/lib/python3/dist-packages": 30_000},
            ["usr/lib/python3/dist-packages"],
        ),
    ],
)
def test_a_library_with_too_many_files_is_not_trusted(
    debian: Path, counts: Dict[str, int], trees: List[str]
) -> None:
    """The count is one for all trees of a Python; what was not examined may be anyone's."""
    root = Crowded(debian, {f"/{path}": count for path, count in counts.items()})

    found = find_unsafe(root, [], python="/usr/bin/python3")

    assert [(one.path, one.is_owned, one.is_writable) for one in found] == [
        (f"/{path}", False, False) for path in trees
    ]
    assert root.looked_at < 52_000


def test_a_library_that_was_not_examined_is_named(debian: Path) -> None:
    """install refuses it, and check reports it, with the same words."""
    (debian / LIBRARY / ("d/" * 25)).mkdir(parents=True)

    (finding,) = found(debian)
    with pytest.raises(HostError) as error:
        install_again(debian)

    assert finding.what == error.value.summary
    assert finding.what == (
        f"files in {debian}/{LIBRARY} were not all examined, because there are more than "
        "50000, or more than 20 levels of folders"
    )
    assert finding.fix == "remove the files there that do not belong to Python"


def test_the_names_of_all_programs_are_known() -> None:
    """Each list in the code that begins with a name and has options is that of a program."""
    found = set()
    for layer in ("system", "boot"):
        for path in (ROOT / "app/azprov" / layer).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                first = node.elts[0] if isinstance(node, ast.List) and len(node.elts) > 1 else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)

    names = {name for name in found if re.match(r"[a-z][a-z0-9-]+\Z", name)}
    # An option of udhcpc; sshd, doas and ssh-keygen have their names in constants.
    assert {*(names - {"clientid-none"}), "sshd", "doas", "ssh-keygen"} == set(PROGRAMS)


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("mode", "fixed"),
    [(0o755, ["usr/sbin/useradd"]), (0o644, ["usr/sbin/useradd", "usr/bin/useradd"])],
)
def test_a_program_is_examined_where_it_is_found(debian: Path, mode: int, fixed: List[str]) -> None:
    """The search goes on at a file that cannot be executed, but its owner can change that."""
    change(debian, {"usr/bin/useradd": "program"})
    (debian / "usr/sbin/useradd").chmod(mode)
    for path in ("usr/sbin/useradd", "usr/bin/useradd"):
        os.chown(debian / path, USER, USER)

    (finding,) = found(debian)

    assert finding.fix == " ".join(["chown root:root", *(f"{debian}/{path}" for path in fixed)])


@pytest.mark.needs("root")
def test_the_folders_of_every_link_are_examined(debian: Path) -> None:
    """A link is resolved step by step inside the image, and its own folder counts too."""
    (debian / "etc/alternatives").mkdir()
    (debian / "opt/python/bin").mkdir(parents=True)
    (debian / "usr/bin/python3.11").rename(debian / "opt/python/bin/python3.11")
    (debian / "usr/bin/python3").unlink()
    (debian / "usr/bin/python3").symlink_to("../../etc/alternatives/python3")
    (debian / "etc/alternatives/python3").symlink_to("/opt/python/bin/python3.11")
    (debian / "usr/local").rename(debian / "local")
    (debian / "usr/local").symlink_to("/local")
    paths = ["local/lib", "etc/alternatives", "opt/python", "opt/python/bin"]
    for path in paths:
        os.chown(debian / path, USER, USER)

    (finding,) = found(debian)

    assert finding.fix == " ".join(["chown root:root", *(f"{debian}/{path}" for path in paths)])


@pytest.mark.needs("root")
def test_the_python_of_a_virtual_environment_is_examined(debian: Path) -> None:
    """pyvenv.cfg names the folder of the Python, and so of the library that it loads."""
    home = debian / "opt/python"
    (home / "lib/python3.11").mkdir(parents=True)
    (home / "bin").mkdir()
    (debian / "usr/bin/pyvenv.cfg").write_text("home = /opt/python/bin\n")
    os.chown(home / "lib", USER, USER)

    (finding,) = found(debian)

    assert finding.fix == f"chown root:root {home}/lib"


@pytest.mark.needs("root")
@pytest.mark.parametrize("path", ["etc/init.d", "etc/runlevels/default", "etc/conf.d"])
def test_the_folders_of_openrc_are_examined(debian: Path, path: str) -> None:
    """OpenRC's services, runlevels and settings are examined as systemd's are."""
    change(debian, {**OPENRC, "etc/conf.d/azure-provisioning": "# settings\n"})
    os.chown(debian / path, USER, USER)

    (finding,) = found(debian)

    assert finding.fix == f"chown root:root {debian}/{path}"
    with pytest.raises(HostError) as error:
        install_again(debian, OPENRC_INIT)
    assert error.value.hint == finding.fix


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("gid", "change_of_users", "is_safe"),
    [
        (0, {}, True),
        (50, {}, True),
        (60, {}, False),
        (50, {"etc/passwd": "builder:x:1000:50::/:/bin/sh\n"}, False),
        (0, {"etc/group": "root:x:0:root,builder\n"}, False),
        (0, {"etc/passwd": "root:x:0:0::/:/bin/sh\nbuilder:x:1000:0::/:/bin/sh\n"}, False),
        (0, {"etc/group": "root:x:0:toor\n", "etc/passwd": "toor:x:0:0::/:/bin/sh\n"}, True),
        (50, {"etc/gshadow": "staff:!::builder\n"}, False),
        (50, {"etc/gshadow": "staff:!:builder:\n"}, False),
        (50, {"etc/gshadow": "staff:!::\nadm:!::builder\n"}, True),
        (50, {"etc/group": "staff:x: +050:builder\n"}, False),
        (50, {"usr/lib/passwd": "builder:x:1000:50::/:/bin/sh\n"}, False),
        (50, {"usr/lib/group": "staff:x:50:builder\n"}, False),
        (70, {}, False),
    ],
)
def test_a_group_that_can_write_counts_if_it_has_a_member(
    debian: Path, gid: int, change_of_users: "dict[str, str]", is_safe: bool
) -> None:
    """Debian's empty group staff is safe. A member of the group root other than root is not.

    newgrp(1) accepts the members and administrators in gshadow, too. The members of a group
    that no file lists are unknown.
    """
    change(debian, dict(change_of_users))
    os.chown(debian / "usr/local", 0, gid)
    (debian / "usr/local").chmod(0o2775)

    fixes = [finding.fix for finding in found(debian)]

    assert fixes == ([] if is_safe else [f"chmod go-w {debian}/usr/local"])


@pytest.mark.needs("root")
def test_an_acl_counts_as_a_right_to_write(debian: Path) -> None:
    """The bits of the group show the mask of an ACL, although the group has no member."""
    allow(debian / "usr/local", USER)
    assert (debian / "usr/local").stat().st_mode & 0o777 == 0o775

    (finding,) = found(debian)

    assert finding.fix == f"chmod go-w {debian}/usr/local"
    subprocess.run(["sh", "-ec", finding.fix], check=True)
    assert found(debian) == []


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("user", "rights", "mask"), [(USER, 5, 7), (USER, 7, 5), (USER, 7, 0), (0, 7, 7)]
)
def test_an_acl_without_a_right_to_write_is_safe(
    debian: Path, user: int, rights: int, mask: int
) -> None:
    """The mask limits the rights of each user, and root can write anyway."""
    allow(debian / "usr/local", user, rights=rights, mask=mask)

    assert found(debian) == []


@pytest.mark.needs("root")
def test_files_of_the_user_who_made_the_image_count_as_roots(debian: Path) -> None:
    """An ordinary user's files become root's when that user packs the image."""
    change(debian, {"etc/group": "root:x:0:\nstaff:x:50:builder\n"})
    (debian / PYZ).parent.chmod(0o775)
    for path in (debian, *debian.rglob("*")):
        os.chown(path, USER, 50, follow_symlinks=False)

    assert found(debian) == []
    install_again(debian)


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    "path", [path for path in FOLDERS if path not in ("usr/bin/pyvenv.cfg", WANTS)]
)
def test_install_refuses_a_way_that_another_user_can_change(debian: Path, path: str) -> None:
    """install changes nothing, and its sentence and fix are those of check."""
    os.chown(debian / path, USER, USER)
    (finding,) = found(debian)
    before = changes(debian)

    with pytest.raises(HostError) as error:
        install_again(debian)

    assert error.value.summary == (
        f"users other than root can change {outside(debian, path)}, and so choose what root "
        "runs at the first boot"
    )
    assert error.value.hint == finding.fix == f"chown root:root {outside(debian, path)}"
    assert changes(debian) == before


@pytest.mark.needs("root")
@pytest.mark.parametrize("path", REPLACED)
def test_install_takes_over_its_own_files(debian: Path, path: str) -> None:
    """install replaces an azprov.pyz and a service of another user by files of root."""
    os.chown(debian / path, USER, USER)
    (debian / path).chmod(0o666)

    install_again(debian)

    status = (debian / path).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o022) == (0, 0, 0)
    assert found(debian) == []


@pytest.mark.needs("root")
def test_a_printed_fix_stays_inside_the_image(debian: Path) -> None:
    """A path with blanks is one word, and one that is a link out of the image is not followed."""
    outer = debian.parent / "outer"
    outer.mkdir()
    os.chown(outer, USER, USER)
    (debian / "the local files").mkdir()
    (debian / "usr/local").rename(debian / "the local files/local")
    (debian / "usr/local").symlink_to("/the local files/local")
    os.chown(debian / "the local files", USER, USER)
    (debian / "usr/lib/python3/dist-packages/a.pth").symlink_to(outer)

    (finding,) = found(debian)

    assert shlex.split(finding.fix) == ["chown", "root:root", f"{debian}/the local files"]
    assert outer.stat().st_uid == USER


def test_links_in_a_circle_end_the_search(debian: Path) -> None:
    """A loop of links is no way to a file."""
    (debian / "usr/bin/azprov").symlink_to("azprov")
    (debian / "usr/local/bin/azprov").unlink()
    (debian / "usr/local/bin/azprov").symlink_to("../../bin/azprov")

    assert found(debian) == []


def count_opened(image: Path) -> int:
    """How many files and folders the rule of owners looks at, each as often as it does."""
    counted = CountingRoot(str(image))
    find_unsafe(counted, ["/usr/local/lib/azprov/azprov.pyz"], python="/usr/bin/python3")
    return counted.count


class CountingRoot(Root):
    """A root that counts the paths whose status is asked for."""

    count = 0

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        self.count += 1
        return super().status(path, follow=follow)


def in_a_circle(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"l{number}").symlink_to(f"l{(number + 1) % count}")


def to_the_next(folder: Path, count: int) -> None:
    (folder / f"l{count}").mkdir()
    for number in range(count):
        (folder / f"l{number}").symlink_to(f"../python3.11/l{number + 1}")


def long_way(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"l{number}").symlink_to("../python3.11/" * 100)


@pytest.mark.parametrize("plant", [in_a_circle, to_the_next, long_way])
def test_the_work_is_linear_in_the_number_of_links(
    debian: Path, plant: Callable[[Path, int], None]
) -> None:
    """Twice as many links mean at most twice the work, whatever the links lead to."""
    before = count_opened(debian)
    plant(debian / LIBRARY, 100)
    once = count_opened(debian) - before
    shutil.rmtree(debian / LIBRARY / "l100", ignore_errors=True)
    for link in (debian / LIBRARY).glob("l[0-9]*"):
        link.unlink()
    plant(debian / LIBRARY, 200)
    twice = count_opened(debian) - before

    assert twice < 2.2 * once
    assert once < 40_000


@pytest.mark.parametrize("text", ["home = /" + " " * 500_000 + "x\n", "home" + " " * 1_000_000])
def test_blanks_in_pyvenv_cfg_cost_no_time(debian: Path, text: str) -> None:
    """A setting of a megabyte of blanks is read in one pass."""
    (debian / "usr/bin/pyvenv.cfg").write_text(text)

    assert found(debian) == []


def test_a_folder_for_temporary_files_stays_one(tmp_path: Path) -> None:
    """Everyone has to be able to write there, so a Python in it is what has to be changed."""
    folder = TEMPORARY_FOLDERS[1]
    unsafe = [Unsafe(path, is_owned=False, is_writable=True) for path in (folder, "/opt")]

    assert fix(Root(str(tmp_path)), unsafe) == (
        f"chmod go-w {tmp_path}/opt; keep root's programs out of {tmp_path}{folder}: use a Python "
        "elsewhere, with azprov install --force --python PATH"
    )
