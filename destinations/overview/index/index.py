"""The rows of the watch with their answers, and the censuses of those who look at them, for all requests together."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import RLock

from destinations.access import Authority
from destinations.cluster.known import REMEMBERED_SECONDS, Journal, KnownSecrets
from destinations.model import Secret, Snapshot
from destinations.overview.filters import Filter
from destinations.overview.index.census import Census, Selection
from destinations.overview.index.follower import ChecksOf, Follower
from destinations.overview.index.rowcache import AnswerCache, RowCache
from destinations.overview.index.sight import Sight
from destinations.overview.table import Row

_MOST_FOLLOWERS = 2
"""That of the watch, and that of the lists while the watch is not enough; neither without a question for long."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What someone sees: the snapshot that the selection is of, which may be newer than the one asked for."""

    snapshot: Snapshot
    selection: Selection
    unused: tuple[Secret, ...]
    """Secrets among which are all of the portal's certificate Secrets that nothing names."""


class Index:
    """Follows watch and lists at each question, by what changed since the last one. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cache = RowCache()
        self._direct = (AnswerCache(), AnswerCache())
        self._lock = RLock()
        self._followers: OrderedDict[Journal, Follower] = OrderedDict()

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
            return self._known(snapshot, snapshot.secrets, checks_of, authority, asks)
        rows = self.rows(snapshot, checks_of, sees_all=sees_all)
        chosen = rows if among is None else [row for row in rows if row.name in among]
        census = Census(chosen, Sight("", sees_all=sees_all, authority=authority))
        return Overview(snapshot, census.select(asks), tuple(snapshot.secrets.values()))

    def _known(
        self, snapshot: Snapshot, secrets: KnownSecrets, checks_of: ChecksOf, authority: Authority, asks: Filter
    ) -> Overview:
        sees_all = authority.person.is_administrator
        while True:
            with self._lock:
                follower = self._follow(snapshot, secrets, checks_of, sees_all=sees_all)
                teams = follower.rows.teams
            sight = Sight.of(authority, teams)  # which asks the cluster: not while others wait
            with self._lock:
                is_same = self._followers.get(secrets.journal) is follower and follower.rows.teams is teams
                if is_same and follower.rows.secrets is not None:
                    selection = follower.census(sight).select(asks)
                    present = Snapshot(follower.rows.secrets, snapshot.now, snapshot.version, snapshot.config_maps)
                    return Overview(present, selection, tuple(follower.rows.unused))

    def rows(self, snapshot: Snapshot, checks_of: ChecksOf, *, sees_all: bool) -> tuple[Row, ...]:
        """Return the rows of exactly this snapshot with their answers, by name."""
        if isinstance(snapshot.secrets, KnownSecrets):
            with self._lock:
                follower = self._follow(snapshot, snapshot.secrets, checks_of, sees_all=sees_all)
                if follower.rows.secrets is snapshot.secrets:
                    return follower.answered(sees_all=sees_all)
        rows = self._cache.rows(snapshot)
        return self._direct[not sees_all].rows(rows, checks_of(snapshot, sees_all), snapshot.now)

    def _follow(self, snapshot: Snapshot, secrets: KnownSecrets, checks_of: ChecksOf, *, sees_all: bool) -> Follower:
        follower = self._followers.pop(secrets.journal, None) or Follower(self._cache)  # half a step is worse than none
        follower.follow(snapshot, checks_of, sees_all=sees_all)
        self._followers[secrets.journal] = follower
        follower.asked_at = self._clock()
        for journal, other in list(self._followers.items())[:-1]:
            if len(self._followers) > _MOST_FOLLOWERS or follower.asked_at - other.asked_at > REMEMBERED_SECONDS:
                del self._followers[journal]
        self._cache.followed = [one.rows.rows for one in self._followers.values()]
        return follower
