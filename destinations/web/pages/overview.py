"""What the overview and its file show: the rows that exist for whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from destinations.actions import bundles
from destinations.cluster.port import ClusterError
from destinations.livecheck import explanations
from destinations.livecheck.presentation import Shown
from destinations.model import Secret
from destinations.overview import filters, table
from destinations.overview import rows as csvtable
from destinations.overview.filters import Filter
from destinations.overview.rowcache import ROWS
from destinations.overview.table import Row
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import check, save
from destinations.web.changes import check as checks
from edrportal.signin import warnings


@dataclass(frozen=True, slots=True)
class Selection:
    """The Secrets of the namespace, and the rows of the destinations among them that whoever asks may see, by name."""

    found: Sequence[Secret]
    rows: list[Row]
    now: datetime


def read_selection(request: HttpRequest) -> Selection:
    """Return them, from the watch unless something was just written. Raises the port's errors."""
    found = current.list_secrets() if "after" in request.GET else current.secrets_to_show()
    authority, now = asked.authority(request), datetime.now(UTC)
    everything = ROWS.rows(found, now=now, version=current.epinio_version())
    return Selection(found, [row for row in everything if authority.sees(row.secret)], now)


_KEPT = 2000
"""Forty pages of fifty rows; a change by somebody is asked for by every open page at once."""


def rows_html(rows: Iterable[tuple[Row, Shown | None, bool]]) -> Iterator[str]:
    """Yield each row with its last check, and whether whoever asks may change it, as safe HTML."""
    home, read_only = reverse("overview"), current.read_only()
    return (_row(row, check, may_change, home, read_only) for row, check, may_change in rows)


@lru_cache(maxsize=_KEPT)
def _row(row: Row, check: Shown | None, may_change: bool, home: str, read_only: str) -> str:  # noqa: FBT001 - a key
    """Return what depends on nothing but these: no person, no token, no clock."""
    context = {"row": row, "check": check, "may_change": may_change, "home": home, "read_only": read_only}
    return render_to_string("destinations/_row.html", context)


@require_safe
def row(request: HttpRequest, name: str) -> HttpResponse:
    """Return the row as the overview shows it, from the watch."""
    try:
        secret, found = save.find_to_see(request, name, among=current.secrets_to_show())
        may_change = asked.authority(request).changes(secret) and not current.read_only()
        check = checks.brief(request, [secret], found).get(name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    shown = table.row(secret, found, now=datetime.now(UTC), version=current.epinio_version())
    return HttpResponse(rows_html([(shown, check, may_change)]))


@require_safe
def csvfile(request: HttpRequest) -> HttpResponse:
    """Return every row that the overview's filter leaves, in its order."""
    try:
        rows = Filter.read(request.GET).apply(read_selection(request).rows)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    headers = {"Content-Disposition": 'attachment; filename="destinations.csv"'}
    return HttpResponse(csvtable.written(rows), content_type="text/csv; charset=utf-8", headers=headers)


PAGE_ROWS = 50


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show a page of the table, as `q`, `status` and `sort` ask; htmx gets the table alone."""
    try:
        context = _context(request, read_selection(request))
    except ClusterError as error:
        return errors.cluster_error(request, error)
    partial = request.headers.get("HX-Target") == "table"
    response = render(request, "destinations/_table.html" if partial else "destinations/overview.html", context)
    response.headers["Vary"] = "HX-Target"
    return response


def _context(request: HttpRequest, seen: Selection) -> dict[str, Any]:
    asks, authority = Filter.read(request.GET), asked.authority(request)
    administers = authority.person.is_administrator
    chosen = asks.apply(seen.rows)
    page = Paginator(chosen, PAGE_ROWS).get_page(request.GET.get("page"))
    checked = check.brief(
        request, [row.secret for row in page.object_list], {secret.name: secret for secret in seen.found}
    )
    shown_rows = table.aged(page.object_list, seen.now)
    changeable = set() if current.read_only() else {row.name for row in seen.rows if authority.changes(row.secret)}
    counts = Counter(row.kind for row in seen.rows)
    return {
        "rows": list(rows_html((row, checked.get(row.name), row.name in changeable) for row in shown_rows)),
        "first": _first(seen.rows) if not asks and page.number == 1 else None,
        "may_remain": explanations.MAY_REMAIN,
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
        "total": len(seen.rows),
        "works": counts["accepted"] + counts["at-risk"],
        "statuses": [(word, label, counts[word]) for word, label in table.STATUSES],
        "notices": table.notices(seen.rows),
        "unused": bundles.unused(seen.found, seen.now) if administers else (),
        "warnings": warnings.for_administrators(seen.found) if administers else (),
        "changeable": changeable,
        "may_list": authority.person.may_list,
        "nonce": save.nonce(),
        "q": asks.text,
        "status": asks.kind,
        "sort": asks.sort,
        "orders": filters.ORDERS,
    }


def _first(rows: list[Row]) -> Row | None:
    """Return the destination to begin with: the first that nobody can use by what Epinio says, None where all work."""
    return next((row for kind in ("hidden", "fails") for row in rows if row.kind == kind), None)
