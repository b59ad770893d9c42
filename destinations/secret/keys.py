"""Keyed digests that outlive a change of the key: the present key makes them, the ones before still recognize them."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

_LENGTH = 40


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The signing key, empty if not set, and the keys before it."""

    present: str = field(default="", repr=False)
    earlier: tuple[str, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.present)

    def digest(self, purpose: str, text: str) -> str:
        """Return the keyed digest of a text for one purpose, in hexadecimal."""
        return next(self.digests(purpose, text))

    def digests(self, purpose: str, text: str) -> Iterator[str]:
        """Yield it by every key, the present one first. Mirrors Django's `salted_hmac`."""
        raw = text.encode("utf-8", "surrogateescape")
        for key in (self.present, *self.earlier):
            salted = sha256(f"edrportal.{purpose}".encode() + key.encode()).digest()
            yield hmac.new(salted, raw, sha256).hexdigest()[:_LENGTH]

    def is_digest(self, digest: str, purpose: str, text: str) -> bool:
        """Return whether it is the keyed digest of a text by any of the keys."""
        same = [hmac.compare_digest(digest.encode(), one.encode()) for one in self.digests(purpose, text)]
        return any(same)
