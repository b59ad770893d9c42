"""How often someone may try to sign in: per account and per address, in bounded memory, in this process.

An account that failures close is closed to strangers alone: an address from which it got in before has failures of its
own for it, so that nobody elsewhere can close it there.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from secrets import token_bytes
from threading import Lock

from destinations.livecheck.ratelimit import SlidingWindow

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 50
WINDOW_SECONDS = 300.0
KNOWN_ADDRESSES = 8
"""Addresses of one account that are remembered: each of them allows as many guesses as all strangers together."""
KNOWN_SECONDS = 30 * 86_400.0


_Window = SlidingWindow[bytes]


class Attempts:
    """Safe for threads. Keys are hashed with a key of this process: what was typed may be a password.

    `charge` comes before a password is checked; then one of `failed`, `succeeded` or `refund` follows. Until then the
    attempt counts as a failure, so that many at once gain nothing. A refused attempt does not prolong the wait.
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
        self._key = token_bytes(32)
        self._clock = clock
        self._lock = Lock()
        self._strangers: _Window = SlidingWindow(failures, window, capacity)
        self._pairs: _Window = SlidingWindow(failures, window, capacity)
        self._addresses: _Window = SlidingWindow(per_address, window, capacity)
        self._known = _KnownAddresses(capacity)

    def charge(self, account: str, address: str) -> int | None:
        """Count an attempt; or return how many seconds to wait, and count nothing."""
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            limits = [(self._pairs, keys.pair), (self._addresses, keys.address)]
            if not self._known.holds(keys.account, keys.address, now):
                limits.append((self._strangers, keys.account))
            waits = [wait for window, key in limits if (wait := window.wait(key, now)) is not None]
            if waits:
                return max(1, ceil(max(waits)))
            for window, key in self._all(keys):
                window.charge(key, now)
            return None

    def failed(self, account: str, address: str) -> None:
        """Count an attempt as a failure; that of a known address is none of the strangers' failures."""
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            is_known = self._known.holds(keys.account, keys.address, now)
            for window, key in self._all(keys):
                if is_known and window is self._strangers:
                    window.refund(key)
                else:
                    window.settle(key, now)

    def succeeded(self, account: str, address: str) -> None:
        """Refund an attempt that got in: its address is known to the account from now on.

        It forgets the failures of the account at this address, and those of strangers where it was one of them; never the
        address's. Someone who guesses from elsewhere gains nothing by a script that gets in every minute.
        """
        with self._lock:
            now, keys = self._clock(), self._keys(account, address)
            if self._known.holds(keys.account, keys.address, now):
                self._strangers.refund(keys.account)
            else:
                self._strangers.forget(keys.account)
            self._known.add(keys.account, keys.address, now)
            self._pairs.forget(keys.pair)
            self._addresses.refund(keys.address)

    def refund(self, account: str, address: str) -> None:
        with self._lock:
            for window, key in self._all(self._keys(account, address)):
                window.refund(key)

    def _all(self, keys: _Keys) -> tuple[tuple[_Window, bytes], ...]:
        return (self._strangers, keys.account), (self._pairs, keys.pair), (self._addresses, keys.address)

    def _keys(self, account: str, address: str) -> _Keys:
        name, where = self._hash(account), self._hash(_network(address))
        return _Keys(name, where, name[:16] + where[:16])

    def _hash(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")


@dataclass(frozen=True, slots=True)
class _Keys:
    account: bytes
    address: bytes
    pair: bytes


class _KnownAddresses:
    """From which addresses an account got in; only who gets in adds to it, so that strangers cannot fill it."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._accounts: OrderedDict[bytes, OrderedDict[bytes, float]] = OrderedDict()

    def holds(self, account: bytes, address: bytes, now: float) -> bool:
        addresses = self._accounts.get(account)
        return addresses is not None and now - addresses.get(address, float("-inf")) < KNOWN_SECONDS

    def add(self, account: bytes, address: bytes, now: float) -> None:
        addresses = self._accounts.setdefault(account, OrderedDict())
        addresses[address] = now
        addresses.move_to_end(address)
        self._accounts.move_to_end(account)
        if len(addresses) > KNOWN_ADDRESSES:
            addresses.popitem(last=False)
        if len(self._accounts) > self._capacity:
            self._accounts.popitem(last=False)


def _network(address: str) -> str:
    """Return what one household or one pod has: an IPv4 address, or a /64 of IPv6."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


ATTEMPTS = Attempts()
