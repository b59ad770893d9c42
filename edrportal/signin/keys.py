"""Keyed hashes that outlive a change of the key: the current one makes them, the ones before still recognise them."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.utils.crypto import salted_hmac


def digest(purpose: str, text: str) -> str:
    """Return the keyed hash of a text for one purpose, in hexadecimal."""
    return next(digests(purpose, text))


def digests(purpose: str, text: str) -> Iterator[str]:
    """Yield it by every key, the current one first."""
    raw = text.encode("utf-8", "surrogateescape")
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(f"edrportal.{purpose}", raw, secret=key, algorithm="sha256").hexdigest()[:40]


def is_digest(found: str, purpose: str, text: str) -> bool:
    """Say whether `found` is the keyed hash of a text by any of the keys."""
    same = [hmac.compare_digest(found.encode(), one.encode()) for one in digests(purpose, text)]
    return any(same)
