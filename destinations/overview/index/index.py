"""The rows of the watch with their answers, and the censuses of those who look at them, for all requests together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import RLock

from destinations.access import Authority
from destinations.cluster.known import KnownSecrets
from destinations.model import Secret, Snapshot
from destinations.overview import filters
from destinations.overview.filters import Filter
from destinations.overview.index.census import MOST_PENDING, Census, Selection
from destinations.overview.index.namespace import NamespaceRows
from destinations.overview.index.rowcache import ALWAYS, NEVER, AnswerCache, CachedAnswer, KnownChecks, RowCache
from destinations.overview.index.sight import Sight
from destinations.overview.table import Row

MOST_CENSUSES = 32
"""So many permissions have their counts and orders kept, those that were asked for last."""
MOST_PLACES = 500_000
"""And so many places in their orders altogether: some 4 MB, or all twelve orders of 10,000 destinations four times."""
ChecksOf = Callable[[Snapshot, bool], KnownChecks]
"""Returns what is known of checks of the destinations of a snapshot, for those who see all of a check or not."""


class _Answers:
    """The answers for those who see all of a check, or for those who do not."""

    def __init__(self, rows: NamespaceRows) -> None:
        self._rows = rows
        self.kept: dict[str, CachedAnswer] = {}
        self._lines: Mapping[str, bytes] = {}
        self._recent: Mapping[str, Hashable] = {}
        self._rules: Hashable = None
        self._since, self._until = ALWAYS, NEVER
        self._texts: dict[str, str] = {}

    def text_of(self, row: Row) -> str:
        """Return the text that a search looks at, of a row that is in here."""
        name = row.secret.name
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = filters.searched(row)
        return found

    def follow(self, changed: Collection[str], checks: KnownChecks, now: datetime) -> dict[str, Row | None]:
        """Return the rows that are others now, with None for those that are gone."""
        names = {*changed, *_differences(self._lines, checks.lines), *_differences(self._recent, checks.recent)}
        rules = (checks.fresh, checks.rules)
        if rules != self._rules:
            names |= self._rows.rows.keys()
        if not self._since <= now < self._until:
            names |= {name for name, kept in self.kept.items() if not kept.holds(now)}
            self._since, self._until = ALWAYS, NEVER
            for name, kept in self.kept.items():
                if name not in names:
                    self._bound(kept)
        found: dict[str, Row | None] = {}
        for name in names:
            old, row = self.kept.pop(name, None), self._rows.row(name)
            new = CachedAnswer.of(row, checks, now) if row else None
            if new:
                self.kept[name] = new
                self._bound(new)
            if old or new:
                self._texts.pop(name, None)
                found[name] = new.answered if new else None
        self._lines, self._recent, self._rules = checks.lines, checks.recent, rules
        return found

    def _bound(self, kept: CachedAnswer) -> None:
        self._since, self._until = max(self._since, kept.since), min(self._until, kept.until)


def _differences(old: Mapping[str, Hashable], new: Mapping[str, Hashable]) -> list[str]:
    if old is new:
        return []
    return [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]


@dataclass(frozen=True, slots=True)
class Overview:
    """What someone sees: the snapshot that the selection is of, which may be newer than the one asked for."""

    snapshot: Snapshot
    selection: Selection
    unused: tuple[Secret, ...]
    """Secrets among which are all of the portal's certificate Secrets that nothing names."""


class Index:
    """Follows the watch at each question, by what changed since the last one. Safe for threads."""

    def __init__(self) -> None:
        self._cache = RowCache()
        self._direct = (AnswerCache(), AnswerCache())
        self._lock = RLock()
        self._forget()

    def _forget(self) -> None:
        self._rows = NamespaceRows(self._cache)
        self._answers: dict[bool, _Answers] = {}
        self._censuses: OrderedDict[tuple[bool, Hashable], Census] = OrderedDict()

    def select(
        self,
        snapshot: Snapshot,
        checks_of: ChecksOf,
        authority: Authority,
        asks: Filter,
        among: Collection[str] | None = None,
    ) -> Overview:
        """Return what someone sees as a filter asks: of all destinations, or among some. Raises the port's errors."""
        sees_all = authority.person.is_administrator
        if among is None and isinstance(snapshot.secrets, KnownSecrets):
            return self._watched(snapshot, checks_of, authority, asks)
        rows = self.rows(snapshot, checks_of, sees_all=sees_all)
        chosen = rows if among is None else [row for row in rows if row.name in among]
        census = Census(chosen, Sight("", sees_all=sees_all, authority=authority))
        return Overview(snapshot, census.select(asks), tuple(snapshot.secrets.values()))

    def _watched(self, snapshot: Snapshot, checks_of: ChecksOf, authority: Authority, asks: Filter) -> Overview:
        while True:
            with self._lock:
                self._follow(snapshot, checks_of, sees_all=authority.person.is_administrator)
                teams = self._rows.teams
            sight = Sight.of(authority, teams)  # which asks the cluster: not while others wait
            with self._lock:
                if self._rows.teams is teams and self._rows.secrets is not None and sight.sees_all in self._answers:
                    selection = self._census(sight).select(asks)
                    present = Snapshot(self._rows.secrets, snapshot.now, snapshot.version, snapshot.config_maps)
                    return Overview(present, selection, tuple(self._rows.unused))

    def rows(self, snapshot: Snapshot, checks_of: ChecksOf, *, sees_all: bool) -> tuple[Row, ...]:
        """Return the rows of exactly this snapshot with their answers, by name."""
        if isinstance(snapshot.secrets, KnownSecrets):
            with self._lock:
                answers = self._follow(snapshot, checks_of, sees_all=sees_all)
                if self._rows.secrets is snapshot.secrets:
                    return tuple(answers.kept[name].answered for name in sorted(answers.kept))
        rows = self._cache.rows(snapshot)
        return self._direct[not sees_all].rows(rows, checks_of(snapshot, sees_all), snapshot.now)

    def _follow(self, snapshot: Snapshot, checks_of: ChecksOf, *, sees_all: bool) -> _Answers:
        try:
            changed = self._rows.follow(snapshot)
            secrets = self._rows.secrets if self._rows.secrets is not None else snapshot.secrets
            present = Snapshot(secrets, snapshot.now, snapshot.version, snapshot.config_maps)
            if sees_all not in self._answers:
                self._answers[sees_all] = _Answers(self._rows)
            for whole, answers in self._answers.items():
                rows = answers.follow(changed, checks_of(present, whole), snapshot.now)
                self._tell(rows, sees_all=whole)
        except BaseException:
            self._forget()  # half a step is worse than none
            raise
        return self._answers[sees_all]

    def _tell(self, rows: Mapping[str, Row | None], *, sees_all: bool) -> None:
        if not rows:
            return
        for key, census in list(self._censuses.items()):
            if key[0] == sees_all:
                census.pending.update(rows)
                if len(census.pending) > MOST_PENDING:
                    del self._censuses[key]

    def _census(self, sight: Sight) -> Census:
        key = (sight.sees_all, sight.key)
        if key not in self._censuses:
            answers = self._answers[sight.sees_all]
            rows = (answers.kept[name].answered for name in sorted(answers.kept))
            self._censuses[key] = Census(rows, sight, answers.text_of)
        self._censuses.move_to_end(key)
        while len(self._censuses) > 1 and (len(self._censuses) > MOST_CENSUSES or self._places() > MOST_PLACES):
            self._censuses.popitem(last=False)
        return self._censuses[key]

    def _places(self) -> int:
        return sum(census.places for census in self._censuses.values())
