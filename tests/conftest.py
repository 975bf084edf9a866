"""What every test starts from: signal handlers and loggers as the interpreter had them."""

import logging
import signal
from typing import Iterator

import pytest
from hypothesis import settings

# How long an example takes is no law; a machine under load would break it.
settings.register_profile("azprov", deadline=None)
settings.load_profile("azprov")


@pytest.fixture(autouse=True)
def untouched_process() -> Iterator[None]:
    """Undo what azprov.cli.main sets for a process of its own."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
    logging.getLogger("azprov").handlers = []
    logging.getLogger("azprov").setLevel(logging.NOTSET)
