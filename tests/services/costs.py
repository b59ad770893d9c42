"""What a call costs: processor time of its thread and memory, measured so that neither a busy machine nor pytest counts."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 0.5
MEBIBYTES = 32
_TRIES = 8
_HOPELESS = 40
_UNIT = 0.02
"""Seconds that `_work` takes on a machine of 2020; where it takes longer, everything does."""


def _work() -> None:
    total = {}
    for number in range(60_000):
        total[str(number)] = [number]


def _thread_seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of a call, without that of measuring coverage."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        started = time.thread_time()
        call()
        return time.thread_time() - started
    finally:
        sys.settrace(tracer)


def seconds(call: Callable[[], Any], *, enough: float = SECONDS) -> float:
    """Return the processor time of this thread that a call takes, on a machine of 2020: the best of a few tries.

    One try that stays below `enough` is taken at once.
    """
    best = _thread_seconds(call)
    if best < enough:
        return best
    gc.collect()
    gc.freeze()  # what pytest holds is not looked through again and again
    try:
        for _ in range(_TRIES - 1):
            if best < enough or best > enough * _HOPELESS:
                break
            slower = max(1.0, min(_thread_seconds(_work) for _ in range(3)) / _UNIT)
            best = min(best, _thread_seconds(call) / slower)
    finally:
        gc.unfreeze()
    return best


def mebibytes(call: Callable[[], Any]) -> float:
    """Return how much memory Python takes at most while a call runs, beyond what it had."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def peak(call: Callable[[], Any]) -> float:
    """Return by how many MiB the process grows at most while a call runs: quick, and a little too much or too little."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest there was
    before = _kibibytes("VmRSS")
    call()
    return (_kibibytes("VmHWM") - before) / 1024


def _kibibytes(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
