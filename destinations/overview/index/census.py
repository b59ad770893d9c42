"""The rows of one permission: counted, and in each order that someone asked for, kept by what changed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from destinations.overview import filters, table
from destinations.overview.answer import BROKEN
from destinations.overview.filters import FIRST, Filter
from destinations.overview.index.sight import Sight
from destinations.overview.table import Row
from destinations.secret import codec

MOST_PENDING = 200
"""After more changes than this between two questions, everything is sorted again."""
_FOUND = 8
"""The answers to so many last questions are kept until something changes."""
_NAME = "name"


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that a filter leaves, in its order, and what there is to say of all rows that someone sees.

    `every` counts those of `rows` that they may change, `changeable` all of these; `counts` are by answer. `first` is the
    one to begin with: the first that is known to be broken, None for none.
    """

    rows: tuple[Row, ...]
    every: int
    total: int
    changeable: int
    counts: Mapping[str, int]
    notices: tuple[str, ...]
    first: Row | None


def _name_of(row: Row) -> str:
    return row.name


class Census:
    """Not safe for threads: see `Index`."""

    def __init__(self, rows: Iterable[Row], sight: Sight, text_of: Callable[[Row], str] = filters.searched) -> None:
        """Take the rows that the sight sees; they come by name."""
        self._sight = sight.authority
        self._text_of = text_of
        self._counts, self._bundles = Counter[str](), Counter[bool]()
        self._accounts, self._hosts, self._shared = Counter[tuple[str, str]](), Counter[str](), set[str]()
        self._changeable = set[str]()
        self._orders = {_NAME: [row for row in rows if self._sight.sees(row.secret)]}
        self._found: dict[Filter, tuple[tuple[Row, ...], int]] = {}
        self.pending: dict[str, Row | None] = {}
        """The rows that changed and are not in here yet, by name; None for one that is gone."""
        for row in self._orders[_NAME]:
            self._count(row, 1)

    @property
    def places(self) -> int:
        """How many places in orders it holds in memory."""
        return len(self._orders[_NAME]) * len(self._orders)

    def select(self, asks: Filter) -> Selection:
        self._catch_up()
        rows, every = self._chosen(asks)
        begin = self._order(FIRST)[:1]
        return Selection(
            rows=rows,
            every=every,
            total=len(self._orders[_NAME]),
            changeable=len(self._changeable),
            counts=Counter(self._counts),
            notices=table.notices(is_mixed=len(+self._bundles) > 1, shared=self._shared),
            first=begin[0] if begin and begin[0].answer.kind in BROKEN else None,
        )

    def _chosen(self, asks: Filter) -> tuple[tuple[Row, ...], int]:
        found = self._found.pop(asks, None)
        if found is None:
            order = self._order(asks.sort)
            rows = tuple(asks.matching(order, self._text_of) if asks else order)
            every = sum(row.name in self._changeable for row in rows) if asks else len(self._changeable)
            found = rows, every
        self._found[asks] = found  # the last one is the one asked for last
        while len(self._found) > _FOUND:
            del self._found[next(iter(self._found))]
        return found

    def _order(self, sort: str) -> list[Row]:
        if sort not in self._orders:
            self._orders[sort] = filters.ordered(self._orders[_NAME], sort)
        return self._orders[sort]

    def _catch_up(self) -> None:
        if not self.pending:
            return
        self._found.clear()
        places = {sort: filters.place(sort) for sort in self._orders}
        for name, new in self.pending.items():
            rows = self._orders[_NAME]
            at = bisect_left(rows, name, key=_name_of)
            if at < len(rows) and rows[at].name == name:
                old = rows[at]
                self._count(old, -1)
                for sort, order in self._orders.items():
                    del order[bisect_left(order, places[sort](old), key=places[sort])]
            if new is not None and self._sight.sees(new.secret):
                self._count(new, 1)
                for sort, order in self._orders.items():
                    order.insert(bisect_left(order, places[sort](new), key=places[sort]), new)
        self.pending.clear()

    def _count(self, row: Row, by: int) -> None:
        self._counts[row.answer.kind] += by
        self._bundles[bool(codec.certs_name(row.secret))] += by
        if by < 0:
            self._changeable.discard(row.name)
        elif self._sight.changes(row.secret):
            self._changeable.add(row.name)
        if account := table.account(row):
            self._count_account(account, by)

    def _count_account(self, account: tuple[str, str], by: int) -> None:
        host, before = account[0], self._accounts[account]
        self._accounts[account] += by
        if not before:
            self._hosts[host] += 1
        elif not self._accounts[account]:
            del self._accounts[account]
            self._hosts[host] -= 1
        (self._shared.add if self._hosts[host] > 1 else self._shared.discard)(host)
        if not self._hosts[host]:
            del self._hosts[host]
