"""What a boot does by default, and where the endpoints of a setting come from."""

from typing import Dict, Optional

import pytest

from azprov import __version__
from azprov.azure.endpoint import Endpoint
from azprov.boot.settings import (
    BootSettings,
    ImdsSettings,
    WireServerSettings,
    imds_endpoint,
    wireserver_endpoint,
)
from azprov.errors import UsageError


def test_a_report_has_fifteen_minutes_by_default() -> None:
    """Azure restarts a VM that has not reported after twenty minutes."""
    settings = WireServerSettings()

    assert vars(settings) == {
        "endpoint": None,
        "source": "AZPROV_WIRESERVER",
        "timeout_s": 900.0,
        "agent_name": f"azprov/{__version__}",
        "protocol": "xml",
    }


def test_another_time_limit_changes_nothing_else() -> None:
    """All other settings are copied."""
    endpoint = Endpoint("192.0.2.1", 8080)
    settings = WireServerSettings(endpoint, "--wireserver", 9.0, "agent/1", "json")

    assert vars(settings.with_timeout(5.0)) == {
        "endpoint": endpoint,
        "source": "--wireserver",
        "timeout_s": 5.0,
        "agent_name": "agent/1",
        "protocol": "json",
    }


def test_the_metadata_service_has_five_minutes_by_default() -> None:
    """Its address never changes."""
    settings = ImdsSettings()

    assert settings.endpoint == Endpoint("169.254.169.254", 80)
    assert settings.timeout_s == 300.0
    assert not settings.is_trusted
    assert ImdsSettings(LOCAL).endpoint == Endpoint("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("create_admin_user", "ssh_keys_user", "is_required"),
    [(False, None, False), (True, None, True), (False, "ops", True), (True, "ops", True)],
)
def test_ready_waits_for_a_user_and_for_keys(
    create_admin_user: bool, ssh_keys_user: Optional[str], is_required: bool
) -> None:
    """A host name is not required."""
    settings = BootSettings(
        WireServerSettings(),
        ImdsSettings(),
        "unit",
        create_admin_user=create_admin_user,
        ssh_keys_user=ssh_keys_user,
    )

    assert settings.has_required_step is is_required
    assert settings.set_hostname
    assert not settings.keep_enabled


LOCAL = Endpoint("127.0.0.1", 8080)
OTHER = Endpoint("192.0.2.1")


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        (None, {}, (None, "AZPROV_WIRESERVER")),
        (None, {"AZPROV_WIRESERVER": ""}, (None, "AZPROV_WIRESERVER")),
        (None, {"AZPROV_WIRESERVER": "127.0.0.1:8080"}, (LOCAL, "AZPROV_WIRESERVER")),
        ("192.0.2.1", {"AZPROV_WIRESERVER": "127.0.0.1:8080"}, (OTHER, "--wireserver")),
        ("auto", {"AZPROV_WIRESERVER": "127.0.0.1:8080"}, (None, "--wireserver")),
    ],
)
def test_an_option_precedes_the_variable_for_wireserver(
    option: Optional[str], environment: Dict[str, str], expected: "tuple[Optional[Endpoint], str]"
) -> None:
    """Without either, with an empty variable or `auto`, the lease's address is used."""
    assert wireserver_endpoint(option, environment) == expected


@pytest.mark.parametrize(
    ("option", "environment", "expected"),
    [
        (None, {}, None),
        (None, {"AZPROV_IMDS": ""}, None),
        (None, {"AZPROV_IMDS": "127.0.0.1:8080"}, LOCAL),
        ("192.0.2.1", {"AZPROV_IMDS": "127.0.0.1:8080"}, OTHER),
    ],
)
def test_an_option_precedes_the_variable_for_the_metadata_service(
    option: Optional[str], environment: Dict[str, str], expected: Optional[Endpoint]
) -> None:
    """Without either, and with an empty variable, no address is given."""
    assert imds_endpoint(option, environment) == expected


def test_a_bad_address_is_reported_with_its_source() -> None:
    """The hint shows two valid forms."""
    with pytest.raises(UsageError) as by_option:
        imds_endpoint("imds", {})
    with pytest.raises(UsageError) as by_variable:
        imds_endpoint(None, {"AZPROV_IMDS": "imds"})
    with pytest.raises(UsageError) as wireserver:
        wireserver_endpoint("x", {})

    assert str(by_option.value) == (
        "--imds is not a numeric address: 'imds'; give it as 169.254.169.254 or 127.0.0.1:8080"
    )
    assert str(by_variable.value).startswith("AZPROV_IMDS is not a numeric address: 'imds'; ")
    assert str(wireserver.value) == (
        "--wireserver is not a numeric address: 'x'; "
        "give it as auto, 168.63.129.16 or 127.0.0.1:8080"
    )
