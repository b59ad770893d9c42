"""The overview: every destination with the verdict."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations import bundles, current
from destinations import overview as table
from destinations.cluster.port import ClusterError
from destinations.livecheck import words
from destinations.rowcache import ROWS
from destinations.views import checks, errors, warnings, writing
from edrportal.signin import asked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


PAGE_ROWS = 50


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show a page of the table, filtered by `q` and `status`; htmx gets the table alone."""
    try:
        found = current.list_secrets() if "after" in request.GET else current.secrets_to_show()
        authority = asked.authority(request)
        notices = warnings.for_administrators(found) if authority.person.is_administrator else ()
    except ClusterError as error:
        return errors.cluster_error(request, error)
    now = datetime.now(UTC)
    everything = ROWS.rows(found, now=now, version=current.epinio_version())
    try:
        rows = [row for row in everything if authority.sees(row.secret)]
        changeable = set() if current.read_only() else {row.name for row in rows if authority.changes(row.secret)}
    except ClusterError as error:
        return errors.cluster_error(request, error)
    text, kind = request.GET.get("q", "")[:200], request.GET.get("status", "")
    counts = Counter(row.kind for row in rows)
    page = Paginator(table.matching(rows, text=text, kind=kind), PAGE_ROWS).get_page(request.GET.get("page"))
    by_name = {secret.name: secret for secret in found}
    try:
        checked = checks.brief(request, [row.secret for row in page.object_list], by_name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    context = {
        "rows": [(row, checked.get(row.name)) for row in table.aged(page.object_list, now)],
        "may_remain": words.MAY_REMAIN,
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
        "total": len(rows),
        "statuses": [(word, label, counts[word]) for word, label in table.STATUSES if counts[word]],
        "notices": table.notices(rows),
        "unused": bundles.unused(found, now) if authority.person.is_administrator else (),
        "warnings": notices,
        "changeable": changeable,
        "may_list": authority.person.may_list,
        "nonce": writing.nonce(),
        "q": text,
        "status": kind,
    }
    partial = request.headers.get("HX-Target") == "table"
    response = render(request, "destinations/_table.html" if partial else "destinations/overview.html", context)
    response.headers["Vary"] = "HX-Target"
    return response
