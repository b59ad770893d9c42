"""Keeps what the provider answered for a while, and its troubles for a moment."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar

from edrportal.signin.oidc.bounds import Deadline
from edrportal.signin.oidc.reasons import SLOW, OidcTrouble, Reason

_T = TypeVar("_T")
_TROUBLE_SECONDS = 5.0
_RENEWAL_SECONDS = 10.0


@dataclass(slots=True)
class _Kept(Generic[_T]):
    """The last answer and the last trouble with their times; the lock is held by whoever asks anew."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    answer: _T | None = None
    answered_at: float = -math.inf
    trouble: Reason | None = None
    troubled_at: float = -math.inf
    renewed_at: float = -math.inf


class Memory(Generic[_T]):
    """Answers by key, safe for threads: one caller asks, and the others wait for what it hears."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, ...], _Kept[_T]] = {}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept = {}

    def get(
        self,
        key: tuple[str, ...],
        ask: Callable[[], _T],
        deadline: Deadline,
        *,
        seconds: float,
        renew: bool = False,
    ) -> _T:
        """Return an answer not older than the seconds; `renew` wants a newer one, and gets it every ten seconds at most.

        Raises OidcTrouble, also for one that came up in the last five seconds.
        """
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
        if not kept.lock.acquire(timeout=deadline.left):
            raise OidcTrouble(*SLOW)
        try:
            now = monotonic()
            if kept.trouble and now - kept.troubled_at < _TROUBLE_SECONDS:
                raise OidcTrouble(*kept.trouble)
            if renew and now - kept.renewed_at >= _RENEWAL_SECONDS:
                kept.renewed_at = now
            elif kept.answer is not None and now - kept.answered_at < seconds:
                return kept.answer
            return _asked(kept, ask)
        finally:
            kept.lock.release()


def _asked(kept: _Kept[_T], ask: Callable[[], _T]) -> _T:
    kept.trouble = None
    try:
        answer = ask()
    except OidcTrouble as trouble:
        kept.trouble, kept.troubled_at = trouble.reason, monotonic()
        raise
    kept.answer, kept.answered_at = answer, monotonic()
    return answer
