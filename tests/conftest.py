"""The state in which every test starts, the unit tests by folder, and the skipped tests."""

import gc
import logging
import os
import re
import signal
import socket
from typing import Iterator, List, Set

import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings

import needs
from namespaces import stop_being_nobody
from project import NOWHERE
from strict_wireserver import StrictWireServer, serving
from unit_tests import is_unit_test

# A time limit for each example would fail on a machine under load.
settings.register_profile("azprov", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For `build.py check`; the full test run tries more.
settings.register_profile("quick", settings.get_profile("azprov"), max_examples=20)
settings.load_profile("azprov")

# Keep every azprov that a test starts away from the platform's real addresses. Tests that use
# these addresses do it in a network namespace of their own, where the variables are removed.
os.environ.update(NOWHERE)

stop_being_nobody()


def reset_signals() -> None:
    """Give the signals that azprov handles the actions and the mask of a new process.

    Processes inherit which signals are ignored and blocked: a shell makes its background jobs
    ignore SIGINT, nohup ignores SIGHUP, and some programs that run a CI job block signals.
    azprov.cli.main leaves them ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


reset_signals()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--boot", action="store_true", help="boot real roots too (needs root)")
    parser.addoption(
        "--every-machine", action="store_true", help="with --boot: boot every virtual machine"
    )
    parser.addoption(
        "--every-fault", action="store_true", help="try every error at every system call"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    for item in items:
        if is_unit_test(item.path, needs_more=item.get_closest_marker("needs") is not None):
            item.add_marker("unit")
        if item.get_closest_marker("boot"):
            # The boots of a file share its machines. Those of two files wait more than they
            # compute, so both workers have some.
            item.add_marker(pytest.mark.xdist_group(f"boot {item.path.stem}"))
            if not config.getoption("--boot"):
                item.add_marker(pytest.mark.skip(reason="boots run with --boot only"))
        if item.get_closest_marker("every_machine") and not config.getoption("--every-machine"):
            item.add_marker(pytest.mark.skip(reason="runs with --boot --every-machine only"))
        group = item.get_closest_marker("xdist_group")
        if group and hasattr(config, "workerinput"):
            # What pytest-xdist 3.8.0 does, but it sets a name that pytest 9.2 does not read.
            item._id = coerce_node_id(f"{item.nodeid}@{group.args[0]}")


def pytest_collection_finish() -> None:
    """Leave the collected tests out of all garbage collections, some of which tests ask for."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Make what an earlier run left in its folder removable; pytest itself then removes it."""
    folder = config.getoption("basetemp")
    if folder and not hasattr(config, "workerinput"):  # xdist's workers have folders inside
        for inside, _, _ in os.walk(folder):
            os.chmod(inside, 0o700)


def pytest_sessionstart() -> None:
    """Stop if loopback is down: the clients of the tests' servers would hang."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.0.0.1", 9))
        except OSError:
            pytest.exit("loopback is down: ip link set lo up", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            needs.require(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """End with how many tests this machine could not run, and what to install for them."""
    yield
    packages: Set[str] = set()
    lacking, for_root = 0, 0
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2]
        match = re.search("apt-get install (.+)", reason)
        lacking += match is not None
        for_root += reason.endswith("needs root")
        packages.update(match[1].split() if match else [])
    if lacking:
        terminalreporter.write_line(
            f"Skipped because programs are missing: {lacking}. "
            f"To run them: apt-get install {' '.join(sorted(packages))}"
        )
    if for_root:
        terminalreporter.write_line(f"Skipped because only root can run them: {for_root}.")


@pytest.fixture(autouse=True)
def untouched_process() -> Iterator[None]:
    """Undo what azprov.cli.main sets for a process of its own.

    Also before a test, because a fixture of a module may have run azprov.
    """
    reset_signals()
    yield
    reset_signals()
    logging.getLogger("azprov").handlers = []
    logging.getLogger("azprov").setLevel(logging.NOTSET)


@pytest.fixture
def wireserver() -> Iterator[StrictWireServer]:
    """A strict server on loopback, with a port of its own."""
    with serving() as server:
        yield server
