"""How often somebody may try to sign in: per account and per address, in bounded memory, in this process.

An account that failures close is closed to strangers alone: an address from which it got in before has failures of its
own for it, so that nobody elsewhere can close it there.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from secrets import token_bytes
from threading import Lock

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 50
WINDOW_SECONDS = 300.0
KNOWN_ADDRESSES = 8
"""Addresses of one account that are remembered: each of them allows as many guesses as all strangers together."""
KNOWN_SECONDS = 30 * 86_400.0


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
        """Start with nothing counted; `capacity` bounds how many accounts, addresses and pairs are remembered."""
        self._key = token_bytes(32)
        self._window = window
        self._clock = clock
        self._lock = Lock()
        self._strangers = _Table(failures, capacity)
        self._pairs = _Table(failures, capacity)
        self._addresses = _Table(per_address, capacity)
        self._known = _Known(capacity)

    def begin(self, account: str, address: str) -> Wait | None:
        """Open an attempt, or return how long to wait."""
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            asked = [(self._pairs, keys.pair), (self._addresses, keys.address)]
            if not self._known.holds(keys.account, keys.address, now):
                asked.append((self._strangers, keys.account))
            waits = [wait for table, key in asked if (wait := table.wait(key, now, self._window)) is not None]
            if waits:
                return Wait(max(1, ceil(max(waits))))
            for table, key in self._all(keys):
                table.open(key, now, self._window)
            return None

    def failed(self, account: str, address: str) -> None:
        """Close an attempt that did not get in; that of a known address is none of the strangers' failures."""
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            is_known = self._known.holds(keys.account, keys.address, now)
            for table, key in self._all(keys):
                table.close(key, None if is_known and table is self._strangers else now)

    def succeeded(self, account: str, address: str) -> None:
        """Close an attempt that got in: its address is known to the account from now on.

        It forgets the failures of the account at this address, and those of strangers where it was one of them; never the
        address's. Somebody who guesses from elsewhere gains nothing by a script that gets in every minute.
        """
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            if self._known.holds(keys.account, keys.address, now):
                self._strangers.close(keys.account, None)
            else:
                self._strangers.forget(keys.account)
            self._known.add(keys.account, keys.address, now)
            self._pairs.forget(keys.pair)
            self._addresses.close(keys.address, None)

    def abandoned(self, account: str, address: str) -> None:
        """Close an attempt that could not be checked."""
        with self._lock:
            for table, key in self._all(self._keys(account, address)):
                table.close(key, None)

    def _all(self, keys: _Keys) -> tuple[tuple[_Table, bytes], ...]:
        return (self._strangers, keys.account), (self._pairs, keys.pair), (self._addresses, keys.address)

    def _keys(self, account: str, address: str) -> _Keys:
        name, where = self._hash(account), self._hash(_network(address))
        return _Keys(name, where, name[:16] + where[:16])

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")


@dataclass(frozen=True, slots=True)
class _Keys:
    """The hashes of an account, of a network address, and of both."""

    account: bytes
    address: bytes
    pair: bytes


class _Known:
    """From which addresses an account got in; only who gets in adds to it, so that strangers cannot fill it."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._accounts: OrderedDict[bytes, OrderedDict[bytes, float]] = OrderedDict()

    def holds(self, account: bytes, address: bytes, now: float) -> bool:
        found = self._accounts.get(account)
        return found is not None and now - found.get(address, float("-inf")) < KNOWN_SECONDS

    def add(self, account: bytes, address: bytes, now: float) -> None:
        found = self._accounts.setdefault(account, OrderedDict())
        found[address] = now
        found.move_to_end(address)
        self._accounts.move_to_end(account)
        if len(found) > KNOWN_ADDRESSES:
            found.popitem(last=False)
        if len(self._accounts) > self._capacity:
            self._accounts.popitem(last=False)


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


ATTEMPTS = Attempts()
