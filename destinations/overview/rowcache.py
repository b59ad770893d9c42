"""The overview's rows, computed once for each state of a destination and its certificate secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from destinations.model import Secret
from destinations.overview import table
from destinations.overview.table import Row
from destinations.secret import codec
from destinations.secret.trim import trim_for_cache
from destinations.verdict import certificates
from destinations.verdict.version import EpinioVersion

_State = tuple[str, str, str, str, "EpinioVersion | None"]
_INSTANT = datetime.resolution


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row, what it was computed from, and the times between which nothing in it changes by itself."""

    state: _State
    since: datetime
    until: datetime
    row: Row


class RowCache:
    """Keeps the rows of the last call and no others. A row's age is of when it was computed: see `overview.aged`."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept: Mapping[str, _Kept] = {}

    def rows(self, found: Iterable[Secret], *, now: datetime, version: EpinioVersion | None) -> tuple[Row, ...]:
        """Return what `overview.rows` returns, but for the ages."""
        by_name = {secret.name: secret for secret in found}
        old = self._kept
        new = {}
        for name in sorted(by_name):
            secret = by_name[name]
            if not codec.is_destination(secret):
                continue
            state = _state(secret, by_name.get(codec.certs_name(secret)), version)
            kept = old.get(name)
            known = kept is not None and kept.state == state and kept.since <= now < kept.until
            new[name] = kept if known and kept else _compute(secret, by_name, state, now)
        self._kept = new
        return tuple(kept.row for kept in new.values())


ROWS = RowCache()
"""The rows of this process's destinations, for every page that shows them."""


def _state(secret: Secret, bundle: Secret | None, version: EpinioVersion | None) -> _State:
    certs = (bundle.uid, bundle.resource_version) if bundle else ("", "")
    return secret.uid, secret.resource_version, *certs, version


def _compute(secret: Secret, by_name: Mapping[str, Secret], state: _State, now: datetime) -> _Kept:
    found = table.row(trim_for_cache(secret), by_name, now=now, version=state[-1])
    bundle = table.bundle_of(secret, by_name)
    return _Kept(state, now, min(moment for moment in _turns(bundle, now) if moment > now), found)


def _turns(bundle: Iterable[certificates.Certificate], now: datetime) -> Iterator[datetime]:
    """Yield when something in a row may change by itself: at midnight (stated dates), and at a certificate's turns."""
    yield datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    for certificate in bundle:
        yield certificate.not_before
        with suppress(OverflowError):  # before the first year that Python has, or after the last
            yield certificate.not_after - certificates.SOON
            yield certificate.not_after + _INSTANT
