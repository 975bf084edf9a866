"""Whether azprov itself will run at the first boot: its service, its program, its Python."""

import re
import shlex
import zipfile
from typing import Iterator, List

from ...errors import HostError
from ...formats.host.config_syntax import parse_sections
from ...formats.text import printable
from ...image.python import check_python
from ...image.service_file import PYZ, program_of, render_unit, without_made_folders
from ...system.boot_service import UNIT_NAME
from ...system.init_systems import INITS, SYSTEMD, Init
from ...system.state import STATE_FILE
from ..facts.azprov_service import (
    NAME,
    SCRIPT,
    command_of,
    install_again,
    installed_program,
    own_file,
    service_file,
)
from ..facts.image import Image
from ..facts.services import OPENRC, UNIT_FOLDERS
from ..finding import ERROR, NOTE, WARNING, Finding

_PROXY = re.compile(r"(?i)\b(https?|all|no)_proxy=")
# Settings of a drop-in with which the service may not start, or not reach the platform.
_DECISIVE = ("Exec", "Condition", "Assert", "PrivateNetwork", "IPAddress", "User", "Requires")
# dpkg's lists of files, of the packages that the interpreter and its modules are in.
_DPKG_FOLDER = "/var/lib/dpkg/info"
_PYTHON_PARTS = re.compile(r"((?:lib)?python3(?:\.\d+)?(?:-minimal|-stdlib)?)(?::\w+)?\.list\Z")
# A part that only azprov's archive has.
_PART = "azprov/__main__.py"
_LARGEST_PROGRAM_BYTES = 64 << 20


def check_service(image: Image) -> Iterator[Finding]:
    """What starts azprov, Microsoft's page "without a provisioning agent"."""
    services = image.services
    path = service_file(image)
    anew = (
        "with --admin-user or --ssh-keys USER added where its VMs are to have them: "
        f"{image.azprov('install --force')}"
    )
    if not services.init:
        yield Finding(
            "init-unknown",
            ERROR,
            f"neither systemd nor OpenRC was found in {image.root}, so it is no root of a system, "
            "or nothing that is known here starts azprov at boot",
            "look whether that is the image's root; another init has to start azprov.pyz provision",
        )
    elif services.is_masked(NAME):
        yield Finding(
            "service-masked",
            ERROR,
            f"{UNIT_NAME} is masked, so azprov never runs and the deployment fails "
            "after 40 minutes",
            anew,
        )
    elif path is None:
        others = [init for init in INITS.values() if program_of(image.text(init.file))]
        yield Finding(
            "service-missing",
            ERROR,
            f"azprov's service is written for {others[0].name}, which does not start this image"
            if others
            else "azprov's service is not installed, so nothing reports Ready and the deployment "
            "fails after 40 minutes",
            _install(image, others[:1]),
        )
    elif program_of(image.text(path)) is None:
        yield Finding(
            "service-foreign",
            ERROR,
            f"{image.shown(path)} is another service than azprov's, so azprov never runs",
            f"look at it, then, {anew}",
        )
    elif not services.starts(NAME):
        yield _disabled(image)


def _install(image: Image, others: List[Init]) -> str:
    """With the options of the service that another init would start, if there is one."""
    options = [option for other in others for option in command_of(image.text(other.file)).options]
    return image.azprov(" ".join(["install", *map(shlex.quote, options)]))


def _disabled(image: Image) -> Finding:
    command = image.enable(NAME if image.services.init == OPENRC else UNIT_NAME)
    if image.root.is_live and image.is_there(STATE_FILE):
        return Finding(
            "service-done",
            NOTE,
            f"azprov has provisioned this VM and disabled {NAME}; a VM made from an image of it "
            "would not be provisioned",
            f"before an image is made of it: {command}",
        )
    return Finding(
        "service-disabled",
        ERROR,
        f"{NAME} is installed and does not start at boot, so nothing reports Ready and the "
        "deployment fails after 40 minutes",
        command,
    )


