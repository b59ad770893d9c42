"""Which destinations of the overview are asked for, and in which order; all of it is in the address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from destinations.overview.table import Row

_MAX_TEXT = 200
FIRST = "status"
"""The order of a page that nobody asked for another: by the answer, what is broken first, equal causes together."""
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
    "status": lambda row: row.answer.cause,
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
        return tuple(ordered(self.matching(found, searched), self.sort))

    def matching(self, found: Iterable[Row], text_of: Callable[[Row], str]) -> list[Row]:
        """Return the rows that it leaves, in the order in which they come; `text_of` returns what `searched` does."""
        wanted = self.text.strip().casefold()
        chosen = (
            row
            for row in found
            if (not self.kind or row.kind == self.kind) and (not self.answer or row.answer.kind == self.answer)
        )
        return [row for row in chosen if not wanted or wanted in text_of(row)]


def ordered(rows: Iterable[Row], sort: str) -> list[Row]:
    """Return rows, which come by name, in order; those without what it goes by come last, whichever way round."""
    key, falling = _KEYS[_key(sort)], _is_falling(sort)
    keyed = [(key(row), row) for row in rows]
    known = sorted((pair for pair in keyed if pair[0]), key=itemgetter(0), reverse=falling)
    return [row for _, row in known] + [row for found, row in keyed if not found]


class _Falling:
    """A text that is less than another where it is the larger one."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and self.text == other.text

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: _Falling) -> bool:
        return self.text > other.text


def place(sort: str) -> Callable[[Row], tuple[bool, str | _Falling, str]]:
    """Return what rows compare by to be as `ordered` puts them, no two alike."""
    key, falling = _KEYS[_key(sort)], _is_falling(sort)

    def placed(row: Row) -> tuple[bool, str | _Falling, str]:
        text = key(row)
        return not text, _Falling(text) if falling and text else text, row.name

    return placed


def _is_falling(sort: str) -> bool:
    """Return whether the largest comes first. The newest have the largest time: for an age, rising is falling."""
    return sort.startswith("-") is not (_key(sort) == "age")


def _key(sort: str) -> str:
    return sort.removeprefix("-")


def searched(row: Row) -> str:
    """Return the text that a search looks at."""
    answered = row.answer.reason
    parts = (row.name, row.url, row.organization, row.team, row.reason, answered, row.description)
    return "\n".join(parts).casefold()
