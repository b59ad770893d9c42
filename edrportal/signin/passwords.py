"""The comparison of a password with a bcrypt hash, as Go does it (golang.org/x/crypto/bcrypt), within limits.

Go reads the hash by position: `$`, the major version (at most `2`), perhaps a minor one, two digits of cost, 22
characters of salt and 31 of the hash; whatever follows is not compared. It has no limit on the password's length and
uses the first 72 bytes, which the Python library leaves to its caller.
"""

from __future__ import annotations

import hmac
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from secrets import token_bytes
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import bcrypt

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    """A hash in its parts; the two texts never show."""

    cost: int
    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)


def parse(stored: bytes) -> Parsed | None:
    """Return the parts of a hash, None for one that Go cannot read."""
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


def matches(stored: bytes, password: str, *, usual_cost: int = USUAL_COST) -> bool:
    """Say whether the password is the one of the hash; costs one bcrypt whatever is stored, at least about so.

    `usual_cost` is spent where there is no hash that can be compared. An empty password never matches. Raises
    TooManyAtOnce.
    """
    parsed = parse(stored)
    if parsed is None or parsed.cost > MAX_COST:
        parsed = Parsed(usual_cost, b"." * _SALT, b"")
    computed = _compute(parsed, password.encode("utf-8", "surrogateescape"))
    return hmac.compare_digest(computed, parsed.hash) and bool(password)


def modal_cost(hashes: Iterable[bytes]) -> int:
    """Return the cost that most hashes have, so that an unknown user takes as long as a known one."""
    costs = Counter(parsed.cost for one in hashes if (parsed := parse(one)) and parsed.cost <= MAX_COST)
    return costs.most_common(1)[0][0] if costs else USUAL_COST


def _compute(parsed: Parsed, password: bytes) -> bytes:
    """Return the 31 characters for a password."""
    last = _ALPHABET[_ALPHABET.index(parsed.salt[-1:]) & 0b110000 : (_ALPHABET.index(parsed.salt[-1:]) & 0b110000) + 1]
    salt = b"$2b$%02d$%s" % (parsed.cost, parsed.salt[:-1] + last)  # Go ignores the last four bits
    if not _waiting.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        return _hashed(password, salt)
    finally:
        _waiting.release()


def _hashed(password: bytes, salt: bytes) -> bytes:
    """Run bcrypt, which lets other threads go on; at most as often at once as there are processors."""
    with _places:
        return bcrypt.hashpw(password[:_USED_BYTES] or token_bytes(1), salt)[-_HASH:]
