"""What `provision` says to a person who types another command than the installed service has."""

from pathlib import Path

import pytest

from azprov.cli.commands.provision import log_command_of_service
from azprov.image.service_file import render_unit
from azprov.system.init import SYSTEMD
from azprov.system.root import Root
from sound_image import make_sound

_OPTIONS = ["--ssh-keys", "ops", "--platform", "any"]
_HINT = (
    "the installed service has other options; to repeat what it does, run azprov.pyz provision "
    "--ssh-keys ops --platform any"
)


@pytest.mark.parametrize(
    ("typed", "messages"),
    [
        ([], [_HINT]),
        (["--ssh-keys", "ops"], [_HINT]),
        (["-v", *_OPTIONS], []),
    ],
)
def test_the_command_of_the_service_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, typed: "list[str]", messages: "list[str]"
) -> None:
    """A person who repeats a first boot without the service's options gets another result."""
    image = make_sound(tmp_path / "image")
    (image / SYSTEMD.file[1:]).write_text(render_unit("/usr/bin/python3", _OPTIONS))

    log_command_of_service(Root(str(image)), ["azprov", "provision", *typed])

    assert caplog.messages == messages


def test_nothing_is_said_without_a_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An image may start azprov in a way of its own."""
    log_command_of_service(Root(str(tmp_path)), ["azprov", "provision"])

    assert caplog.messages == []
