"""Which destinations of the overview are asked for, and in which order; all of it is in the address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from destinations.overview.answer import RANKS
from destinations.overview.table import Row

_MAX_TEXT = 200
FIRST = "status"
"""The order of a page that nobody asked for another: by the answer, what is broken first."""
ORDERS = {
    FIRST: "Broken first",
    "-status": "Broken last",
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
    "status": lambda row: str(RANKS[row.answer.kind]),
    "organization": lambda row: row.organization.casefold(),
    "team": lambda row: row.team,
    "age": lambda row: row.secret.created_at,
    "expiry": lambda row: row.ends_on,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A search text, an answer as its word, the verdict's as its CSS word (empty for every one), and an order that exists."""

    text: str = ""
    kind: str = ""
    sort: str = FIRST
    answer: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """Return what an address asks for; an order that does not exist is the first."""
        sort = query.get("sort", "")
        return cls(query.get("q", "")[:_MAX_TEXT], query.get("status", ""), sort if _key(sort) in _KEYS else FIRST,
                   query.get("answer", ""))  # fmt: skip

    def __bool__(self) -> bool:
        """Return whether it leaves anything out."""
        return bool(self.text.strip() or self.kind or self.answer)

    def apply(self, found: Iterable[Row]) -> tuple[Row, ...]:
        """Return the rows that it is about, in its order. Rows come by name, which decides between equal ones."""
        wanted = self.text.strip().casefold()
        chosen = (
            row
            for row in found
            if (not self.kind or row.kind == self.kind) and (not self.answer or row.answer.kind == self.answer)
        )
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
    answered = row.answer.reason
    parts = (row.name, row.url, row.organization, row.team, row.reason, answered, row.description)
    return "\n".join(parts).casefold()
