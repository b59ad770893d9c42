"""The report of a case for the ticket, as a file."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from destinations.cluster.port import ClusterError
from destinations.model import UserError
from destinations.web import errors
from destinations.web.leak.case import read
from destinations.web.leak.document import as_markdown, build
from destinations.web.request import PortalRequest


@require_POST
def report(request: PortalRequest) -> HttpResponse:
    """Return the report as a file, with the state and the history that the destinations have now."""
    try:
        built = build(read(request.POST.get("state", "")), request.reads.direct)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    except UserError as error:
        return errors.page(request, error.status, error.message, error.fix)
    as_json = request.POST.get("format") == "json"
    text = json.dumps(built, indent=1, ensure_ascii=True) + "\n" if as_json else as_markdown(built)
    kind, name = ("application/json", "leak.json") if as_json else ("text/markdown; charset=utf-8", "leak.md")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type=kind, headers=headers)
