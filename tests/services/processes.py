"""Starts servers for the tests, waits until they answer, and stops them by their process id."""

from __future__ import annotations

import itertools
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


_PORTS = range(12_000, 32_000)
"""Below those that the kernel gives to connections, any of which may have been taken between the look and the start."""


def _ports() -> Iterator[int]:
    """Begin anywhere, and give no port twice before all were given."""
    beginning = secrets.randbelow(len(_PORTS))
    return itertools.cycle((*_PORTS[beginning:], *_PORTS[:beginning]))


_next_ports = _ports()


def free_port() -> int:
    """Return a loopback port that nobody listens on just now, and that no other caller got lately."""
    while True:
        port = next(_next_ports)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(command: Sequence[str], *, log: Path, ready: Callable[[], bool], seconds: float) -> Iterator[int]:
    """Run a server for as long as the block lasts and yield its process id.

    Raises RuntimeError with the end of its log if it ends early or is not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen([*_dies_with_us(), *command], stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, log, ready, time.monotonic() + seconds)
        yield process.pid
    finally:
        _stop(process)


def _dies_with_us() -> list[str]:
    """Return a prefix that has the kernel end the server with the tests, even if they are killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool], deadline: float) -> None:
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{log.stem} did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
