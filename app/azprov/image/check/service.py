"""Whether azprov itself will run at the first boot: its service, its program, its Python."""

import re
import zipfile
from typing import Iterator, List, Optional, Tuple

from ...documents.settings import parse_sections
from ...documents.text import printable
from ...errors import HostError
from ...host.service import UNIT_NAME
from ...host.state import STATE_FILE
from ..init import OPENRC as OPENRC_SERVICE
from ..init import SYSTEMD
from ..python import check_python
from ..unit import PYZ, render_unit, without_made_folders
from .finding import ERROR, NOTE, WARNING, Finding
from .image import Image
from .services import OPENRC, UNIT_FOLDERS

_NAME = UNIT_NAME.rpartition(".")[0]
_SCRIPT = OPENRC_SERVICE.file
_INTERPRETER = re.compile(r"/[A-Za-z0-9/._+-]*python3?[0-9.]*(?=[\s\"']|$)")
_PROXY = re.compile(r"(?i)\b(https?|all|no)_proxy=")
# A part that only azprov's archive has.
_PART = "azprov/__main__.py"
_LARGEST_PROGRAM_BYTES = 64 << 20


def check_service(image: Image) -> Iterator[Finding]:
    """What starts azprov, Microsoft's page "without a provisioning agent"."""
    services = image.services
    path = service_file(image)
    if not services.init:
        yield Finding(
            "init-unknown",
            WARNING,
            f"neither systemd nor OpenRC was found in {image.root}, so it is not known what "
            "starts at boot; what depends on it was not checked",
            "start azprov.pyz provision by what starts services there, and check those by hand",
        )
    elif services.is_masked(_NAME):
        yield Finding(
            "service-masked",
            ERROR,
            f"{UNIT_NAME} is masked, so azprov never runs and the deployment fails "
            "after 40 minutes",
            image.azprov("install --force"),
        )
    elif path is None:
        yield Finding(
            "service-missing",
            ERROR,
            "azprov's service is not installed, so nothing reports Ready and the deployment "
            "fails after 40 minutes",
            image.azprov("install"),
        )
    elif PYZ not in image.text(path):
        yield Finding(
            "service-foreign",
            ERROR,
            f"{image.shown(path)} is another service than azprov's, so azprov never runs",
            f"look at it, then {image.azprov('install --force')}",
        )
    elif not services.starts(_NAME):
        yield _disabled(image)


def _disabled(image: Image) -> Finding:
    command = image.enable(_NAME if image.services.init == OPENRC else UNIT_NAME)
    if image.root.is_live and image.is_there(STATE_FILE):
        return Finding(
            "service-done",
            NOTE,
            f"azprov has provisioned this VM and disabled {_NAME}; a VM made from an image of it "
            "would not be provisioned",
            f"before an image is made of it: {command}",
        )
    return Finding(
        "service-disabled",
        ERROR,
        f"{_NAME} is installed and does not start at boot, so nothing reports Ready and the "
        "deployment fails after 40 minutes",
        command,
    )


def check_unit(image: Image) -> Iterator[Finding]:
    """Its own text, drop-ins and variables: systemd.unit(5), systemd.exec(5)."""
    path = _own_file(image)
    if path is None or path == _SCRIPT:
        return
    unit = image.text(path)
    if not _is_as_written(unit):
        yield Finding(
            "service-altered",
            WARNING,
            f"{image.shown(path)} is not what this azprov writes: edited, or of another version, "
            "and so not what was tested",
            f"compare it with {image.azprov('unit')}; {image.azprov('install --force')} with the "
            "same options replaces it",
        )
    drop_ins = image.layered([f"{folder}/{UNIT_NAME}.d" for folder in UNIT_FOLDERS], ".conf")
    for drop_in in drop_ins:
        yield Finding(
            "service-drop-in",
            NOTE,
            f"{image.shown(drop_in)} changes azprov's service, and was not judged",
            "try a first boot with it",
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
    if _own_file(image) is None:
        return
    flaw = _flaw_of_program(image)
    if flaw:
        yield Finding(
            "program-unusable",
            ERROR,
            f"{image.shown(PYZ)} {flaw}, so azprov's service fails at every boot and the "
            "deployment with it",
            image.azprov("install"),
        )


def check_interpreter(image: Image) -> Iterator[Finding]:
    """The Python that the service starts, by its files."""
    path = _own_file(image)
    if path is None:
        return
    python, _ = _command(image.text(path))
    try:
        check_python(image.root, python)
    except HostError as error:
        yield Finding(
            "python-unusable",
            ERROR,
            f"{error.summary}, and azprov's service starts with it, so the deployment fails "
            "after 40 minutes",
            f"{image.install('python3', pacman='python')}; then {image.azprov('install --force')}",
        )


def service_file(image: Image) -> Optional[str]:
    """What starts azprov under the init system of the image, None if there is nothing."""
    if image.services.init == OPENRC:
        return _SCRIPT if image.is_there(_SCRIPT) else None
    places = [SYSTEMD.file, *(f"{folder}/{UNIT_NAME}" for folder in UNIT_FOLDERS)]
    return next((path for path in places if image.is_there(path)), None)


def _own_file(image: Image) -> Optional[str]:
    """As `service_file`, but only azprov's own."""
    path = service_file(image)
    return path if path is not None and PYZ in image.text(path) else None


def _command(text: str) -> Tuple[str, List[str]]:
    """The Python and the arguments of `provision` in a service's file."""
    for setting in parse_sections(text):
        if setting.key == "ExecStart" and PYZ in setting.value:
            words = setting.value.split()
            after = words.index(PYZ) + 2 if PYZ in words else len(words)
            return words[0].lstrip("-@:+!"), words[after:]
    match = _INTERPRETER.search(text)
    return (match.group() if match else "/usr/bin/python3"), []


def _is_as_written(unit: str) -> bool:
    try:
        return without_made_folders(unit, SYSTEMD) == render_unit(*_command(unit))
    except HostError:
        return False


def _flaw_of_program(image: Image) -> str:
    try:
        file = image.root.open_file(PYZ)
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
