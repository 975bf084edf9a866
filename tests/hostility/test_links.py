"""Links to files that azprov must not change, planted by a user or part of an image."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator, Tuple

import pytest

from azprov.cli import main
from hostility.process_runs import (
    KEY,
    USER,
    USER_ID,
    WRITING,
    Done,
    Platform,
    everything,
    make_machine,
    needs_root,
    require_contract,
    run,
)

pytestmark = needs_root

#: System calls, except open, that change a file by its name or descriptor.
CHANGING = (
    "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,link,linkat,"
    "truncate,ftruncate,chmod,fchmod,fchmodat,chown,lchown,fchown,fchownat,mknod,mknodat,creat,"
    "setxattr,lsetxattr,fsetxattr,utimensat"
)
TRACED = f"open,openat,openat2,{CHANGING}"


def changed_paths(trace: Path, folder: Path) -> Iterator[str]:
    """The paths that successful system calls opened for writing or changed."""
    for line in trace.read_text().splitlines():
        match = re.match(r"\d+ +(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?", line)
        if match is None or match.group(3).startswith("-"):
            continue
        call, arguments, _, opened = match.groups()
        if call in ("open", "openat", "openat2"):
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments):
                yield opened
            continue
        # The descriptor of a folder or file, then a name in it; a rename has two of them.
        for number, name in re.findall(r'(?:[\d]+|AT_FDCWD)<([^>]*)>(?:, "([^"]*)")?', arguments):
            yield os.path.normpath(os.path.join(number or str(folder), name))
        if "<" not in arguments:
            for name in re.findall(r'"([^"]*)"', arguments):
                yield os.path.normpath(folder / name)


def is_inside(path: str, root: Path) -> bool:
    return path in (str(root), "/dev/null") or path.startswith(f"{root}/")


#: Paths that commands write to. As absolute links, they lead outside the image.
LED = (
    "etc/hostname",
    "etc/hosts",
    "etc/sudoers.d",
    "etc/ssh/sshd_config.d",
    "etc/passwd",
    "home",
    f"home/{USER}/.ssh",
    f"home/{USER}/.bash_history",
    "var/lib/azprov",
    "usr/local",
    "usr/local/lib/azprov",
    "etc/systemd/system",
    "var/lib/hyperv/.kvp_pool_1",
    "var/lib/dhcp",
    "var/log/auth.log",
    "var/lib/cloud",
    "etc/machine-id",
    "etc/shadow",
)


def lead_out(root: Path, outside: Path, path: str, target: str) -> None:
    """Move a path outside the root, and put a link to it in its place."""
    link, away = root / path, outside / path.replace("/", "_")
    if link.exists():
        shutil.move(str(link), str(away))
    else:
        away.mkdir(parents=True)
        (away / "kept").write_text("kept")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target.format(name=away.name, away=away))


TARGETS = {
    "absolute": "{away}",
    "dots": "../../../../../../../../../../../../../../../..{away}",
}


@pytest.mark.parametrize("path", LED)
@pytest.mark.parametrize("kind", TARGETS)
def test_nothing_outside_the_root_is_touched(
    kind: str,
    path: str,
    tmp_path: Path,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """All commands run on an image in which one path is a link to the outside."""
    root, outside = make_machine(tmp_path / "root"), tmp_path / "outside"
    outside.mkdir()
    lead_out(root, outside, path, TARGETS[kind])
    before = everything(outside)
    for name, value in platform.variables.items():
        monkeypatch.setenv(name, value)

    for command in WRITING.values():
        code = main([*command, "--root", str(root)])
        _, err = capfdbinary.readouterr()
        require_contract(Done(code, "", err.decode()))

    assert everything(outside) == before


@pytest.mark.parametrize("name", WRITING)
def test_no_path_outside_the_root_is_opened_for_writing(
    name: str, tmp_path: Path, platform: Platform, strace: str
) -> None:
    """strace shows every write, with links that lead outside and links back inside."""
    root, outside = make_machine(tmp_path / "root"), tmp_path / "outside"
    outside.mkdir()
    for path in ("etc/hostname", f"home/{USER}/.ssh", "var/lib/dhcp", "usr/local"):
        lead_out(root, outside, path, TARGETS["dots"])
    # Make the targets exist inside the root as well, so that the commands succeed.
    inside = root / str(outside)[1:]
    shutil.copytree(outside, inside, symlinks=True)
    for keys in (inside / f"home_{USER}_.ssh", inside / f"home_{USER}_.ssh/authorized_keys"):
        os.chown(keys, USER_ID, USER_ID)
    if name == "uninstall":
        run(*WRITING["install"], "--root", root)
    before = everything(outside)
    trace = tmp_path / "trace"

    run(
        *WRITING[name],
        "--root",
        root,
        platform=platform,
        before=(strace, "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={TRACED}", "-o", trace),
    )

    changed = list(changed_paths(trace, Path.cwd()))
    assert [path for path in changed if not is_inside(path, root)] == []
    assert len([path for path in changed if path != "/dev/null"]) > 1
    assert everything(outside) == before


def test_the_trace_shows_changes_outside(tmp_path: Path, strace: str) -> None:
    """Opening, making and renaming outside the root are each found in a trace."""
    trace, root = tmp_path / "trace", tmp_path / "root"
    root.mkdir()
    script = "echo > a; mkdir b; mv a b/c; rm b/c; rmdir b; ln -s x root/l; chmod 700 root"

    subprocess.run(
        [strace, "-f", "-y", "-qq", "-e", f"trace={TRACED}", "-o", trace, "sh", "-c", script],
        cwd=tmp_path,
        check=True,
    )

    found = [path for path in changed_paths(trace, tmp_path) if not is_inside(path, root)]
    assert set(found) >= {str(tmp_path / name) for name in ("a", "b", "b/c")}
    assert any(is_inside(path, root) for path in changed_paths(trace, tmp_path))


# Gets the path of the home.
Plant = Callable[[Path], None]


def link_keys(home: Path) -> None:
    (home / ".ssh/authorized_keys").unlink()
    (home / ".ssh/authorized_keys").symlink_to("/etc/victim")


def link_keys_by_dots(home: Path) -> None:
    (home / ".ssh/authorized_keys").unlink()
    (home / ".ssh/authorized_keys").symlink_to("../../../etc/victim")


def hard_link_keys(home: Path) -> None:
    (home / ".ssh/authorized_keys").unlink()
    (home / ".ssh/authorized_keys").hardlink_to(home.parent.parent / "etc/victim")


def link_folder(home: Path) -> None:
    shutil.rmtree(home / ".ssh")
    (home / ".ssh").symlink_to("/etc/victims")


def link_to_roots_folder(home: Path) -> None:
    shutil.rmtree(home / ".ssh")
    (home / ".ssh").symlink_to("/root/.ssh")


def link_new_file(home: Path) -> None:
    (home / ".ssh/.authorized_keys.azprov-new").symlink_to("/etc/victim")


def hard_link_history(home: Path) -> None:
    (home / ".bash_history").unlink()
    (home / ".bash_history").hardlink_to(home.parent.parent / "etc/victim")


def link_history(home: Path) -> None:
    (home / ".zsh_history").symlink_to("/etc/victim")


def link_home(home: Path) -> None:
    shutil.rmtree(home)
    home.symlink_to("/etc/victims")


PLANTS: Tuple[Plant, ...] = (
    link_keys,
    link_keys_by_dots,
    hard_link_keys,
    link_folder,
    link_to_roots_folder,
    link_new_file,
    hard_link_history,
    link_history,
    link_home,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_links_of_a_user_harm_no_one_else(plant: Plant, tmp_path: Path, platform: Platform) -> None:
    """No file of another user is changed, given away or copied into the home."""
    root = make_machine(tmp_path / "root")
    victims = {"etc/victim": "secret\n", "etc/victims/x": "x\n", "root/.ssh/authorized_keys": "r\n"}
    for path, content in victims.items():
        (root / path).parent.mkdir(mode=0o700, exist_ok=True)
        (root / path).write_text(content)
        (root / path).chmod(0o600)
    plant(root / "home" / USER)
    os.chown(root / "home" / USER, USER_ID, USER_ID, follow_symlinks=False)
    before = {path: held for path, held in everything(root).items() if "victim" in path}
    roots = (root / "root/.ssh/authorized_keys").read_text()

    for name in ("ssh-keys", "provision"):
        run(*WRITING[name], "--root", root, platform=platform)
        home = root / "home" / USER
        for path, held in everything(home).items() if not home.is_symlink() else ():
            assert "secret" not in held or f" {USER_ID}:" not in held, (name, path)
    assert (root / "root/.ssh/authorized_keys").read_text() == roots
    run(*WRITING["deprovision"], "--root", root)

    after = {path: held for path, held in everything(root).items() if "victim" in path}
    assert after == before


def test_without_planted_links_keys_are_added(tmp_path: Path, platform: Platform) -> None:
    """The same command succeeds in a home without links."""
    root = make_machine(tmp_path / "root")

    run(*WRITING["ssh-keys"], "--root", root, platform=platform)

    keys = root / "home" / USER / ".ssh/authorized_keys"
    assert keys.read_text() == f"# mine\n{KEY}\n"
    assert keys.stat().st_uid == USER_ID
