"""No collection of garbage while a long list is decoded: it is all data, without a cycle, and each would walk through it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_LOCK = Lock()
_pauses = 0
_was_enabled = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no collection begin within the block, of any thread, so keep it to milliseconds without I/O. Safe for threads."""
    global _pauses, _was_enabled  # noqa: PLW0603 - the collector is the process's own
    with _LOCK:
        if not _pauses:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _LOCK:
            _pauses -= 1
            if not _pauses and _was_enabled:
                gc.enable()
