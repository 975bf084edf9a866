"""Parsing the addresses that users type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.azure.endpoint import Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint", "shown"),
    [
        ("168.63.129.16", ("168.63.129.16", 80), "168.63.129.16"),
        ("127.0.0.1:8080", ("127.0.0.1", 8080), "127.0.0.1:8080"),
        ("localhost:1", ("127.0.0.1", 1), "127.0.0.1:1"),
        ("[::1]", ("::1", 80), "[::1]"),
        ("[fe80::1]:65535", ("fe80::1", 65535), "[fe80::1]:65535"),
    ],
)
def test_addresses_are_understood(text: str, endpoint: Endpoint, shown: str) -> None:
    """Numeric addresses and localhost are valid; the default port is 80."""
    assert parse_endpoint(text) == endpoint
    assert str(parse_endpoint(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "wireserver",
        "wireserver.example:80",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4:",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4:80:80",
        "::1",
        "[::1",
        "[1.2.3.4]",
        "http://1.2.3.4",
        "1.2.3.4/machine",
        "1.2.3.4\n",
        "1.2.3.4\0",
        "user@1.2.3.4",
        "localhostlocalhost",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    """Names, URLs, bad ports and malformed addresses raise ValueError."""
    with pytest.raises(ValueError, match="not "):
        parse_endpoint(text)


@given(st.text())
def test_any_text_is_an_endpoint_or_a_value_error(text: str) -> None:
    """No other exception is raised, and the port is always valid."""
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        return
    assert 1 <= endpoint.port <= 65535
