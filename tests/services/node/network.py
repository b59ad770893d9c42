"""Sockets in a network namespace: what a thread opens there, whatever the rest of the process has."""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def network_of(process: int) -> Iterator[None]:
    """Have this thread, and no other, open its sockets in the network of a process until the block ends."""
    with Path("/proc/thread-self/ns/net").open("rb") as own, Path(f"/proc/{process}/ns/net").open("rb") as other:
        _enter(other.fileno())
        try:
            yield
        finally:
            _enter(own.fileno())


def enter_network_of(process: int) -> None:
    """Have this thread open its sockets in the network of a process from now on."""
    with Path(f"/proc/{process}/ns/net").open("rb") as other:
        _enter(other.fileno())


def status(process: int, url: str, *, ca: Path | None = None, name: str = "") -> int:
    """Ask in the network of a process; return the status of the answer, 0 where nobody answers.

    `name` is what the server's certificate has to hold instead of the URL's host.
    """
    with (
        network_of(process),
        urllib3.PoolManager(ca_certs=str(ca) if ca else None, retries=False, timeout=3, **_named(name)) as pool,
    ):
        try:
            return int(pool.request("GET", url).status)
        except urllib3.exceptions.HTTPError:
            return 0


def _named(name: str) -> dict[str, Any]:
    return {"server_hostname": name, "assert_hostname": name} if name else {}


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
