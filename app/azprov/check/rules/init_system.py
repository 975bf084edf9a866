"""Whether the kernel starts an init, and the one that azprov's service is written for."""

import re
from typing import Iterator

from ...system.init_systems import SYSTEMD as SYSTEMD_SERVICE
from ...system.init_systems import first_program, started_init
from ..facts.boot_loader import command_lines, unified_kernels
from ..facts.image import Image
from ..facts.services import SYSTEMD
from ..finding import ERROR, WARNING, Finding

_PLACE = "/sbin/init"
_INIT = re.compile(r"(?<!\S)init=(\S+)")
# Names of inits that start no services of systemd or OpenRC, but by an inittab that says so.
_OTHERS = ("init", "sysvinit", "busybox", "toybox", "runit", "s6", "dinit", "finit", "upstart")
# Makers of an initramfs in which systemd is, and goes on in the root by its own path:
# systemctl(1), switch-root. Of dracut Debian has a part where it is not the maker.
_WITH_SYSTEMD = ("/usr/lib/dracut/modules.d", "/etc/dracut.conf", "/etc/mkinitcpio.conf")
_OPENRCS_OWN = ("/sbin/openrc-init", "/usr/sbin/openrc-init", "/usr/bin/openrc-init")


def check_first_program(image: Image) -> Iterator[Finding]:
    """init= of the kernel's command line, bootparam(7), or else /sbin/init."""
    if not image.services.init:
        return
    lines = [_INIT.search(line) for _, line in command_lines(image)]
    names = [match.group(1) if match else "" for match in lines] or [""]
    programs = [_program(image, name) for name in names]
    if any(_is_right(image, program) for program in programs):
        return
    name, program = names[0], programs[0]
    severity, but = ERROR, ""
    if not name and image.services.init == SYSTEMD and _has_systemd_before(image):
        severity, but = WARNING, ", unless its initramfs starts systemd by itself"
    if not program:
        place = name or _PLACE
        is_link = bool(image.link(place))
        yield Finding(
            "init-missing",
            severity,
            f"{image.shown(place)} {'leads to nothing' if is_link else 'is not there'}, so the "
            f"kernel has nothing to start and the deployment fails after 40 minutes{but}",
            f"take init={name} out of {image.shown(command_lines(image)[0][0])}"
            if name
            else _mend(image, is_other=False),
        )
    # A script may hand over to whatever it says.
    elif not image.content(program).startswith(b"#!"):
        is_known = program.rpartition("/")[2].startswith(_OTHERS)
        yield Finding(
            "init-other",
            severity if is_known or name else WARNING,
            f"the kernel starts {image.shown(program)} and not {image.services.init}, for which "
            f"azprov's service is written, so azprov never runs{but}",
            f"take init={name} out of {image.shown(command_lines(image)[0][0])}"
            if name
            else _mend(image, is_other=True),
        )


def _program(image: Image, name: str) -> str:
    if not name:
        return first_program(image.root)
    return image.root.real_path(name) if image.is_there(name) else ""


def _is_right(image: Image, program: str) -> bool:
    init = started_init(image.root, program) if program else None
    return init is not None and init.name == image.services.init.lower()


def _has_systemd_before(image: Image) -> bool:
    return image.is_there(*_WITH_SYSTEMD) or bool(unified_kernels(image))


def _mend(image: Image, *, is_other: bool) -> str:
    """A package where there is one and its files are not there, else the link that it has."""
    if image.services.init == SYSTEMD:
        is_installed = image.is_there("/var/lib/dpkg/info/systemd-sysv.list")
        if image.tool == "apt-get" and (is_other or not is_installed):
            return image.install("systemd-sysv")
        programs = SYSTEMD_SERVICE.programs
    else:
        programs = _OPENRCS_OWN
    target = next((path for path in programs if image.is_there(path)), "")
    if not target:
        return (
            f"make {image.shown(_PLACE)} a link to openrc-init, or to an init whose "
            f"{image.shown('/etc/inittab')} starts openrc"
        )
    # Where /sbin is an absolute link, its place is not the one on this machine.
    folder = image.root.real_path("/sbin")
    return f"ln -sf {target} {image.typed(f'{folder}/init')}"


RULES = (check_first_program,)
