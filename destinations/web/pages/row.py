"""One row of the overview, for a page that was told that it changed."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from destinations.cluster.port import ClusterError
from destinations.overview import table
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.changes import checks, save
from destinations.web.pages import rows


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
    return HttpResponse(rows.html([(shown, check, may_change)]))
