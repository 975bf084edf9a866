"""The init systems with shell scripts as services: sysvinit, busybox init and runit."""

import os
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import pytest

from azprov.errors import HostError
from azprov.image.deprovision import carry_out, plan
from azprov.image.install import install
from azprov.image.service_file import command_of, render_unit
from azprov.image.uninstall import uninstall
from azprov.system.init import disable, is_enabled
from azprov.system.init.known import BY_NAME, find_init, init_program, unknown_program
from azprov.system.init.scripts import inittab_programs
from azprov.system.root import Root
from images import tree
from ports import NoCommands, Recorder
from project import ROOT, SMALL_ARCHIVE
from sound_image import Change, File, change

INITTAB = "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n"
ORDER = (
    "TARGETS = hostname.sh mountall.sh mountall-bootclean.sh networking\n"
    "INTERACTIVE =\nmountall-bootclean.sh: mountall.sh\n"
)
BUILDROOT = "#!/bin/sh\nfor i in /etc/init.d/S??* ;do\n\t$i start\ndone\n"


class Case(NamedTuple):
    """An image with an init system, and the links of azprov's service in it."""

    name: str
    image: Change
    links: Dict[str, str]


DEBIAN: Change = {
    "sbin/init": "ELF",
    "etc/inittab": INITTAB,
    "etc/init.d/rcS": "#!/bin/sh\nexec /etc/init.d/rc S\n",
    "etc/init.d/.depend.boot": ORDER,
    "etc/rcS.d/S01hostname.sh": "-> ../init.d/hostname.sh",
}
SERVICE_FOLDER = "/etc/sv/azure-provisioning"
RC_LINK = {"etc/rcS.d/S99azure-provisioning": "../init.d/azure-provisioning"}
SUPERVISE = {
    "etc/sv/azure-provisioning/supervise": "/run/azure-provisioning.supervise",
}
CASES: Dict[str, Case] = {
    "Debian with sysvinit": Case("sysvinit", DEBIAN, RC_LINK),
    "Yocto with sysvinit": Case(
        "sysvinit",
        {**DEBIAN, "sbin/init": "-> init.sysvinit", "sbin/init.sysvinit": "ELF"},
        RC_LINK,
    ),
    "Yocto with busybox": Case(
        "busybox", {**DEBIAN, "sbin/init": "-> ../bin/busybox", "bin/busybox": "ELF"}, RC_LINK
    ),
    "buildroot": Case(
        "busybox",
        {
            "sbin/init": "-> ../bin/busybox",
            "bin/busybox": "ELF",
            "etc/inittab": "::sysinit:/bin/mount -a\n::sysinit:/etc/init.d/rcS\n",
            "etc/init.d/rcS": BUILDROOT,
        },
        {"etc/init.d/S03azure-provisioning": "../init.d/azure-provisioning"},
    ),
    "busybox without inittab": Case(
        "busybox",
        {"sbin/init": "-> ../bin/busybox", "bin/busybox": "ELF", "etc/init.d/rcS": BUILDROOT},
        {"etc/init.d/S03azure-provisioning": "../init.d/azure-provisioning"},
    ),
    "buildroot's rcS beside a folder of Debian's packages": Case(
        "busybox",
        {
            **DEBIAN,
            "sbin/init": "-> ../bin/busybox",
            "bin/busybox": "ELF",
            "etc/init.d/rcS": BUILDROOT,
        },
        {"etc/init.d/S03azure-provisioning": "../init.d/azure-provisioning"},
    ),
    "Debian with runit": Case(
        "runit",
        {
            **DEBIAN,
            "sbin/init": "-> runit-init",
            "sbin/runit-init": "ELF",
            "etc/runit/runsvdir/current": "-> /etc/runit/runsvdir/default",
            "etc/runit/runsvdir/default/ssh": "-> /etc/sv/ssh",
            "etc/service": "-> /etc/runit/runsvdir/current",
        },
        {
            **SUPERVISE,
            "etc/runit/runsvdir/default/azure-provisioning": SERVICE_FOLDER,
        },
    ),
    "runit alone": Case(
        "runit",
        {"sbin/init": "-> runit-init", "sbin/runit-init": "ELF", "etc/service/ssh/run": "program"},
        {**SUPERVISE, "etc/service/azure-provisioning": "/etc/sv/azure-provisioning"},
    ),
}
CASES["s6"] = Case(
    "s6",
    {
        "sbin/init": "#!/bin/sh\nmount -o remount,rw /\nexec s6-svscan -t 0 /etc/scan\n",
        "usr/bin/s6-svscan": "ELF",
    },
    {
        "etc/sv/azure-provisioning/event": "/run/azure-provisioning.event",
        **SUPERVISE,
        "etc/scan/azure-provisioning": SERVICE_FOLDER,
    },
)
CASES["s6-linux-init"] = Case(
    "s6",
    {
        "sbin/init": "#!/bin/execlineb -S0\n\n"
        's6-linux-init -v 1 -m 0022 -c "/etc/s6/current" -p "/usr/bin:/bin" -- "$@"\n',
        "etc/s6/current/run-image/service/s6-linux-init-shutdownd/run": "program",
        "usr/bin/s6-svscan": "ELF",
    },
    {
        "etc/sv/azure-provisioning/event": "/run/azure-provisioning.event",
        **SUPERVISE,
        "etc/s6/current/run-image/service/azure-provisioning": SERVICE_FOLDER,
    },
)
DINIT = {
    "sbin/init": "-> dinit",
    "sbin/dinit": "ELF",
    "etc/dinit.d/boot": "type = internal\nwaits-for.d: boot.d\n",
    "etc/dinit.d/boot.d/sshd": "-> ../sshd",
}
CASES["dinit"] = Case(
    "dinit",
    DINIT,
    {"etc/dinit.d/boot.d/azure-provisioning": "/etc/dinit.d/azure-provisioning"},
)
CASES["Chimera"] = Case(
    "dinit",
    {
        "sbin/init": "-> ../usr/bin/dinit",
        "usr/bin/dinit": "ELF",
        "usr/lib/dinit.d/boot": "type = internal\ndepends-on = login.target\n"
        "waits-for.d = /usr/lib/dinit.d/boot.d\nwaits-for.d = /etc/dinit.d/boot.d\n",
    },
    {"etc/dinit.d/boot.d/azure-provisioning": "/etc/dinit.d/azure-provisioning"},
)
CASES["a script that becomes dinit"] = Case(
    "dinit",
    {**DINIT, "sbin/init": "#!/bin/sh\nmount -o remount,rw /\nexec /sbin/dinit --container\n"},
    {"etc/dinit.d/boot.d/azure-provisioning": "/etc/dinit.d/azure-provisioning"},
)
FILES = {
    "dinit": "etc/dinit.d/azure-provisioning",
    "s6": "etc/sv/azure-provisioning/run",
    "sysvinit": "etc/init.d/azure-provisioning",
    "busybox": "etc/init.d/azure-provisioning",
    "runit": "etc/sv/azure-provisioning/run",
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def root(case: Case, tmp_path: Path) -> Root:
    change(tmp_path, case.image)
    return Root(str(tmp_path))


def install_into(root: Root, case: Case) -> List[str]:
    init = BY_NAME[case.name]
    text = render_unit("/usr/bin/python3", ["--no-hostname"], init=init)
    changed: List[str] = []
    install(root, SMALL_ARCHIVE, text, changed, init=init, enable=True, force=False)
    return changed


def links_in(root: Root) -> Dict[str, str]:
    top = Path(root.path)
    paths = [path for path in top.rglob("*azure-provisioning*") if path.is_symlink()]
    paths += [path for path in top.glob("etc/sv/*/*") if path.is_symlink()]
    return {str(path.relative_to(top)): os.readlink(path) for path in paths}


def test_the_init_system_that_boots_is_found(root: Root, case: Case) -> None:
    """The program that the kernel starts, and the scripts that it runs, identify it."""
    assert (find_init(root).name, unknown_program(root)) == (case.name, "")


def test_install_is_undone_by_uninstall(root: Root, case: Case) -> None:
    """install writes a script and its links, once, and uninstall leaves the tree as it was."""
    before = tree(Path(root.path))

    assert f"/{FILES[case.name]}" in install_into(root, case)

    assert links_in(root) == case.links
    once = tree(Path(root.path))
    assert install_into(root, case) == []
    assert tree(Path(root.path)) == once
    removed: List[str] = []
    uninstall(root, removed)
    assert tree(Path(root.path)) == before


def test_a_service_that_was_disabled_is_armed_by_deprovision(root: Root, case: Case) -> None:
    """The first boot disables the service, and deprovision enables it again."""
    install_into(root, case)
    once = tree(Path(root.path))
    assert is_enabled(root, "azure-provisioning")

    disable(root, "azure-provisioning", NoCommands())
    disable(root, "azure-provisioning", NoCommands())

    assert not is_enabled(root, "azure-provisioning")
    assert (Path(root.path) / FILES[case.name]).is_file()
    changes = plan(root, "")
    assert [(change.what, change.path[1:]) for change in changes] == [
        ("azprov's service", list(case.links)[-1])
    ]
    assert carry_out(root, changes) == []
    assert tree(Path(root.path)) == once


def test_the_command_in_the_script_is_read(case: Case) -> None:
    """The Python and the options of a service are those that were written into it."""
    text = render_unit("/opt/python3.9", ["--admin-user"], init=BY_NAME[case.name])

    command = command_of(text)

    assert (command.python, command.name, command.options) == (
        "/opt/python3.9",
        "provision",
        ["--admin-user"],
    )
    assert text.count("provision --unit azure-provisioning --admin-user") == 1


def test_startpar_starts_the_script(tmp_path: Path) -> None:
    """Debian's rc starts only the scripts in insserv's file, in the order that it has."""
    change(tmp_path, DEBIAN)
    install_into(Root(str(tmp_path)), CASES["Debian with sysvinit"])

    assert (tmp_path / "etc/init.d/.depend.boot").read_text() == (
        "TARGETS = hostname.sh mountall.sh mountall-bootclean.sh networking azure-provisioning\n"
        "INTERACTIVE =\nmountall-bootclean.sh: mountall.sh\n"
        "azure-provisioning: mountall.sh mountall-bootclean.sh\n"
    )


def test_a_link_that_insserv_has_renamed_is_kept(tmp_path: Path) -> None:
    """insserv gives each script a number of its own when another package is installed."""
    change(tmp_path, DEBIAN)
    root = Root(str(tmp_path))
    install_into(root, CASES["Debian with sysvinit"])
    (tmp_path / "etc/rcS.d/S99azure-provisioning").rename(
        tmp_path / "etc/rcS.d/S09azure-provisioning"
    )

    assert install_into(root, CASES["Debian with sysvinit"]) == []
    assert plan(root, "") == []
    disable(root, "azure-provisioning", NoCommands())

    assert links_in(root) == {}


class SwappedByItsOwner(Root):
    """A root in which a user replaces a file by a link as soon as azprov has read it."""

    def read(self, path: str, *, limit_bytes: int = 1 << 20) -> Optional[bytes]:
        content = super().read(path, limit_bytes=limit_bytes)
        swapped = Path(self.path) / "home/ops/order"
        if path == "/etc/init.d/.depend.boot" and not swapped.is_symlink():
            swapped.unlink()
            swapped.symlink_to("/etc/shadow")
        return content


@pytest.mark.needs("root")
@pytest.mark.parametrize("change_order", [BY_NAME["sysvinit"].enable, BY_NAME["sysvinit"].forget])
def test_a_list_of_scripts_in_a_user_s_folder_is_written_as_that_user(
    change_order: Callable[[Root], object], tmp_path: Path
) -> None:
    """The owner of the folder could plant a link to a file that only root may change."""
    change(
        tmp_path,
        {
            **DEBIAN,
            "etc/init.d/.depend.boot": "-> /home/ops/order",
            "home/ops/order": ORDER.replace("networking", "networking azure-provisioning")
            if change_order == BY_NAME["sysvinit"].forget
            else ORDER,
            "etc/shadow": File("root:*::::::\n", 0o600),
        },
    )
    os.chown(tmp_path / "home/ops", 54321, 54321)
    tmp_path.chmod(0o755)

    with pytest.raises(HostError):
        change_order(SwappedByItsOwner(str(tmp_path)))

    assert (tmp_path / "etc/shadow").read_text() == "root:*::::::\n"


@pytest.mark.needs("root")
def test_a_list_of_scripts_that_a_user_can_change_is_refused(tmp_path: Path) -> None:
    """Its owner decides which scripts root starts at boot, and whether azprov's is one."""
    change(tmp_path, DEBIAN)
    os.chown(tmp_path / "etc/init.d/.depend.boot", 54321, 54321)

    with pytest.raises(HostError, match=r"users other than root can change .*/\.depend\.boot"):
        install_into(Root(str(tmp_path)), CASES["Debian with sysvinit"])


UNKNOWN: Dict[str, Tuple[Change, str]] = {
    "an unknown program": ({"sbin/init": "-> shepherd", "sbin/shepherd": "ELF"}, "/sbin/shepherd"),
    "sysvinit without rcS.d": (
        {"sbin/init": "ELF", "etc/inittab": "si:S:sysinit:/etc/rc.d/rc.S\n"},
        "/sbin/init",
    ),
    "busybox without scripts": (
        {"sbin/init": "-> ../bin/busybox", "bin/busybox": "ELF"},
        "/bin/busybox",
    ),
    "busybox with an rcS that runs no other scripts": (
        {
            **DEBIAN,
            "sbin/init": "-> ../bin/busybox",
            "bin/busybox": "ELF",
            "etc/init.d/rcS": "#!/bin/sh\nmount -a\nifup -a\nexec app\n",
        },
        "/bin/busybox",
    ),
    "s6 with services of s6-rc": (
        {"sbin/init": "#!/bin/execlineb -S0\ns6-linux-init -c /etc/s6-linux-init/current\n"},
        "/sbin/init",
    ),
    "s6 with a scan folder that is empty at each boot": (
        {"sbin/init": "#!/bin/sh\nexec s6-svscan /run/service\n", "bin/s6-svscan": "ELF"},
        "/sbin/init",
    ),
    "s6 with a scan folder of many levels": (
        {"sbin/init": f"#!/bin/sh\nexec s6-svscan {'/x' * 128}\n", "bin/s6-svscan": "ELF"},
        "/sbin/init",
    ),
    "s6-linux-init without its folder": (
        {"sbin/init": "#!/bin/execlineb -S0\ns6-linux-init -c /etc/s6 --\n", "bin/s6-svscan": "x"},
        "/sbin/init",
    ),
    "dinit with services elsewhere": (
        {"sbin/init": "-> dinit", "sbin/dinit": "ELF", "etc/dinit.d/boot": "type = internal\n"},
        "/sbin/dinit",
    ),
    "a script without an init system": ({"sbin/init": "#!/bin/sh\n"}, "/sbin/init"),
    "an unknown program beside systemd": (
        {"sbin/init": "ELF", "usr/lib/systemd/systemd": "another"},
        "/sbin/init",
    ),
    "a script that may start systemd": (
        {"sbin/init": "#!/bin/sh\n", "usr/lib/systemd/systemd": "program"},
        "",
    ),
    "no init program": ({"etc/os-release": ""}, ""),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_program_that_azprov_has_no_service_for_is_unknown(tmp_path: Path, kind: str) -> None:
    """Without evidence that a program runs scripts of System V, azprov cannot install one."""
    files, program = UNKNOWN[kind]
    change(tmp_path, files)

    assert unknown_program(Root(str(tmp_path))) == program


@pytest.mark.parametrize("init", ["dinit", "sysvinit", "runit"])
def test_the_shipped_script_has_the_default_command(init: str) -> None:
    """The file in unit/ is the one that install writes without options."""
    shipped = (ROOT / "unit" / f"azure-provisioning.{init}").read_text()

    assert render_unit("/usr/bin/python3", [], init=BY_NAME[init]) == shipped


def test_runit_waits_for_mounts_as_void_does(tmp_path: Path) -> None:
    """A file system of fstab that is missing ends the boot in a shell only there."""
    runit = BY_NAME["runit"]
    script = "etc/runit/core-services/03-filesystems.sh"

    assert not runit.waits_for_mounts(Root(str(tmp_path)))
    change(tmp_path, {script: "mount -a\n"})
    assert not runit.waits_for_mounts(Root(str(tmp_path)))
    change(tmp_path, {script: 'mount -a -t "nosysfs" || emergency_shell\n'})
    assert runit.waits_for_mounts(Root(str(tmp_path)))


def test_runit_has_links_in_each_set_of_services(tmp_path: Path) -> None:
    """`current` and a link to a set are other names of that set, and no folders of their own."""
    sets = "etc/runit/runsvdir"
    change(
        tmp_path,
        {
            f"{sets}/default/ssh/run": "",
            f"{sets}/single/sulogin/run": "",
            f"{sets}/current": f"-> /{sets}/default",
            "etc/service": f"-> /{sets}/current",
        },
    )

    assert sorted(BY_NAME["runit"].link_folders(Root(str(tmp_path)))) == [
        "/etc/runit/runsvdir/default",
        "/etc/runit/runsvdir/single",
        "/service",
    ]


@pytest.mark.parametrize(
    ("boot", "folders", "link"),
    [
        (None, ["/etc/dinit.d/boot.d"], "/etc/dinit.d/boot.d"),
        ("type = internal\n", ["/etc/dinit.d/boot.d"], "/etc/dinit.d/boot.d"),
        ("waits-for.d: /opt/boot.d\n", ["/opt/boot.d"], "/opt/boot.d"),
        (
            "waits-for.d = /opt/a\n \twaits-for.d=boot.d\n#waits-for.d = b\n",
            ["/opt/a", "/etc/dinit.d/boot.d"],
            "/etc/dinit.d/boot.d",
        ),
        (f"waits-for.d = {'/x' * 128}\nwaits-for.d = /b\n", ["/b"], "/b"),
        (f"waits-for.d = /a{'/x' * 127}\n", ["/etc/dinit.d/boot.d"], "/etc/dinit.d/boot.d"),
        (f"waits-for.d = {'/x' * 127}y\n", ["/x" * 127 + "y"], "/x" * 127 + "y"),
        (
            "".join(f"waits-for.d = /{number}\n" for number in range(11)),
            [f"/{number}" for number in range(10)],
            "/0",
        ),
    ],
)
def test_dinit_has_links_where_its_boot_service_says(
    tmp_path: Path, boot: Optional[str], folders: List[str], link: str
) -> None:
    """The usual folder is used if it is one of them; ten folders of 255 characters are read."""
    if boot is not None:
        change(tmp_path, {"etc/dinit.d/boot": boot})
    root = Root(str(tmp_path))

    assert BY_NAME["dinit"].link_folders(root) == folders
    assert BY_NAME["dinit"].link_in(root) == f"{link}/azure-provisioning"


def test_fifty_programs_of_an_inittab_are_read(tmp_path: Path) -> None:
    """Each counts once; a line without four fields, and a comment, has none."""
    lines = "".join(f"{number}::once:/bin/p{number} -x\n" for number in range(51))
    change(tmp_path, {"etc/inittab": "#::once:/a\n::/b\n::once:/bin/p0\n::once:\n" + lines})

    assert inittab_programs(Root(str(tmp_path))) == [f"/bin/p{number}" for number in range(50)]


@pytest.mark.parametrize(
    ("name", "service", "command"),
    [
        ("s6", "ssh", [["s6-svc", "-r", "/etc/scan/ssh"]]),
        ("s6", "missing", []),
        ("sysvinit", "ssh", [["/etc/rc2.d/S01ssh", "restart"]]),
        ("sysvinit", "missing", []),
    ],
)
def test_a_service_is_restarted_by_its_link(
    tmp_path: Path, name: str, service: str, command: List[List[str]]
) -> None:
    """Only a service that starts at boot is restarted, and once."""
    change(tmp_path, {**CASES["s6"].image, **SSH_LINKS})
    recorder = Recorder()

    BY_NAME[name].restart(Root(str(tmp_path)), service, "restart", recorder)

    assert recorder.commands == command


SSH_LINKS: Change = {
    "etc/scan/ssh": "-> /etc/sv/ssh",
    "etc/rc2.d/S01ssh": "-> ../init.d/ssh",
    "etc/rc3.d/S01ssh": "-> ../init.d/ssh",
    "etc/rc4.d/K01ssh": "-> ../init.d/ssh",
    "etc/rc2.d/S0assh": "-> ../init.d/ssh",
}


@pytest.mark.parametrize("folder", ["/run/scan", "/dev/scan", "/var/run/scan", "scan", "/x" * 128])
def test_a_scan_folder_that_no_image_has_is_refused(tmp_path: Path, folder: str) -> None:
    """Scripts fill these folders at each boot."""
    change(tmp_path, {"sbin/init": f"#!/bin/sh\nexec s6-svscan {folder}\n"})

    assert BY_NAME["s6"].link_folders(Root(str(tmp_path))) == ["/etc/service"]
    assert not BY_NAME["s6"].is_installed(Root(str(tmp_path)))


@pytest.mark.parametrize(
    ("script", "folder"),
    [
        ("#!/bin/sh\nexec /bin/s6-svscan /opt/scan/\n", "/opt/scan"),
        ("#!/bin/sh\ns6-svscan /a\nexec s6-svscan /b\n", "/b"),
        (f"#!/bin/sh\nexec s6-svscan {'/x' * 127}y\n", "/x" * 127 + "y"),
        (
            "#!/bin/execlineb -P\ns6-linux-init -c /old -c '/etc/s6' --\n",
            "/etc/s6/run-image/service",
        ),
        (
            "#!/bin/execlineb -P\n/bin/s6-linux-init -m 0022 --\n",
            "/etc/s6-linux-init/current/run-image/service",
        ),
    ],
)
def test_a_scan_folder_is_read_from_the_script_that_boots(
    tmp_path: Path, script: str, folder: str
) -> None:
    """The last command counts, and s6-linux-init has a usual folder."""
    change(
        tmp_path,
        {
            "bin/init": script,
            "etc/s6/run-image/service/a/run": "",
            "etc/s6-linux-init/current/run-image/service/a/run": "",
        },
    )

    assert BY_NAME["s6"].link_folders(Root(str(tmp_path))) == [folder]
    assert BY_NAME["s6"].is_installed(Root(str(tmp_path)))


@pytest.mark.parametrize(
    ("script", "is_dinit"),
    [
        ("#!/bin/sh\nexec dinit\n", True),
        ("#!/bin/sh\n\n exec env A=1 /usr/bin/dinit -c\n", True),
        ("#!/bin/sh\ndinit &\n", False),
        ("#!/bin/sh\nexec dinit-check\n", False),
        ("exec dinit\n", False),
        ("", False),
    ],
)
def test_a_script_becomes_dinit_by_exec(tmp_path: Path, script: str, *, is_dinit: bool) -> None:
    """A script that starts dinit beside itself keeps PID 1."""
    change(tmp_path, {**DINIT, "opt/start": script})

    assert BY_NAME["dinit"].is_started_by(Root(str(tmp_path)), "/opt/start") is is_dinit


def test_an_init_system_knows_its_program(root: Root, case: Case) -> None:
    """It is recognised by what the kernel starts, and by what is installed."""
    init = BY_NAME[case.name]

    assert init.is_started_by(root, init_program(root))
    assert init.is_installed(root)


@pytest.mark.parametrize(
    ("program", "is_runit"),
    [("/sbin/runit", True), ("/usr/bin/runit-init", True), ("/sbin/runit-x", False)],
)
def test_runit_is_known_by_two_names(tmp_path: Path, program: str, *, is_runit: bool) -> None:
    """runit-init becomes runit."""
    assert BY_NAME["runit"].is_started_by(Root(str(tmp_path)), program) is is_runit
