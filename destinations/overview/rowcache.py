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
class _CachedRow:
    """A row, what it was computed from, and the times between which nothing in it changes by itself."""

    state: _State
    since: datetime
    until: datetime
    row: Row


class RowCache:
    """Keeps the rows of the last call and no others. A row's age is of when it was computed: see `overview.aged`."""

    def __init__(self) -> None:
        self._kept: Mapping[str, _CachedRow] = {}

    def rows(self, snapshot: Snapshot) -> tuple[Row, ...]:
        """Return what `table.rows` returns, but for the ages."""
        old, new = self._kept, {}
        for secret in snapshot.destinations:
            state = _state(secret, snapshot.secrets.get(codec.certs_name(secret)), snapshot.version)
            kept = old.get(secret.name)
            known = kept is not None and kept.state == state and kept.since <= snapshot.now < kept.until
            new[secret.name] = kept if known and kept else _compute(secret, snapshot, state)
        self._kept = new
        return tuple(kept.row for kept in new.values())


def _state(secret: Secret, bundle: Secret | None, version: EpinioVersion | None) -> _State:
    certs = (bundle.uid, bundle.resource_version) if bundle else ("", "")
    return secret.uid, secret.resource_version, *certs, version


def _compute(secret: Secret, snapshot: Snapshot, state: _State) -> _CachedRow:
    now, found = snapshot.now, table.row(trim_for_cache(secret), snapshot)
    bundle = table.bundle_of(secret, snapshot.secrets)
    turns = (*_turns(bundle, now), *_ends_of_tokens(secret, found))
    return _CachedRow(state, now, min(moment for moment in turns if moment > now), found)


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


def _turns(bundle: Iterable[certificates.CertificateSummary], now: datetime) -> Iterator[datetime]:
    """Yield when something in a row may change by itself: at midnight (stated dates), and at a certificate's turns."""
    yield datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    for certificate in bundle:
        yield certificate.not_before
        with suppress(OverflowError):  # before the first year that Python has, or after the last
            yield certificate.not_after - certificates.SOON
            yield certificate.not_after + datetime.resolution


@dataclass(frozen=True, slots=True)
class _CachedAnswer:
    """A row with its answer, what it was computed from, and the times between which nothing in it changes by itself."""

    row: Row
    mark: Hashable
    since: datetime
    until: datetime | None
    answered: Row

    def holds(self, row: Row, mark: Hashable, now: datetime) -> bool:
        is_same = self.row is row and self.mark == mark
        return is_same and self.since <= now and (self.until is None or now < self.until)


class AnswerCache:
    """Keeps the answers of the last call and no others."""

    def __init__(self) -> None:
        self._kept: Mapping[str, _CachedAnswer] = {}
        self._rules: Hashable = None

    def rows(  # noqa: PLR0913 - all that an answer depends on
        self,
        rows: Sequence[Row],
        mark: Callable[[str], Hashable],
        check: Callable[[str], CheckSummary | None],
        now: datetime,
        *,
        fresh: timedelta,
        rules: Hashable,
    ) -> tuple[Row, ...]:
        """Return the rows with their answers.

        `mark` is cheap, and another one for each check of a destination, which `check` reads; `rules` is what else the
        answers depend on.
        """
        old = self._kept if self._rules == (fresh, rules) else {}
        new: dict[str, _CachedAnswer] = {}
        for row in rows:
            name = row.secret.name
            kept, its_mark = old.get(name), mark(name)
            if kept is None or not kept.holds(row, its_mark, now):
                found = check(name)
                until = answer.old_from(found, fresh)
                answered = table.with_check(row, found, now, fresh)
                kept = _CachedAnswer(row, its_mark, now, until if until and until > now else None, answered)
            new[name] = kept
        self._kept, self._rules = new, (fresh, rules)
        return tuple(kept.answered for kept in new.values())
