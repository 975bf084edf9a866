"""What every test starts from: signal handlers and loggers as the interpreter had them."""

import logging
import os
import signal
import socket
from typing import Iterator, List

import pytest
from hypothesis import HealthCheck, settings

from pyz import NOWHERE
from strict_wireserver import StrictWireServer, serving

# How long an example takes is no law; a machine under load would break it.
settings.register_profile("azprov", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("azprov")

# No test contacts the platform's real addresses from here, not even one that has gone
# wrong; those that do so on purpose run in a network namespace of their own.
os.environ.update(NOWHERE)

# A shell has what it runs in the background ignore Ctrl-C, and all that is started from here.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--boot", action="store_true", help="boot real roots as well (needs root)")
    parser.addoption("--every-fault", action="store_true", help="each error at every system call")


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    if not config.getoption("--boot"):
        asked_for = pytest.mark.skip(reason="real boots are asked for with --boot")
        for item in items:
            if item.get_closest_marker("boot"):
                item.add_marker(asked_for)


def pytest_sessionstart() -> None:
    """Servers of the tests are on loopback; where that is down, their clients would hang."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.0.0.1", 9))
        except OSError:
            pytest.exit("loopback is down: ip link set lo up", returncode=1)


@pytest.fixture(autouse=True)
def untouched_process() -> Iterator[None]:
    """Undo what azprov.cli.main sets for a process of its own."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers):
        signal.signal(number, handler)
    logging.getLogger("azprov").handlers = []
    logging.getLogger("azprov").setLevel(logging.NOTSET)


@pytest.fixture
def wireserver() -> Iterator[StrictWireServer]:
    """A strict server on loopback, with a port of its own."""
    with serving() as server:
        yield server
