"""How much the slow tests do: the short form in `make test`, the full one in `make soak`."""

from __future__ import annotations

import os

FULL = os.environ.get("EDRPORTAL_TEST_EFFORT") == "full"


def times(short: int, full: int) -> int:
    """Return how often to do something."""
    return full if FULL else short
