"""The overview: every destination with the verdict, what is broken first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations.actions import bundles
from destinations.cluster.port import ClusterError
from destinations.livecheck import explanations
from destinations.overview import filters, table
from destinations.overview.filters import Filter
from destinations.overview.table import Row
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import checks, save
from destinations.web.pages import rows, selection
from destinations.web.pages.selection import Shown
from edrportal.signin import warnings

PAGE_ROWS = 50


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show a page of the table, as `q`, `status` and `sort` ask; htmx gets the table alone."""
    try:
        context = _context(request, selection.read(request))
    except ClusterError as error:
        return errors.cluster_error(request, error)
    partial = request.headers.get("HX-Target") == "table"
    response = render(request, "destinations/_table.html" if partial else "destinations/overview.html", context)
    response.headers["Vary"] = "HX-Target"
    return response


def _context(request: HttpRequest, seen: Shown) -> dict[str, Any]:
    asks, authority = Filter.read(request.GET), asked.authority(request)
    administers = authority.person.is_administrator
    chosen = asks.apply(seen.rows)
    page = Paginator(chosen, PAGE_ROWS).get_page(request.GET.get("page"))
    checked = checks.brief(
        request, [row.secret for row in page.object_list], {secret.name: secret for secret in seen.found}
    )
    shown_rows = table.aged(page.object_list, seen.now)
    changeable = set() if current.read_only() else {row.name for row in seen.rows if authority.changes(row.secret)}
    counts = Counter(row.kind for row in seen.rows)
    return {
        "rows": list(rows.html((row, checked.get(row.name), row.name in changeable) for row in shown_rows)),
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
