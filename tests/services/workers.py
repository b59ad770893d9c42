"""How many processes run the tests side by side, and which tests run beside no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_GIB_PER_WORKER = 1.5
"""Its own etcd, API server and Chromium included."""

ALONE = ("tests/running/", "tests/node/")
"""Rooms that measure time, memory or a real server under load."""


def pytest_xdist_auto_num_workers() -> int:
    """Return the workers of `-n auto`: one more than processors, as many tests wait for something, if memory allows."""
    available = next(
        int(line.split()[1]) / 1024**2
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        if line.startswith("MemAvailable:")
    )
    return max(1, min(len(os.sched_getaffinity(0)) + 1, int(available / _GIB_PER_WORKER)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of some rooms `alone`, which `make test` runs one by one after all others."""
    for item in items:
        if item.nodeid.startswith(ALONE):
            item.add_marker("alone")
