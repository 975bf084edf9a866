"""Installing azprov and its boot service into an image or a machine.

No program is run, neither of the image nor of this machine: systemctl could describe this
machine instead of the image, and chroot needs an image for this processor.
"""

import logging
import os
from typing import List, Optional, Sequence

from ..errors import HostError
from ..formats.text import printable
from ..system.init import InitSystem
from ..system.root import Root
from ..system.root.entry import Owner
from .location import Location, location
from .ownership import find_unsafe, fix, sentence, service_paths
from .service_file import (
    command_of,
    made_folders,
    own_service,
    program_of,
    read_service,
    with_made_folders,
    without_made_folders,
)
from .uninstall import take_back

log = logging.getLogger(__name__)


def install(
    root: Root,
    archive: bytes,
    unit: str,
    changed: List[str],
    *,
    init: InitSystem,
    enable: bool,
    force: bool,
    python: Optional[str] = None,
) -> None:
    """Install azprov, and append the paths that are new or changed to `changed`. Idempotent.

    `python` is the interpreter that the service starts. Raises HostError. Then nothing remains of
    a first installation, and `changed` has the written files of any other. It is raised before the
    first change if users other than root could change what the service runs, if another service or
    command has the name of azprov's, or if the service is masked; with `force` the last three are
    replaced.
    """
    old = read_service(root, init)
    place = location(root)
    if force:
        _log_options(old or "", unit)
    else:
        _refuse_foreign(root, old, unit, init, place)
    enabling = [path for path in (init.preset, init.link_in(root)) if path] if enable else []
    wanted = [*map(_folder, [*place, init.file, *enabling])]
    unsafe = find_unsafe(root, [*wanted, *service_paths(root, init)], python=python)
    if unsafe:
        raise HostError(sentence(root, unsafe), fix(root, unsafe))
    missing = _missing(root, wanted)
    folders = made_folders(old or "", init)
    # The folder of the service may have been made before a power cut, and it is always azprov's.
    own = [init.target] if init.inner else []
    folders = list(dict.fromkeys([*folders, *own, *missing]))
    noted = with_made_folders(unit, folders, init=init).encode("utf-8")
    is_first = not any(root.status(path, follow=False) for path in (init.file, place.program))
    try:
        _write_all(
            root,
            archive,
            noted,
            changed,
            init=init,
            place=place,
            wanted=wanted,
            is_noted_first=bool(missing),
        )
        if enable:
            changed.extend(init.write_preset(root))
            changed.extend(init.enable(root))
        else:
            links = [*init.enabling_links(root, init.unit), *([init.preset] if init.preset else [])]
            changed.extend(link for link in links if root.remove(link))
    except HostError:
        if is_first:
            take_back(root, missing)
            changed[:] = [path for path in changed if root.status(path, follow=False)]
        raise


def _write_all(
    root: Root,
    archive: bytes,
    service: bytes,
    changed: List[str],
    *,
    init: InitSystem,
    place: Location,
    wanted: Sequence[str],
    is_noted_first: bool,
) -> None:
    root.make_folders(_folder(init.file), owner=_owner())
    _remove_links(root, (init.file, place.program))
    # Folders are noted in the service file before they are made, because of power cuts. Without
    # new folders the service file is written last, after the program that it starts.
    if is_noted_first and _write(root, init.file, service, mode=init.mode):
        changed.append(init.file)
    for folder in wanted:
        root.make_folders(folder, owner=_owner())
    if _write(root, place.program, archive, mode=0o755):
        changed.append(place.program)
    if _link(root, place.command, place.program):
        changed.append(place.command)
    if _write(root, init.file, service, mode=init.mode) or init.file in changed:
        changed[:] = [*(path for path in changed if path != init.file), init.file]
    changed.extend(path for path, target in init.parts if _link(root, path, target))


def _remove_links(root: Root, paths: Sequence[str]) -> None:
    """Remove links in place of the files: writing would replace the file that a link leads to."""
    for path in paths:
        if root.read_link(path) is not None:
            root.remove(path)


def _log_options(old: str, new: str) -> None:
    """Log the options of the service that are replaced: a user may have forgotten one."""
    was, now = (_shown_options(text) for text in (old, new))
    if program_of(old) is not None and was != now:
        log.info("The service had %s, and now has %s", was, now)


def _difference(old: str, new: str) -> str:
    programs = [printable(program_of(text) or "") for text in (old, new)]
    if programs[0] != programs[1]:
        return f"it starts {programs[0]}, and the new one would start {programs[1]}"
    return f"it has {_shown_options(old)}, and the new one would have {_shown_options(new)}"


def _shown_options(service: str) -> str:
    options = command_of(service).options
    return printable(f"the options {' '.join(options)}" if options else "no options")


def _refuse_foreign(
    root: Root, old: Optional[str], unit: str, init: InitSystem, place: Location
) -> None:
    """Raises HostError for a file that `install` would replace but did not write."""
    shown = root.outside(init.file)
    hint = "if the image does not need it, replace it with --force"
    for path in (init.file, place.program):
        link = root.read_link(path)
        if link is not None:
            is_masked = path == init.file and link == "/dev/null"
            what = "is masked" if is_masked else f"is a link to {printable(link)}"
            raise HostError(f"{root.outside(path)} {what}", hint)
    if old is not None and without_made_folders(old, init) != unit:
        if program_of(old) is not None:
            raise HostError(
                f"{shown} is an azprov service with different options, from another version, "
                f"or edited ({_difference(old, unit)})",
                "replace it with --force",
            )
        raise HostError(f"{shown} is a different service", hint)
    if old is None:
        for path in init.package_files:
            if own_service(root, init) == path:
                raise HostError(
                    f"a package has already installed azprov, with the service "
                    f"{root.outside(path)}",
                    "enable that service, or remove the package first",
                )
            if root.status(path) is not None:
                raise HostError(f"{root.outside(path)} is a service of the same name", hint)
    link = root.read_link(place.command)
    if root.status(place.command, follow=False) and link != place.program:
        raise HostError(f"{root.outside(place.command)} is a different command", hint)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _missing(root: Root, folders: Sequence[str]) -> List[str]:
    """The folders and their parents that do not exist yet, parents first."""
    missing: List[str] = []
    for folder in folders:
        # A folder that a broken link leads to is missing, not the link.
        names = root.real_path(folder, allow_missing=True).split("/")
        for count in range(2, len(names) + 1):
            path = "/".join(names[:count])
            if path not in missing and root.status(path) is None:
                missing.append(path)
    return missing


def _owner() -> Optional[Owner]:
    """Root, if this process may set an owner: root runs these files at every boot."""
    return (0, 0) if os.geteuid() == 0 else None


def _write(root: Root, path: str, content: bytes, *, mode: int) -> bool:
    status = root.status(path, follow=False)
    owner = _owner()
    if (
        status is not None
        and (status.st_mode & 0o7777, status.st_size) == (mode, len(content))
        and owner in (None, (status.st_uid, status.st_gid))
        and root.read(path, limit_bytes=len(content)) == content
    ):
        return False
    root.write(path, content, mode=mode, owner=owner)
    return True


def _link(root: Root, path: str, target: str) -> bool:
    if root.read_link(path) == target:
        return False
    root.link(path, target)
    return True
