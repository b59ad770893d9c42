"""The rows of what one watch knows, or of one list after the other, with their answers and their censuses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime

from destinations.model import Snapshot
from destinations.overview import filters
from destinations.overview.index.census import MOST_PENDING, Census
from destinations.overview.index.namespace import NamespaceRows
from destinations.overview.index.rowcache import ALWAYS, NEVER, CachedAnswer, KnownChecks, RowCache
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


class Follower:
    """Follows what is known by what changed from question to question. Not safe for threads: see `Index`."""

    def __init__(self, cache: RowCache) -> None:
        self.rows = NamespaceRows(cache)
        self.asked_at = 0.0
        """When someone asked last, by the clock of the index."""
        self._answers: dict[bool, _Answers] = {}
        self._censuses: OrderedDict[tuple[bool, Hashable], Census] = OrderedDict()

    def follow(self, snapshot: Snapshot, checks_of: ChecksOf, *, sees_all: bool) -> None:
        """Be at least as new as a snapshot."""
        changed = self.rows.follow(snapshot)
        secrets = self.rows.secrets if self.rows.secrets is not None else snapshot.secrets
        present = Snapshot(secrets, snapshot.now, snapshot.version, snapshot.config_maps)
        if sees_all not in self._answers:
            self._answers[sees_all] = _Answers(self.rows)
        for whole, answers in self._answers.items():
            rows = answers.follow(changed, checks_of(present, whole), snapshot.now)
            self._tell(rows, sees_all=whole)

    def answered(self, *, sees_all: bool) -> tuple[Row, ...]:
        """Return all rows with their answers, by name."""
        kept = self._answers[sees_all].kept
        return tuple(kept[name].answered for name in sorted(kept))

    def _tell(self, rows: Mapping[str, Row | None], *, sees_all: bool) -> None:
        if not rows:
            return
        for key, census in list(self._censuses.items()):
            if key[0] == sees_all:
                census.pending.update(rows)
                if len(census.pending) > MOST_PENDING:
                    del self._censuses[key]

    def census(self, sight: Sight) -> Census:
        """Return the census of what someone sees, kept for the next who sees the same."""
        key = (sight.sees_all, sight.key)
        if key not in self._censuses:
            text_of = self._answers[sight.sees_all].text_of
            self._censuses[key] = Census(self.answered(sees_all=sight.sees_all), sight, text_of)
        self._censuses.move_to_end(key)
        while len(self._censuses) > 1 and (len(self._censuses) > MOST_CENSUSES or self._places() > MOST_PLACES):
            self._censuses.popitem(last=False)
        return self._censuses[key]

    def _places(self) -> int:
        return sum(census.places for census in self._censuses.values())
