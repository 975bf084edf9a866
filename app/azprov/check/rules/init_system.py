"""Whether the kernel starts an init system, and the one that azprov's service is written for."""

import re
from typing import Iterator

from ...formats.bounds import COMPARED
from ...system.init import InitSystem
from ...system.init.known import init_program, init_started_by
from ..facts import packages
from ..facts.boot_loader import unified_kernels
from ..facts.files import TooMuch
from ..facts.image import Image
from ..facts.kernel_command_line import command_lines
from ..finding import ERROR, WARNING, Check, Finding, Rule
from ..fixes import install

_USUAL_INIT = "/sbin/init"
_INIT = re.compile(r"(?<!\S)init=(\S+)")
# Names of init programs that start no services of systemd or OpenRC, unless an inittab says so.
_OTHER_INITS = (
    "init",
    "sysvinit",
    "busybox",
    "toybox",
    "runit",
    "s6",
    "dinit",
    "finit",
    "upstart",
)
# Files of tools whose initramfs contains systemd, which then starts the systemd of the
# root by its own path: systemctl(1), switch-root. Debian has one part of dracut without
# making the initramfs with dracut.
_WITH_SYSTEMD = ("/usr/lib/dracut/modules.d", "/etc/dracut.conf", "/etc/mkinitcpio.conf")

INIT_MISSING = Rule(
    "init-missing",
    ERROR,
    "the program that the kernel starts, /sbin/init or init=, does not exist, so nothing boots",
    "install the package of the init system, or remove init= from the kernel command line",
)
INIT_OTHER = Rule(
    "init-other",
    ERROR,
    "the kernel starts a different init system from the one azprov's service was written for",
    "make /sbin/init start that init system, or remove init= from the kernel command line",
)


def check_init(image: Image) -> Iterator[Finding]:
    """Find a wrong or missing init= of the kernel command line, bootparam(7), or /sbin/init."""
    init = image.services.init
    if init is None:
        return
    lines = [_INIT.search(line) for _, line in command_lines(image)]
    names = list(dict.fromkeys(match.group(1) if match else "" for match in lines)) or [""]
    if len(names) > COMPARED:
        raise TooMuch(
            f"the kernel lines of {image.root} have more than {COMPARED} different init= programs",
            "shorten that file",
        )
    programs = [_program(image, name) for name in names]
    if any(_is_right(image, program) for program in programs):
        return
    name, program = names[0], programs[0]
    severity, exception = ERROR, ""
    if not name and init.has_units and _has_systemd_in_initramfs(image):
        severity, exception = WARNING, ", unless its initramfs starts systemd itself"
    if not program:
        path = name or _USUAL_INIT
        is_link = bool(image.link(path))
        yield INIT_MISSING.found(
            f"{image.shown(path)} {'is a broken link' if is_link else 'does not exist'}, so the "
            f"kernel has no program to start and the deployment fails after 40 minutes{exception}",
            _without_option(image, name) if name else _fix(image, init, is_other=False),
            severity=severity,
        )
    # A script may start any init system.
    elif not image.content(program).startswith(b"#!"):
        is_known = program.rpartition("/")[2].startswith(_OTHER_INITS)
        yield INIT_OTHER.found(
            f"the kernel starts {image.shown(program)}, but azprov's service is written for "
            f"{init.title}, so azprov never runs{exception}",
            _without_option(image, name) if name else _fix(image, init, is_other=True),
            severity=severity if is_known or name else WARNING,
        )


def _program(image: Image, name: str) -> str:
    if not name:
        return init_program(image.root)
    return image.root.real_path(name) if image.is_there(name) else ""


def _is_right(image: Image, program: str) -> bool:
    started = init_started_by(image.root, program) if program else None
    return started is not None and started is image.services.init


def _has_systemd_in_initramfs(image: Image) -> bool:
    return image.is_there(*_WITH_SYSTEMD) or bool(unified_kernels(image))


def _without_option(image: Image, name: str) -> str:
    return f"remove init={name} from {image.edited(command_lines(image)[0][0])}"


def _fix(image: Image, init: InitSystem, *, is_other: bool) -> str:
    """Install the package if its files are missing, otherwise create the link that it has."""
    package = packages.DEBIAN_INIT.get(init.name)
    if package is not None and image.tool == "apt-get":
        is_installed = image.is_there(f"/var/lib/dpkg/info/{package.usual}.list")
        if is_other or not is_installed:
            return install(image, package)
    target = next((path for path in init.init_programs if image.is_there(path)), "")
    if not target:
        return (
            f"make {image.edited(_USUAL_INIT, follow=False)} a link to {init.init_programs[0]}, or "
            f"to an init program that starts {init.title}"
        )
    link = f"ln -sfn {target} {image.typed(_USUAL_INIT, follow=False)}"
    return link if image.is_there("/sbin") else f"mkdir -p {image.typed('/sbin')} && {link}"


CHECKS = (Check(check_init, (INIT_MISSING, INIT_OTHER)),)