def check_unit(image: Image) -> Iterator[Finding]:
    """Its own text, drop-ins and variables: systemd.unit(5), systemd.exec(5)."""
    path = own_file(image)
    if path is None or path == SCRIPT:
        return
    unit = image.text(path)
    if command_of(unit).name != "provision":
        yield Finding(
            "service-altered",
            ERROR,
            f"{image.shown(path)} does not start azprov.pyz provision, so nothing reports Ready",
            install_again(image),
        )
    elif not _is_as_written(unit):
        yield Finding(
            "service-altered",
            WARNING,
            f"{image.shown(path)} is not what this azprov writes: edited, or of another version, "
            "and so not what was tested",
            f"where the change was not meant, write it anew: {install_again(image)}",
        )
    drop_ins = image.drop_ins(UNIT_FOLDERS, UNIT_NAME)
    for drop_in in drop_ins:
        settings = parse_sections(image.text(drop_in))
        is_decisive = any(setting.key.startswith(_DECISIVE) for setting in settings)
        yield Finding(
            "service-drop-in",
            WARNING if is_decisive else NOTE,
            f"{image.shown(drop_in)} changes azprov's service"
            + (", perhaps so that it does not start or reach the platform" if is_decisive else "")
            + ", and was not judged",
            "try a first boot with it, or remove it",
        )
    for source in [path, *drop_ins]:
        for setting in parse_sections(image.text(source)):
            if setting.key == "Environment" and _PROXY.search(setting.value):
                yield Finding(
                    "service-proxy",
                    NOTE,
                    f"{image.shown(source)} sets a proxy, which azprov does not use: the "
                    "platform's addresses do not answer through one",
                    "take the line out, it has no effect",
                )


def check_program(image: Image) -> Iterator[Finding]:
    """The archive that the service starts."""
    if own_file(image) is None:
        return
    program = installed_program(image)
    flaw = _flaw_of(image, program)
    if flaw:
        yield Finding(
            "program-unusable",
            ERROR,
            f"{image.shown(program)} {flaw}, so azprov's service fails at every boot and the "
            "deployment with it",
            install_again(image),
        )


def check_interpreter(image: Image) -> Iterator[Finding]:
    """The Python that the service starts, by its files."""
    path = own_file(image)
    if path is None:
        return
    try:
        check_python(image.root, command_of(image.text(path)).python)
    except HostError as error:
        yield Finding(
            "python-unusable",
            ERROR,
            f"{error.summary}, and azprov's service starts with it, so the deployment fails "
            "after 40 minutes",
            _install_python(image),
        )


def _install_python(image: Image) -> str:
    """And the service anew, for the Python may be another one then."""
    again = install_again(image)
    matches = map(_PYTHON_PARTS.match, image.names(_DPKG_FOLDER))
    installed = [match.group(1) for match in matches if match]
    package = "python3"
    # Of a package that is installed apt brings no file back unless it is told to.
    if installed and image.tool == "apt-get":
        package = " ".join(["--reinstall", *installed])
    install = image.install(package, pacman="python")
    if installed_program(image) != PYZ:
        return install
    return f"{install} && {again}" if image.tool else f"{install}, then: {again}"


def _is_as_written(unit: str) -> bool:
    try:
        python, program, _, options = command_of(unit)
        written = render_unit(python, options, program=program)
        return without_made_folders(unit, SYSTEMD) == written
    except HostError:
        return False


def _flaw_of(image: Image, program: str) -> str:
    try:
        file = image.root.open_file(program)
    except HostError as error:
        return f"cannot be read ({printable(error.summary)})"
    if file is None:
        return "is not there"
    with file:
        if file.seek(0, 2) > _LARGEST_PROGRAM_BYTES:
            return "is far larger than azprov is"
        try:
            with zipfile.ZipFile(file) as archive:
                if _PART not in archive.namelist():
                    return "is another program than azprov"
                damaged = archive.testzip()
        # A damaged archive makes zipfile and zlib raise nearly anything.
        except Exception as error:  # noqa: BLE001 - see above; what it is does not matter
            return f"is damaged ({printable(str(error), 60)})"
    return f"is damaged at {printable(damaged, 60)}" if damaged else ""


RULES = (check_service, check_unit, check_program, check_interpreter)
