"""The option --platform, and the addresses that count as the same word of the user."""

from pathlib import Path
from typing import List

import pytest

from azprov.cli import main
from azprov.cli.commands import provision
from azprov.cli.registry import command_parser
from azprov.cli.shared_options import imds_settings
from images import add_python

REFUSAL = (
    "azprov: the firmware does not identify this machine as an Azure VM (no chassis asset tag), so "
    "no user, SSH key or host name is taken from the platform; to trust this network anyway, add "
    "--platform any (for the boot service, install it again with its options and this one)"
)
COMMANDS = [["admin-user"], ["ssh-keys", "--user", "ops"], ["set-hostname"]]


@pytest.fixture(autouse=True)
def _no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this module may be sent: the commands run into their own refusal."""
    monkeypatch.delenv("AZPROV_IMDS")
    monkeypatch.delenv("AZPROV_WIRESERVER")


@pytest.mark.parametrize(
    ("options", "environment", "is_trusted"),
    [
        ([], "", False),
        (["--platform", "auto"], "", False),
        (["--platform", "any"], "", True),
        (["--imds", "127.0.0.1:9"], "", True),
        (["--imds", "169.254.169.254"], "", True),
        (["--wireserver", "127.0.0.1:9"], "", True),
        (["--wireserver", "auto"], "", False),
        ([], "AZPROV_IMDS=127.0.0.1:9", True),
        ([], "AZPROV_WIRESERVER=127.0.0.1:9", True),
        ([], "AZPROV_WIRESERVER=auto", False),
        ([], "AZPROV_IMDS=", False),
        ([], "AZPROV_WIRESERVER=", False),
        (["--wireserver", "auto"], "AZPROV_WIRESERVER=127.0.0.1:9", False),
    ],
)
def test_an_address_or_the_option_vouches_for_the_platform(
    monkeypatch: pytest.MonkeyPatch, options: List[str], environment: str, is_trusted: bool
) -> None:
    """An address by hand, in an option or a variable, counts; the word auto does not."""
    if environment:
        monkeypatch.setenv(*environment.split("="))
    parsed = command_parser("provision").parse(options)

    assert provision.settings_of(parsed).is_platform_trusted == is_trusted


def test_no_other_word_is_accepted(capfd: pytest.CaptureFixture[str]) -> None:
    """A mistyped word neither trusts nor distrusts the platform."""
    assert main(["provision", "--platform", "azure"]) == 2
    assert "'azure'" in capfd.readouterr().err


@pytest.mark.parametrize("argv", COMMANDS, ids="".join)
def test_a_single_command_takes_nothing_from_a_stranger(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], argv: List[str]
) -> None:
    """Exit code 78 and one line, at once: nothing is requested."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ops:x:1000:1000::/home/ops:/bin/sh\n")

    code = main([*argv, "--root", str(tmp_path)])

    err = capfd.readouterr().err
    assert code == 78
    assert err.replace("azprov.pyz", "azprov").splitlines() == [REFUSAL]


@pytest.mark.parametrize("argv", COMMANDS, ids="".join)
def test_a_single_command_takes_the_option(argv: List[str]) -> None:
    """With --platform any, the answer is taken without a look at the firmware."""
    parser = command_parser(argv[0])

    assert not imds_settings(parser.parse(argv[1:])).is_trusted
    assert imds_settings(parser.parse([*argv[1:], "--platform", "any"])).is_trusted


def test_a_single_command_asks_at_an_address_by_hand(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The firmware is not that of Azure, and nothing answers at the address."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    imds = ["--imds", "127.0.0.1:9", "--imds-timeout", "0.2"]

    assert main(["set-hostname", "--root", str(tmp_path), *imds]) == 69
    assert "127.0.0.1:9 cannot be reached" in capfd.readouterr().err


def test_a_name_of_ones_own_needs_no_platform(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A name on the command line is set on every machine."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("")
    assert main(["set-hostname", "web01", "--root", str(tmp_path)]) == 0
    assert capfd.readouterr().err == "Host name: web01\n"
    assert (tmp_path / "etc/hostname").read_text() == "web01\n"


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ([], "azprov.pyz provision\n"),
        (["--platform", "auto"], "azprov.pyz provision\n"),
        (["--platform", "any"], "azprov.pyz provision --platform any\n"),
        (
            ["--platform", "any", "--admin-user"],
            "azprov.pyz provision --admin-user --platform any\n",
        ),
    ],
    ids=["default", "auto", "any", "any, with a user"],
)
def test_the_option_is_written_into_the_service(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], options: List[str], command: str
) -> None:
    """install writes what unit prints. The default is not written."""
    add_python(tmp_path)

    assert main(["unit", "--root", str(tmp_path), *options]) == 0

    assert command in capfd.readouterr().out
