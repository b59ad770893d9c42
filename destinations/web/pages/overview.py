"""What the overview and its file show: the rows that exist for the person who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from destinations import permissions
from destinations.actions import bundles
from destinations.cluster.port import ClusterError
from destinations.livecheck.presentation import Shown
from destinations.model import Secret
from destinations.overview import answer, filters, table
from destinations.overview import rows as csvtable
from destinations.overview.filters import Filter
from destinations.overview.index.index import Overview
from destinations.overview.table import Row
from destinations.secret import docker_config
from destinations.secret.mask import masked_key
from destinations.web import errors
from destinations.web.changes import check, save
from destinations.web.pages import same
from destinations.web.request import PortalRequest


def read_overview(request: PortalRequest) -> Overview:
    """Return what the person who asks sees, from the watch unless something was just written. Raises the port's errors."""
    snapshot = request.reads.fresh if "after" in request.GET else request.snapshot
    name = request.GET.get("same", "")
    among = same.group(request, name) if name else None
    return request.portal.select(snapshot, request.authority, Filter.read(request.GET), among)


_KEPT = 2000
"""Forty pages of fifty rows; a change by someone is asked for by every open page at once."""


def rows_html(rows: Iterable[tuple[Row, Shown | None, bool]], read_only: str) -> Iterator[str]:
    """Yield each row with its last check, and whether the person who asks may change it, as safe HTML."""
    home = reverse("overview")
    return (_row(row, check, may_change, home, read_only) for row, check, may_change in rows)


@lru_cache(maxsize=_KEPT)
def _row(row: Row, check: Shown | None, may_change: bool, home: str, read_only: str) -> str:  # noqa: FBT001 - a key
    """Return what depends on nothing but these: no person, no token, no clock."""
    context = {"row": row, "check": check, "may_change": may_change, "home": home, "read_only": read_only}
    return render_to_string("destinations/_row.html", context)


@require_safe
def row(request: PortalRequest, name: str) -> HttpResponse:
    """Return the row as the overview shows it, from the watch."""
    try:
        snapshot, read_only = request.snapshot, _read_only(request)
        secret = save.find_to_see(request, name, snapshot)
        may_change = request.authority.changes(secret) and not read_only
        last = check.brief(request, [secret], snapshot).get(name)
        answered = request.portal.answered_row(secret, snapshot, sees_all=request.principal.is_administrator)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    return HttpResponse(rows_html([(answered, last, may_change)], read_only))


def _read_only(request: PortalRequest) -> str:
    """Return why nobody changes anything here, empty where they may."""
    return permissions.READ_ONLY if request.portal.is_read_only else ""


@require_safe
def csvfile(request: PortalRequest) -> HttpResponse:
    """Return every row that the overview's filter leaves, in its order; with `accounts` the stored user names, too."""
    try:
        rows = read_overview(request).selection.rows
    except ClusterError as error:
        return errors.cluster_error(request, error)
    headers = {"Content-Disposition": 'attachment; filename="destinations.csv"'}

    def username(row: Row) -> str:
        stored = docker_config.stored_credentials(row.secret) if request.authority.changes(row.secret) else None
        return masked_key(stored.username) if stored else ""

    text = csvtable.written(rows, username if "accounts" in request.GET else None)
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


PAGE_ROWS = 50


@require_safe
def overview(request: PortalRequest) -> HttpResponse:
    """Show a page of the table, as `q`, `answer`, `status` and `sort` ask; htmx gets the table alone."""
    return _shown(request)


def matching(request: PortalRequest) -> list[Secret]:
    """Return those of all pages of the overview that the person who asks may change, read now. Raises the port's errors."""
    request.GET = QueryDict(f"{save.shown_query(request)}&after=write")
    rows = read_overview(request).selection.rows
    return [row.secret for row in rows if request.authority.changes(row.secret)]


def refuse(request: PortalRequest, message: str) -> HttpResponse:
    """Show the overview that a form was sent from, with why nothing was done."""
    request.GET = QueryDict(save.shown_query(request))
    messages.error(request, message)
    return _shown(request, 422)


def _shown(request: PortalRequest, status: int = 200) -> HttpResponse:
    try:
        context = _context(request, read_overview(request))
    except ClusterError as error:
        return errors.cluster_error(request, error)
    partial = request.headers.get("HX-Target") == "table"
    template = "destinations/_table.html" if partial else "destinations/overview.html"
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Target"
    return response


def _age_of_old_check(row: Row, now: datetime) -> str:
    """Return how old the check is that the answer rests on, empty where its age is no reason to doubt it."""
    check = row.answer.check
    return table.ago(check.at, now) if check and row.answer.is_old else ""


def _context(request: PortalRequest, seen: Overview) -> dict[str, Any]:
    asks, authority, found = Filter.read(request.GET), request.authority, seen.selection
    administers, now = authority.person.is_administrator, seen.snapshot.now
    page = Paginator(found.rows, PAGE_ROWS).get_page(request.GET.get("page"))
    checked = check.brief(request, [row.secret for row in page.object_list], seen.snapshot)
    read_only, first = _read_only(request), found.first if not asks and page.number == 1 else None
    shown = (
        (row, checked.get(row.name), not read_only and authority.changes(row.secret))
        for row in table.aged(page.object_list, now)
    )
    return {
        "rows": list(rows_html(shown, read_only)),
        "first": first,
        "first_checked": _age_of_old_check(first, now) if first else "",
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
        "total": found.total,
        "usable": sum(found.counts[word] for word in answer.USABLE),
        "works": found.counts["works"],
        "statuses": [(word, label, found.counts[word], answer.MEANINGS[word]) for word, label in answer.STATUSES],
        "notices": found.notices,
        "unused": bundles.unused(seen.unused, now) if administers else (),
        "warnings": request.portal.notices(request.reads) if administers else (),
        "changeable": bool(found.changeable) and not read_only,
        "every": 0 if read_only else found.every,
        "may_list": authority.person.may_list,
        "nonce": save.nonce(),
        "q": asks.text,
        "status": asks.kind,
        "answer": asks.answer,
        "sort": asks.sort,
        "same": request.GET.get("same", "") if found.total else "",
        "orders": filters.ORDERS,
    }
