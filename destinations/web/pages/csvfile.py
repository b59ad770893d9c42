"""The overview as a file for a spreadsheet."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from destinations.cluster.port import ClusterError
from destinations.overview import csvtable
from destinations.overview.filters import Filter
from destinations.web import errors
from destinations.web.pages import selection


@require_safe
def csvfile(request: HttpRequest) -> HttpResponse:
    """Return every row that the overview's filter leaves, in its order."""
    try:
        rows = Filter.read(request.GET).apply(selection.read(request).rows)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    headers = {"Content-Disposition": 'attachment; filename="destinations.csv"'}
    return HttpResponse(csvtable.written(rows), content_type="text/csv; charset=utf-8", headers=headers)
