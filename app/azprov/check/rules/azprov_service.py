"""Whether azprov's service starts at the first boot, and is the one that was tested."""

import re
from typing import Iterator, List

from ...errors import HostError
from ...formats.host.config_syntax import parse_sections
from ...formats.text import shell_word
from ...image.service_file import Command, command_of, program_of, render_unit, without_made_folders
from ...system.init import SERVICE, InitSystem
from ...system.init.known import INIT_SYSTEMS
from ...system.state import STATE_FILE
from ..facts.azprov_service import (
    installed_options,
    is_of_package,
    own_command,
    own_file,
    service_file,
)
from ..facts.image import Image
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule
from ..fixes import azprov, enable, install_again, preset

_ANY_PLATFORM = re.compile(r"(?:^| )--platform[ =]any(?= |$)")
# Settings of a drop-in that may keep the service from starting or from reaching Azure.
_DECISIVE = ("Exec", "Condition", "Assert", "PrivateNetwork", "IPAddress", "User", "Requires")


INIT_UNKNOWN = Rule(
    "init-unknown",
    ERROR,
    "no init system was found that azprov has a service for, so nothing starts azprov at boot",
    "check that the folder is the root of an image, and start azprov.pyz provision at boot",
)
SERVICE_MISSING = Rule(
    "service-missing",
    ERROR,
    "azprov's service is not installed, so nothing reports Ready",
    "run azprov install",
)
SERVICE_MASKED = Rule(
    "service-masked",
    ERROR,
    "azprov's service is masked, so azprov never runs",
    "run azprov install --force",
)
SERVICE_FOREIGN = Rule(
    "service-foreign",
    ERROR,
    "a different service uses the name azure-provisioning, so azprov never runs",
    "check what that service is for, and replace it with azprov install --force",
)
SERVICE_DISABLED = Rule(
    "service-disabled",
    ERROR,
    "azprov's service does not start at boot, so nothing reports Ready",
    "enable the service",
)
SERVICE_DONE = Rule(
    "service-done",
    NOTE,
    "azprov has provisioned the running VM and disabled its service",
    "run azprov deprovision before you make a generalized image of the VM, or azprov install "
    "--force --keep-enabled before a specialized image or a copy of its disk",
)
SERVICE_ALTERED = Rule(
    "service-altered",
    WARNING,
    "azprov's service was edited, comes from another version, or does not start azprov",
    "run azprov install --force",
)
SERVICE_DROP_IN = Rule(
    "service-drop-in",
    NOTE,
    "a drop-in changes azprov's service, and may keep it from starting or from reaching Azure",
    "test a first boot with the drop-in, or remove it",
)
SERVICE_TRUSTING = Rule(
    "service-trusting",
    NOTE,
    "azprov's service takes users, keys and names from any platform, on Azure or elsewhere",
    "run azprov install --force without --platform any",
)


def check_service(image: Image) -> Iterator[Finding]:
    """Find a service of azprov that is missing, masked or disabled, or of another init system."""
    services = image.services
    path = service_file(image)
    text = "" if path is None else image.text(path)
    force = (
        "run this, with --admin-user or --ssh-keys USER if the VMs need a user or keys: "
        f"{azprov(image, 'install --force')}"
    )
    if not services.init:
        yield INIT_UNKNOWN.found(
            f"no init system was found in {image.root} that azprov has a service for; either it is "
            "not the root of a system, or azprov does not support its init system",
            "check that it is the root of the image; with another init system, start "
            "azprov.pyz provision at boot yourself",
        )
    elif services.is_masked(SERVICE):
        yield SERVICE_MASKED.found(
            f"{services.init.unit} is masked, so azprov never runs and the deployment fails "
            "after 40 minutes",
            force,
        )
    elif path is None or (program_of(text) and not services.init.can_read(text)):
        others = [init for init in INIT_SYSTEMS if _has_service(image, init)]
        yield SERVICE_MISSING.found(
            f"azprov's service is written for {others[0].title}, but this image boots with "
            f"{services.init.title}, so azprov never runs"
            if others
            else "azprov's service is not installed, so nothing reports Ready and the deployment "
            "fails after 40 minutes",
            _install(image, others[:1], force=bool(path)),
        )
    elif program_of(text) is None:
        yield SERVICE_FOREIGN.found(
            f"{image.shown(path)} is not azprov's service, so azprov never runs",
            f"check what it is for, then {force}",
        )
    elif not services.starts(SERVICE):
        yield _disabled(image, services.init)
    else:
        yield from _kept_from_starting(image, services.init, path)


def _kept_from_starting(image: Image, init: InitSystem, path: str) -> Iterator[Finding]:
    """A service that is enabled, but that the init system cannot start, or leaves out."""
    mode = image.status_mode(path)
    obstacle = init.obstacle_in(image.root)
    so = "so nothing reports Ready and the deployment fails after 40 minutes"
    if init.mode & 0o111 and not mode & 0o111:
        yield SERVICE_DISABLED.found(
            f"{init.title} cannot start {image.shown(path)}, which is not executable, {so}",
            f"chmod 755 {image.typed(path)}",
        )
    elif obstacle:
        yield SERVICE_DISABLED.found(
            f"because of {image.shown(obstacle)}, {init.title} does not start azprov, {so}",
            install_again(image),
        )


