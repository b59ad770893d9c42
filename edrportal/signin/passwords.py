"""The comparison of a password with a bcrypt hash, as Go does it (golang.org/x/crypto/bcrypt), within limits.

Go reads the hash by position: `$`, the major version (at most `2`), perhaps a minor one, two digits of cost, 22
characters of salt and 31 of the hash; whatever follows is not compared. It has no limit on the password's length and
uses the first 72 bytes, which the Python library leaves to its caller.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import token_bytes
from threading import BoundedSemaphore

import bcrypt

MAX_COST = 14
"""A hash of a higher cost is refused: one comparison would take seconds of a processor."""
USUAL_COST = 10
_MIN_COST = 4
_MIN_LENGTH = 59
_SALT, _HASH = 22, 31
_USED_BYTES = 72
_ALPHABET = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_CORES = os.cpu_count() or 1
_places = BoundedSemaphore(_CORES)
_waiting = BoundedSemaphore(_CORES + 8)


class TooManyAtOnce(Exception):
    """More passwords are being compared than the processors can do soon: worth trying again in a moment."""


@dataclass(frozen=True, slots=True)
class Parsed:
    cost: int
    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)


def parse(stored: bytes) -> Parsed | None:
    """Return None for a hash that Go cannot read."""
    if len(stored) < _MIN_LENGTH or stored[:1] != b"$" or stored[1:2] > b"2":
        return None
    start = 3 if stored[2:3] == b"$" else 4
    digits = stored[start : start + 2]
    if not re.fullmatch(rb"[0-9]{2}|\+[0-9]", digits) or not _MIN_COST <= int(digits) <= 31:  # noqa: PLR2004
        return None
    rest = stored[start + 3 :]
    salt = rest[:_SALT]
    if len(salt) < _SALT or not set(salt) <= set(_ALPHABET):
        return None
    return Parsed(int(digits), salt, rest[_SALT : _SALT + _HASH])


def matches(stored: bytes, password: str, *, padded_to: int = USUAL_COST) -> bool:
    """Return whether the password is the one of the hash. An empty password never matches. Raises TooManyAtOnce.

    Whatever is stored, it takes 2 to the power of `padded_to` rounds, if that is at least the hash's own cost and at
    most MAX_COST: the time tells neither a cheap hash from a dear one nor either from none that can be compared.
    """
    parsed = parse(stored)
    if parsed is None or parsed.cost > MAX_COST:
        parsed = Parsed(padded_to, b"." * _SALT, b"")
    computed = _compute(parsed, password.encode("utf-8", "surrogateescape"), padded_to)
    return hmac.compare_digest(computed, parsed.hash) and bool(password)


def highest_cost(hashes: Iterable[bytes]) -> int:
    """Return the highest cost in use that is not refused, USUAL_COST without any."""
    costs = (parsed.cost for stored in hashes if (parsed := parse(stored)) and parsed.cost <= MAX_COST)
    return max(costs, default=USUAL_COST)


def _compute(parsed: Parsed, password: bytes, padded_to: int) -> bytes:
    """Return 31 characters of base64, after the rounds of a hash of the cost `padded_to`."""
    last = _ALPHABET[_ALPHABET.index(parsed.salt[-1:]) & 0b110000 : (_ALPHABET.index(parsed.salt[-1:]) & 0b110000) + 1]
    salt = parsed.salt[:-1] + last  # Go ignores the last four bits
    if not _waiting.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        with _places:
            computed = _hashed(password, parsed.cost, salt)
            for cost in range(parsed.cost, padded_to):  # 2^c + 2^c + 2^(c+1) + … + 2^(padded_to - 1) = 2^padded_to
                _hashed(password, cost, salt)
            return computed
    finally:
        _waiting.release()


def _hashed(password: bytes, cost: int, salt: bytes) -> bytes:
    return bcrypt.hashpw(password[:_USED_BYTES] or token_bytes(1), b"$2b$%02d$%s" % (cost, salt))[-_HASH:]
