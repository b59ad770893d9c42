"""The process that serves, and its parting from the one that keeps an eye on it (`keeper`)."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from edrportal.management import keeper

_SIGNALS = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT


class Watched:
    """What the serving process knows of its keeper."""

    def __init__(self, keeper_id: int, beats: int) -> None:
        self._keeper = keeper_id
        self._beats = beats

    def beat(self) -> bool:
        """Give a sign of life; return whether the keeper is there: without it no platform would see how this process ends."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._beats, b".")
        return os.getppid() == self._keeper


def part() -> Watched:
    """Return in a new process, which is to serve; the old one, which the platform knows, becomes its keeper.

    A signal that comes meanwhile waits until one of the two can heed it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    keeper_id = os.getpid()
    heard, beats = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    serving = os.fork()
    if serving:
        os.set_inheritable(heard, True)  # noqa: FBT003 - the function's signature
        file = str(Path(keeper.__file__).resolve())
        os.execv(sys.executable, [sys.executable, "-I", "-S", file, str(serving), str(heard)])  # noqa: S606
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(heard)
    os.set_blocking(beats, False)
    return Watched(keeper_id, beats)
