"""The overview's rows, computed once for each state of a destination and its certificate Secret."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from destinations import names
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.overview import answer, table
from destinations.overview.answer import CheckSummary
from destinations.overview.table import Row
from destinations.secret import codec
from destinations.secret.trim import trim_for_cache
from destinations.verdict import certificates, tokens

_State = tuple[str, str, str, str, "EpinioVersion | None"]


@dataclass(frozen=True, slots=True)
class CachedRow:
    """A row, what it was computed from, and the times between which nothing in it changes by itself."""

    state: _State
    since: datetime
    until: datetime
    row: Row

    def holds(self, now: datetime) -> bool:
        return self.since <= now < self.until


class RowCache:
    """Rows computed once for each state. A row's age is of when it was computed: see `table.aged`.

    It keeps those of the last call and no others, beside those that `followed` has.
    """

    def __init__(self) -> None:
        self._kept: Mapping[str, CachedRow] = {}
        self.followed: Sequence[Mapping[str, CachedRow]] = ()

    def rows(self, snapshot: Snapshot) -> tuple[Row, ...]:
        """Return what `table.rows` returns, but for the ages."""
        self._kept = {secret.name: self.cached(secret, snapshot) for secret in snapshot.destinations}
        return tuple(kept.row for kept in self._kept.values())

    def cached(self, secret: Secret, snapshot: Snapshot) -> CachedRow:
        """Return the row of a destination, computed now only where it is not there."""
        state = _state(secret, snapshot.secrets.get(codec.certs_name(secret)), snapshot.version)
        for rows in (*self.followed, self._kept):
            kept = rows.get(secret.name)
            if kept is not None and kept.state == state and kept.holds(snapshot.now):
                return kept
        return _compute(secret, snapshot, state)


def _state(secret: Secret, bundle: Secret | None, version: EpinioVersion | None) -> _State:
    certs = (bundle.uid, bundle.resource_version) if bundle else ("", "")
    return secret.uid, secret.resource_version, *certs, version


def _compute(secret: Secret, snapshot: Snapshot, state: _State) -> CachedRow:
    now, found = snapshot.now, table.row(trim_for_cache(secret) if secret.manifest else secret, snapshot)
    bundle = table.bundle_of(secret, snapshot.secrets)
    turns = [*_turns(secret, bundle, now), *_ends_of_tokens(secret, found)]
    since = max((moment for moment in turns if moment <= now), default=ALWAYS)
    return CachedRow(state, since, min((moment for moment in turns if moment > now), default=NEVER), found)


ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _ends_of_tokens(secret: Secret, found: Row) -> Iterator[datetime]:
    """Yield when a token expires: by itself, and by how long it was stored."""
    if rotated := tokens.moment(secret.annotations.get(names.ROTATED_AT_ANNOTATION, "")):
        with suppress(OverflowError):
            yield from (rotated + lifetime + datetime.resolution for lifetime in tokens.LIFETIMES)
    for target in (found.judgement.login, found.judgement.image):
        end = tokens.stated_end(target.password) if target else None
        if end:
            yield end
            with suppress(OverflowError):
                yield end - tokens.SOON


def _turns(secret: Secret, bundle: Iterable[certificates.CertificateSummary], now: datetime) -> Iterator[datetime]:
    """Yield when something in a row may change by itself: at midnight (a stated date), and at a certificate's turns."""
    if secret.annotations.get(names.EXPIRY_ANNOTATION):
        today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        yield today
        with suppress(OverflowError):
            yield today + timedelta(days=1)
    for certificate in bundle:
        yield certificate.not_before
        with suppress(OverflowError):  # before the first year that Python has, or after the last
            yield certificate.not_after - certificates.SOON
            yield certificate.not_after + datetime.resolution


@dataclass(frozen=True, slots=True)
class KnownChecks:
    """What is known of live checks: the lines kept for everyone, and what this process remembers, both by destination.

    `summary` reads the check of a destination that still fits it, for those who see all of a check or not. `fresh` and
    `rules` are what else an answer depends on.
    """

    lines: Mapping[str, bytes]
    recent: Mapping[str, Hashable]
    summary: Callable[[str], CheckSummary | None]
    fresh: timedelta
    rules: Hashable

    def mark(self, name: str) -> Hashable:
        """Return what is cheap to compare, and another one for each check of a destination."""
        return self.lines.get(name), self.recent.get(name)


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A row with its answer, what it was computed from, and the times between which nothing in it changes by itself."""

    row: Row
    mark: Hashable
    since: datetime
    until: datetime
    answered: Row

    @classmethod
    def of(cls, row: Row, checks: KnownChecks, now: datetime) -> CachedAnswer:
        mark, found = checks.mark(row.secret.name), checks.summary(row.secret.name)
        turns = [*answer.turns(found, checks.fresh)] if found else []
        since = max((moment for moment in turns if moment <= now), default=ALWAYS)
        until = min((moment for moment in turns if moment > now), default=NEVER)
        return cls(row, mark, since, until, table.with_check(row, found, now, checks.fresh))

    def holds(self, now: datetime) -> bool:
        return self.since <= now < self.until


class AnswerCache:
    """Keeps the answers of the last call and no others."""

    def __init__(self) -> None:
        self._kept: Mapping[str, CachedAnswer] = {}
        self._rules: Hashable = None

    def rows(self, rows: Iterable[Row], checks: KnownChecks, now: datetime) -> tuple[Row, ...]:
        """Return the rows with their answers."""
        rules = (checks.fresh, checks.rules)
        old = self._kept if self._rules == rules else {}
        new: dict[str, CachedAnswer] = {}
        for row in rows:
            name = row.secret.name
            kept = old.get(name)
            is_same = kept is not None and kept.row is row and kept.mark == checks.mark(name) and kept.holds(now)
            new[name] = kept if kept and is_same else CachedAnswer.of(row, checks, now)
        self._kept, self._rules = new, rules
        return tuple(kept.answered for kept in new.values())
