"""How often somebody may try to sign in: per account and per address, in bounded memory, in this process."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from secrets import token_bytes
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 50
WINDOW_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many failures: how many seconds until the next attempt is worth making."""

    seconds: int


@dataclass(slots=True)
class _Count:
    """The failures of one key in the last minutes, and the attempts that are being checked just now."""

    failures: list[float] = field(default_factory=list)
    open: int = 0


class Attempts:
    """Safe for threads. Keys are hashed with a key of this process: what was typed may be a password.

    `begin` is asked before a password is checked and counts the attempt as open; then one of `failed`, `succeeded`
    or `abandoned` follows. Open attempts count as failures until then, so that many at once gain nothing. A refused
    attempt does not prolong the wait.
    """

    def __init__(
        self,
        *,
        failures: int = ACCOUNT_FAILURES,
        window: float = WINDOW_SECONDS,
        per_address: int = ADDRESS_FAILURES,
        clock: Callable[[], float] = time.monotonic,
        capacity: int = 10_000,
    ) -> None:
        """Start with nothing counted; `capacity` bounds how many accounts, and how many addresses, are remembered."""
        self._key = token_bytes(32)
        self._window = window
        self._clock = clock
        self._lock = Lock()
        self._accounts = _Table(failures, capacity)
        self._addresses = _Table(per_address, capacity)

    def begin(self, account: str, address: str) -> Wait | None:
        """Open an attempt, or return how long to wait."""
        with self._lock:
            now = self._clock()
            places = self._places(account, address)
            waits = [wait for table, key in places if (wait := table.wait(key, now, self._window)) is not None]
            if waits:
                return Wait(max(1, ceil(max(waits))))
            for table, key in places:
                table.open(key, now, self._window)
            return None

    def failed(self, account: str, address: str) -> None:
        """Close an attempt that did not get in."""
        with self._lock:
            for table, key in self._places(account, address):
                table.close(key, self._clock())

    def succeeded(self, account: str, address: str) -> None:
        """Close an attempt that got in; it forgets the account's failures, never the address's."""
        with self._lock:
            (_, name), (_, where) = self._places(account, address)
            self._accounts.forget(name)
            self._addresses.close(where, None)

    def abandoned(self, account: str, address: str) -> None:
        """Close an attempt that could not be checked."""
        with self._lock:
            for table, key in self._places(account, address):
                table.close(key, None)

    def _places(self, account: str, address: str) -> tuple[tuple[_Table, bytes], tuple[_Table, bytes]]:
        return (self._accounts, self._hash(account)), (self._addresses, self._hash(_network(address)))

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")


class _Table:
    """Counts by key, the longest untouched first; at capacity the one with the fewest failures of those goes."""

    _LOOKED_AT = 64

    def __init__(self, limit: int, capacity: int) -> None:
        self._limit = limit
        self._capacity = capacity
        self._counts: OrderedDict[bytes, _Count] = OrderedDict()

    def wait(self, key: bytes, now: float, window: float) -> float | None:
        count = self._counts.get(key)
        if count is None:
            return None
        count.failures = [at for at in count.failures if now - at < window]
        if len(count.failures) >= self._limit:
            return window - (now - count.failures[-self._limit])
        return 1.0 if len(count.failures) + count.open >= self._limit else None

    def open(self, key: bytes, now: float, window: float) -> None:
        if key not in self._counts:
            self._make_room(now, window)
        count = self._counts.setdefault(key, _Count())
        count.open += 1
        self._counts.move_to_end(key)

    def close(self, key: bytes, failed_at: float | None) -> None:
        count = self._counts.get(key)
        if count is None:
            return
        count.open = max(0, count.open - 1)
        if failed_at is not None:
            count.failures = [*count.failures, failed_at][-self._limit :]
        elif not count.failures and not count.open:
            del self._counts[key]

    def forget(self, key: bytes) -> None:
        count = self._counts.get(key)
        if count is not None:
            count.failures = []
            self.close(key, None)

    def _make_room(self, now: float, window: float) -> None:
        if len(self._counts) < self._capacity:
            return
        oldest = [key for key, _ in zip(self._counts, range(self._LOOKED_AT), strict=False)]
        for key in oldest:  # a key that is hot is moved out of the way, so that the next look finds others
            count = self._counts[key]
            count.failures = [at for at in count.failures if now - at < window]
        least = min(oldest, key=lambda key: self._counts[key].open + len(self._counts[key].failures))
        for key in oldest:
            if len(self._counts[key].failures) >= self._limit - 1:
                self._counts.move_to_end(key)
        del self._counts[least]


def _network(address: str) -> str:
    """Return what one household or one pod has: an IPv4 address, or a /64 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
