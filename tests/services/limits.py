"""A limit of time for each of a test's setup, call and teardown: what passes it fails that test, and the run goes on.

pytest-timeout says how long (`timeout` in pyproject.toml, the option, the marker), but would also stop what pytest itself
does between those three, such as writing the report, and nothing there expects to be stopped: the run would end.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_timeout

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_SECONDS = pytest.StashKey[float]()
_STDERR = 2


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool:
    """Note the limit and have pytest-timeout start no clock of its own."""
    item.stash[_SECONDS] = settings.timeout
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer() -> bool:
    """Stop the clock, for a debugger."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Limit all fixtures of the test."""
    with _limited(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Limit the test itself."""
    with _limited(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Limit what the fixtures clean up."""
    with _limited(item):
        yield


@contextmanager
def _limited(item: pytest.Item) -> Iterator[None]:
    """Raise pytest's failure in the block when it takes too long, and again if something swallowed it."""
    seconds = item.stash.get(_SECONDS, 0.0)
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        if not pytest_timeout.is_debugging():
            faulthandler.dump_traceback(_STDERR)
            pytest.fail(f"took longer than {seconds:g} s", pytrace=True)

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also when time was up just as the clock was stopped
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
