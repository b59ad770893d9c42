"""Which destinations of the overview are asked for, and in which order; all of it is in the address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from destinations.overview.table import STATUSES, Row

_MAX_TEXT = 200
_RANKS = {kind: rank for rank, (kind, _) in enumerate(STATUSES)}
FIRST = "status"
"""The order of a page that nobody asked for another: what Epinio hides, what fails, then the rest."""
ORDERS = {
    FIRST: "Failing first",
    "-status": "Failing last",
    "name": "Name",
    "-name": "Name, descending",
    "organization": "Organization",
    "-organization": "Organization, descending",
    "team": "Team",
    "-team": "Team, descending",
    "age": "Newest first",
    "-age": "Oldest first",
    "expiry": "Expiring soonest",
    "-expiry": "Expiring last",
}
"""The orders as people choose them. Any of them but for a minus in front is the other way round with one."""
_KEYS: Mapping[str, Callable[[Row], str]] = {
    "name": lambda row: row.name,
    "status": lambda row: str(_RANKS[row.kind]),
    "organization": lambda row: row.organization.casefold(),
    "team": lambda row: row.team,
    "age": lambda row: row.secret.created_at,
    "expiry": lambda row: row.ends_on,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A search text, a status as its CSS word (empty for every one), and an order that exists."""

    text: str = ""
    kind: str = ""
    sort: str = FIRST

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """Return what an address asks for; an order that does not exist is the first."""
        sort = query.get("sort", "")
        return cls(query.get("q", "")[:_MAX_TEXT], query.get("status", ""), sort if _key(sort) in _KEYS else FIRST)

    def __bool__(self) -> bool:
        """Return whether it leaves anything out."""
        return bool(self.text.strip() or self.kind)

    def apply(self, found: Iterable[Row]) -> tuple[Row, ...]:
        """Return the rows that it is about, in its order. Rows come by name, which decides between equal ones."""
        wanted = self.text.strip().casefold()
        chosen = (row for row in found if not self.kind or row.kind == self.kind)
        return self._ordered([row for row in chosen if not wanted or wanted in _searched(row)])

    def _ordered(self, rows: list[Row]) -> tuple[Row, ...]:
        """Return them in order; those without what it goes by come last, whichever way round."""
        key = _KEYS[_key(self.sort)]
        # The newest have the largest time: for an age, rising is falling.
        falling = self.sort.startswith("-") is not (_key(self.sort) == "age")
        keyed = [(key(row), row) for row in rows]
        known = sorted((pair for pair in keyed if pair[0]), key=itemgetter(0), reverse=falling)
        return tuple(row for _, row in known) + tuple(row for found, row in keyed if not found)


def _key(sort: str) -> str:
    return sort.removeprefix("-")


def _searched(row: Row) -> str:
    parts = (row.name, row.url, row.organization, row.team, row.reason, row.description)
    return "\n".join(parts).casefold()