def _has_service(image: Image, init: InitSystem) -> bool:
    text = image.text(init.file)
    return program_of(text) is not None and init.can_read(text)


def _install(image: Image, others: List[InitSystem], *, force: bool) -> str:
    """Install with the options of the service for another init system, if there is one."""
    options = [option for other in others for option in command_of(image.text(other.file)).options]
    words = ["install", *(["--force"] if force else []), *map(shell_word, options)]
    return azprov(image, " ".join(words))


def _disabled(image: Image, init: InitSystem) -> Finding:
    if image.is_there(STATE_FILE):
        what = (
            "this disk was already provisioned, so azprov's service is disabled: VMs from a "
            "generalized image of it would not report Ready, and other copies would share its SSH "
            "host keys"
        )
        command = azprov(image, "deprovision")
        keeping = install_again(image, [*installed_options(image), "--keep-enabled"])
        if image.root.is_live:
            return SERVICE_DONE.found(
                what,
                f"for a generalized image: {command}; for a specialized image or a copy: {keeping}",
            )
        return SERVICE_DISABLED.found(
            f"{what}; for a specialized image or a copy, the fix is {keeping}", command
        )
    if image.services.is_disabled_by_preset(SERVICE) and init.enabling_links(image.root, init.unit):
        return SERVICE_DISABLED.found(
            f"systemd would disable {init.unit} at the first boot, because its presets disable "
            f"it, and without an ID in {image.shown('/etc/machine-id')} they are applied; so "
            "nothing reports Ready and the deployment fails after 40 minutes",
            preset(image, SERVICE) if is_of_package(image) else install_again(image),
        )
    return SERVICE_DISABLED.found(
        f"{SERVICE} is installed but does not start at boot, so nothing reports Ready and the "
        "deployment fails after 40 minutes",
        enable(image, init.unit) if init.enable_command else install_again(image),
    )


def check_command(image: Image) -> Iterator[Finding]:
    """Find a service whose options azprov does not accept: it would end at once."""
    path = own_file(image)
    command = own_command(image)
    if path is None or command is None:
        return
    error = image.usage_error(command.options) if command.name == "provision" else ""
    if command.name != "provision":
        yield SERVICE_ALTERED.found(
            f"{image.shown(path)} does not start azprov.pyz provision, so nothing reports Ready",
            install_again(image),
            severity=ERROR,
        )
    elif error:
        yield SERVICE_ALTERED.found(
            f"azprov does not accept the options in {image.shown(path)} ({error}), so nothing "
            "reports Ready and the deployment fails after 40 minutes",
            f"run this with the options that the VMs need: {azprov(image, 'install --force')}",
            severity=ERROR,
        )
    else:
        yield from _differences(image, path, command)


def _differences(image: Image, path: str, command: Command) -> Iterator[Finding]:
    """The unit file and its drop-ins: systemd.unit(5)."""
    init = image.services.init
    if init is None or not init.has_units:
        return
    if not _is_as_written(image.text(path), command, init):
        yield SERVICE_ALTERED.found(
            f"{image.shown(path)} differs from the service that this version installs: it was "
            "edited or comes from another version, so it is untested",
            f"if you did not intend the change: {install_again(image)}",
        )
    for drop_in in image.drop_ins(init.unit_folders, init.unit):
        settings = parse_sections(image.text(drop_in))
        is_decisive = any(setting.key.startswith(_DECISIVE) for setting in settings)
        yield SERVICE_DROP_IN.found(
            f"{image.shown(drop_in)} changes azprov's service"
            + (" and may keep it from starting or from reaching Azure" if is_decisive else "")
            + "; check does not know whether it still works",
            "test a first boot with it, or remove it",
            severity=WARNING if is_decisive else NOTE,
        )


def check_trust(image: Image) -> Iterator[Finding]:
    """Find the option that makes azprov trust a network that is not Azure's."""
    options = " ".join(installed_options(image))
    if _ANY_PLATFORM.search(options):
        others = _ANY_PLATFORM.sub("", options).split()
        yield SERVICE_TRUSTING.found(
            f"{image.shown(own_file(image) or '')} has --platform any, so anyone who controls the "
            "network of a VM that boots outside Azure can name its users and keys",
            f"if the image is for Azure only: {install_again(image, others)}",
        )


def _is_as_written(unit: str, command: Command, init: InitSystem) -> bool:
    python, program, _, options = command
    try:
        written = render_unit(python, options, init=init, program=program)
        return without_made_folders(unit, init) == written
    except HostError:
        return False


CHECKS = (
    Check(
        check_service,
        (
            INIT_UNKNOWN,
            SERVICE_MISSING,
            SERVICE_MASKED,
            SERVICE_FOREIGN,
            SERVICE_DISABLED,
            SERVICE_DONE,
        ),
    ),
    Check(check_trust, (SERVICE_TRUSTING,)),
    Check(check_command, (SERVICE_ALTERED, SERVICE_DROP_IN)),
)
